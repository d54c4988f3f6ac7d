import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '../../meta/field-error.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { checkDepth } from './field-trail.ts'
import { cloneJson, isJsonObject, ownField } from './json-value.ts'
import { pruneUnknownFields } from './prune-unknown-fields.ts'
import { patternProblem } from './schema-pattern.ts'
import { compileStructuralSchema, isIntOrString } from './structural-schema.ts'
import { validateSchema } from './validate-schema.ts'

/**
 * Whether the schema of a CRD is structural: its shape is told outside of anyOf, oneOf, allOf and not, which only
 * restrict values. `field` is where the schema is. Errors in upstream's words and order; empty for a structural schema.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function validateStructuralSchema(schema: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = []
  validateShape(schema, 'root', field, 0, errors)
  validateCompleteness(schema, schema, field, field, errors)
  return errors.sort((a, b) => (textOf(a) < textOf(b) ? -1 : Number(textOf(a) > textOf(b))))
}

/** Whether every default is valid by its own schema and has no unknown fields. The schema must be structural. */
export function validateSchemaDefaults(schema: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const { node } = compileStructuralSchema(schema)
  // The root is an object like any other: a default for it would have to say what it is.
  validateDefaults(schema, { ...node, embeddedResource: true }, field, errors)
  return errors
}

function textOf({ field, message }: FieldError): string {
  return `${field}: ${message}`
}

type Level = 'root' | 'item' | 'field'

/** Nothing, or the schema in a field. */
function child(schema: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = schema && ownField(schema, name)
  return isJsonObject(value) ? value : undefined
}

function entriesOf(schema: JsonObject, name: string): [string, JsonObject][] {
  const value = child(schema, name)
  if (!value) return []
  return Object.entries(value).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
}

function listOf(schema: JsonObject, name: string): JsonObject[] {
  const value = ownField(schema, name)
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function text(schema: JsonObject, name: string): string {
  const value = ownField(schema, name)
  return typeof value === 'string' ? value : ''
}

function isSet(schema: JsonObject, name: string): boolean {
  return ownField(schema, name) === true
}

function has(schema: JsonObject, name: string): boolean {
  const value = ownField(schema, name)
  return value !== undefined && value !== null
}

const embedded = 'x-kubernetes-embedded-resource'
const preserve = 'x-kubernetes-preserve-unknown-fields'
const intOrString = 'x-kubernetes-int-or-string'

function validateShape(schema: JsonObject, level: Level, field: string, depth: number, errors: FieldError[]): void {
  checkDepth(depth)
  const items = child(schema, 'items')
  if (text(schema, 'type') === 'array' && !items) errors.push(fieldRequired(`${field}.items`, 'must be specified'))
  if (items) validateShape(items, 'item', `${field}.items`, depth + 1, errors)
  for (const [name, property] of entriesOf(schema, 'properties')) {
    validateShape(property, 'field', `${field}.properties[${name}]`, depth + 2, errors)
  }
  validateAdditional(schema, level, field, depth, errors)
  validateExtensions(schema, field, errors)
  validateValues(schema, field, depth, errors, {
    skipAnyOf: isIntOrString(ownField(schema, 'anyOf')),
    skipFirstAllOf: isIntOrString(ownField(listOf(schema, 'allOf')[0] ?? {}, 'anyOf')),
  })
  validateType(schema, level, field, errors)
  if (level === 'root' || isSet(schema, embedded)) validateTypeMeta(schema, field, errors)
  const metadata = child(child(schema, 'properties'), 'metadata')
  if (metadata) validateMetadata(metadata, schema, level, `${field}.properties[metadata]`, errors)
  if (isSet(schema, embedded) && !isSet(schema, preserve) && entriesOf(schema, 'properties').length === 0) {
    const detail = `must not be empty if ${embedded} is true without ${preserve}`
    errors.push(fieldRequired(`${field}.properties`, detail))
  }
}

function validateAdditional(
  schema: JsonObject,
  level: Level,
  field: string,
  depth: number,
  errors: FieldError[],
): void {
  if (!has(schema, 'additionalProperties')) return
  const path = `${field}.additionalProperties`
  if (level === 'root') errors.push(fieldForbidden(path, 'must not be used at the root'))
  const additional = child(schema, 'additionalProperties')
  if (additional) validateShape(additional, 'field', path, depth + 1, errors)
  if (isSet(schema, embedded)) errors.push(fieldForbidden(path, `must not be used if ${embedded} is set`))
}

function validateExtensions(schema: JsonObject, field: string, errors: FieldError[]): void {
  if (!isSet(schema, intOrString)) return
  for (const name of [preserve, embedded]) {
    if (!isSet(schema, name)) continue
    errors.push(fieldInvalid(`${field}.${name}`, true, `must be false if ${intOrString} is true`))
  }
}

const emptyAt: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function validateType(schema: JsonObject, level: Level, field: string, errors: FieldError[]): void {
  const type = text(schema, 'type')
  const path = `${field}.type`
  if (isSet(schema, embedded) && type !== 'object') {
    const detail = `must be object if ${embedded} is true`
    errors.push(type === '' ? fieldRequired(path, detail) : fieldInvalid(path, type, detail))
  } else if (type === '' && !isSet(schema, intOrString) && !isSet(schema, preserve)) {
    errors.push(fieldRequired(path, emptyAt[level]))
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.push(fieldInvalid(path, type, 'must be object at the root'))
  }
}

function validateTypeMeta(schema: JsonObject, field: string, errors: FieldError[]): void {
  const properties = child(schema, 'properties')
  for (const name of ['kind', 'apiVersion']) {
    const property = child(properties, name)
    if (!property || text(property, 'type') === 'string') continue
    errors.push(fieldInvalid(`${field}.properties[${name}].type`, text(property, 'type'), 'must be string'))
  }
}

/** At the root, metadata may only say more about the name. */
function validateMetadata(
  metadata: JsonObject,
  parent: JsonObject,
  level: Level,
  field: string,
  errors: FieldError[],
): void {
  const type = text(metadata, 'type')
  if ((level === 'root' || isSet(parent, embedded)) && type !== 'object') {
    errors.push(fieldInvalid(`${field}.type`, type, 'must be object'))
  }
  if (level !== 'root' || isNameOnly(metadata)) return
  const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
  errors.push(fieldForbidden(field, detail))
}

function isNameOnly(metadata: JsonObject): boolean {
  const known = entriesOf(metadata, 'properties').every(([name]) => name === 'name' || name === 'generateName')
  return known && Object.keys(metadata).every((name) => ['type', 'properties', 'default'].includes(name))
}

interface Skipped {
  /** The anyOf that says again what x-kubernetes-int-or-string says. */
  readonly skipAnyOf?: boolean
  /** The same one in the first element of allOf. */
  readonly skipFirstAllOf?: boolean
}

function validateValues(
  schema: JsonObject,
  field: string,
  depth: number,
  errors: FieldError[],
  { skipAnyOf = false, skipFirstAllOf = false }: Skipped,
): void {
  if (!skipAnyOf) {
    listOf(schema, 'anyOf').forEach((one, index) => validateNested(one, `${field}.anyOf[${index}]`, depth + 1, errors))
  }
  listOf(schema, 'allOf').forEach((one, index) => {
    const skipAnyOf = skipFirstAllOf && index === 0
    validateNested(one, `${field}.allOf[${index}]`, depth + 1, errors, { skipAnyOf })
  })
  listOf(schema, 'oneOf').forEach((one, index) => validateNested(one, `${field}.oneOf[${index}]`, depth + 1, errors))
  const not = child(schema, 'not')
  if (not) validateNested(not, `${field}.not`, depth + 1, errors)
  const pattern = text(schema, 'pattern')
  const problem = pattern === '' ? undefined : patternProblem(pattern)
  if (problem === undefined) return
  const detail = `must be a valid regular expression, but isn't: ${problem}`
  errors.push(fieldInvalid(`${field}.pattern`, pattern, detail))
}

/** What must not stand within a combination, and what upstream says it must be. */
const forbiddenTexts: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
]
const forbiddenFlags: readonly string[] = ['nullable', preserve, embedded, intOrString]
const forbiddenLists: readonly string[] = ['x-kubernetes-list-map-keys', 'x-kubernetes-validations']

function validateNested(
  schema: JsonObject,
  field: string,
  depth: number,
  errors: FieldError[],
  skipped: Skipped = {},
): void {
  checkDepth(depth)
  validateValues(schema, field, depth, errors, skipped)
  const items = child(schema, 'items')
  if (items) validateNested(items, `${field}.items`, depth + 1, errors)
  for (const [name, property] of entriesOf(schema, 'properties')) {
    validateNested(property, `${field}.properties[${name}]`, depth + 2, errors)
    if (name !== 'metadata') continue
    errors.push(fieldForbidden(`${field}.properties[metadata]`, 'must not be specified in a nested context'))
  }
  for (const [name, detail] of forbiddenTexts) {
    if (text(schema, name) !== '') errors.push(fieldForbidden(`${field}.${name}`, detail))
  }
  if (has(schema, 'default')) errors.push(fieldForbidden(`${field}.default`, 'must be undefined to be structural'))
  const additional = ownField(schema, 'additionalProperties')
  if (isJsonObject(additional) || additional === true) {
    errors.push(fieldForbidden(`${field}.additionalProperties`, 'must be undefined to be structural'))
  }
  for (const name of forbiddenFlags) {
    if (isSet(schema, name)) errors.push(fieldForbidden(`${field}.${name}`, 'must be false to be structural'))
  }
  for (const name of forbiddenLists) {
    const value = ownField(schema, name)
    if (!Array.isArray(value) || value.length === 0) continue
    errors.push(fieldForbidden(`${field}.${name}`, 'must be empty to be structural'))
  }
}

/** What a combination restricts must exist in the structure. */
function validateCompleteness(
  values: JsonObject,
  structure: JsonObject | undefined,
  structureField: string,
  field: string,
  errors: FieldError[],
): void {
  const check = (nested: JsonObject, path: string) =>
    validateNestedFields(nested, structure, structureField, path, errors)
  const not = child(values, 'not')
  if (not) check(not, `${field}.not`)
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    listOf(values, name).forEach((nested, index) => check(nested, `${field}.${name}[${index}]`))
  }
}

function validateNestedFields(
  values: JsonObject,
  structure: JsonObject | undefined,
  structureField: string,
  field: string,
  errors: FieldError[],
): void {
  if (!structure) {
    errors.push(fieldRequired(structureField, `because it is defined in ${field}`))
    return
  }
  validateCompleteness(values, structure, structureField, field, errors)
  const items = child(values, 'items')
  if (items) {
    validateNestedFields(items, child(structure, 'items'), `${structureField}.items`, `${field}.items`, errors)
  }
  for (const [name, property] of entriesOf(values, 'properties')) {
    const step = `.properties[${name}]`
    const known = child(child(structure, 'properties'), name)
    validateNestedFields(property, known, structureField + step, field + step, errors)
  }
}

function validateDefaults(schema: JsonObject, node: SchemaNode, field: string, errors: FieldError[]): void {
  const value = ownField(schema, 'default')
  if (value !== undefined && value !== null) errors.push(...validateDefault(value as Json, node, `${field}.default`))
  const items = child(schema, 'items')
  if (items && node.items) validateDefaults(items, node.items, `${field}.items`, errors)
  for (const [name, property] of entriesOf(schema, 'properties')) {
    const known = node.properties?.get(name)
    if (known) validateDefaults(property, known, `${field}.properties[${name}]`, errors)
  }
}

function validateDefault(value: Json, node: SchemaNode, field: string): readonly FieldError[] {
  const pruned = cloneJson(value)
  const unknown = isJsonObject(pruned) || Array.isArray(pruned) ? pruneUnknownFields(pruned, node) : []
  const errors = unknown.length > 0 ? [fieldInvalid(field, value, 'must not have unknown fields')] : []
  return [...errors, ...validateSchema(value, node, { path: field })]
}
