import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  type FieldError,
} from '../../meta/field-error.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { checkDepth } from '../schema/field-trail.ts'
import { isJsonObject, ownField } from '../schema/json-value.ts'
import { findFieldPath } from './schema-field-path.ts'

/**
 * What the schema of a CRD may say, beyond being structural. Facts of k8s.io/apiextensions-apiserver
 * pkg/apis/apiextensions/validation, in its words and order. CEL rules are checked for form only.
 */
export function validateSchemaRules(schema: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = []
  walk(schema, field, { isRoot: true, insideMeta: false, depth: 0 }, errors)
  return errors
}

interface Context {
  readonly isRoot: boolean
  /** Within apiVersion, kind or metadata of the object or an embedded one. */
  readonly insideMeta: boolean
  /** Why there must be no defaults; undefined where they may be. */
  readonly noDefaults?: string
  readonly depth: number
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const metaFields = new Set(['metadata', 'kind', 'apiVersion'])

function walk(schema: JsonObject, field: string, context: Context, errors: FieldError[]): void {
  checkDepth(context.depth)
  validateKeywords(schema, field, context, errors)
  const inner: Context = { ...context, isRoot: false, depth: context.depth + 1 }
  const into = (value: unknown, path: string, innerContext: Context = inner) => {
    if (isJsonObject(value)) walk(value, path, innerContext, errors)
  }
  validateAdditional(schema, field, errors)
  const additional = ownField(schema, 'additionalProperties')
  const noDefaults = 'inside additionalProperties applying to object metadata'
  into(additional, `${field}.additionalProperties`, context.insideMeta ? { ...inner, noDefaults } : inner)
  const isObject = context.isRoot || ownField(schema, 'x-kubernetes-embedded-resource') === true
  for (const [name, property] of entriesOf(ownField(schema, 'properties'))) {
    const isMeta = isObject && metaFields.has(name)
    const meta: Context = isMeta ? { ...inner, insideMeta: true } : inner
    into(
      property,
      `${field}.properties[${name}]`,
      isMeta && context.isRoot ? { ...meta, noDefaults: `in top-level ${name}` } : meta,
    )
  }
  into(ownField(schema, 'not'), `${field}.not`)
  for (const name of ['allOf', 'oneOf', 'anyOf']) {
    listOf(schema, name).forEach((one, index) => into(one, `${field}.${name}[${index}]`))
  }
  for (const [name, one] of entriesOf(ownField(schema, 'definitions'))) into(one, `${field}.definitions[${name}]`)
  const items = ownField(schema, 'items')
  if (Array.isArray(items)) items.forEach((item, index) => into(item, `${field}.items[${index}]`))
  else into(items, `${field}.items`)
  for (const [name, one] of entriesOf(ownField(schema, 'dependencies'))) into(one, `${field}.dependencies[${name}]`)
  validateExtensions(schema, field, errors)
  validateListKeys(schema, field, errors)
  validateRules(schema, field, errors)
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : []
}

function listOf(schema: JsonObject, name: string): readonly Json[] {
  const value = ownField(schema, name)
  return Array.isArray(value) ? (value as Json[]) : []
}

function text(schema: JsonObject, name: string): string {
  const value = ownField(schema, name)
  return typeof value === 'string' ? value : ''
}

function has(schema: JsonObject, name: string): boolean {
  const value = ownField(schema, name)
  return value !== undefined && value !== null
}

function isEmpty(value: unknown): boolean {
  return !isJsonObject(value) || Object.keys(value).length === 0
}

function validateKeywords(schema: JsonObject, field: string, context: Context, errors: FieldError[]): void {
  const type = text(schema, 'type')
  const forbid = (name: string, detail = `${name} is not supported`) =>
    errors.push(fieldForbidden(`${field}.${name}`, detail))
  if (type !== '' && !types.includes(type)) errors.push(fieldNotSupported(`${field}.type`, type, types))
  if (has(schema, 'default') && context.noDefaults !== undefined)
    forbid('default', `must not be set ${context.noDefaults}`)
  if (text(schema, 'id') !== '') forbid('id')
  if (has(schema, 'additionalItems')) forbid('additionalItems')
  for (const name of ['patternProperties', 'definitions']) if (!isEmpty(ownField(schema, name))) forbid(name)
  for (const name of ['dependencies', '$ref']) if (has(schema, name)) forbid(name)
  if (type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative')
  if (listOf(schema, 'items').length > 0) forbid('items', 'items must be a schema object and not an array')
  if (context.insideMeta && ownField(schema, 'x-kubernetes-embedded-resource') === true) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  }
  if (ownField(schema, 'uniqueItems') === true) {
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')
  }
}

function validateAdditional(schema: JsonObject, field: string, errors: FieldError[]): void {
  if (!has(schema, 'additionalProperties') || isEmpty(ownField(schema, 'properties'))) return
  if (ownField(schema, 'additionalProperties') === true) return
  const detail = 'additionalProperties and properties are mutual exclusive'
  errors.push(fieldForbidden(`${field}.additionalProperties`, detail))
}

function validateExtensions(schema: JsonObject, field: string, errors: FieldError[]): void {
  const preserve = 'x-kubernetes-preserve-unknown-fields'
  if (ownField(schema, preserve) === false) {
    errors.push(fieldInvalid(`${field}.${preserve}`, false, 'must be true or undefined'))
  }
  const mapType = 'x-kubernetes-map-type'
  requireType(schema, 'object', mapType, field, errors)
  requireValue(schema, mapType, ['atomic', 'granular'], field, errors)
  const listType = 'x-kubernetes-list-type'
  const items = ownField(schema, 'items')
  if (has(schema, listType) && text(schema, 'type') !== 'array') requireType(schema, 'array', listType, field, errors)
  else if (text(schema, listType) === 'set' && isJsonObject(items)) validateSetItems(items, field, errors)
  requireValue(schema, listType, ['atomic', 'set', 'map'], field, errors)
}

function requireType(schema: JsonObject, wanted: string, extension: string, field: string, errors: FieldError[]): void {
  const type = text(schema, 'type')
  if (!has(schema, extension) || type === wanted) return
  const detail = `must be ${wanted} if ${extension} is specified`
  errors.push(type === '' ? fieldRequired(`${field}.type`, detail) : fieldInvalid(`${field}.type`, type, detail))
}

function requireValue(schema: JsonObject, name: string, values: string[], field: string, errors: FieldError[]): void {
  const value = text(schema, name)
  if (!has(schema, name) || values.includes(value)) return
  errors.push(fieldNotSupported(`${field}.${name}`, value, values))
}

/** Items of a set are compared as a whole. */
function validateSetItems(items: JsonObject, field: string, errors: FieldError[]): void {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = ownField(items, 'x-kubernetes-list-type') ?? null
  if (text(items, 'type') === 'array' && listType !== null && listType !== 'atomic') {
    errors.push(fieldInvalid(`${field}.items.x-kubernetes-list-type`, listType, detail))
  }
  if (text(items, 'type') === 'object' && ownField(items, 'x-kubernetes-map-type') !== 'atomic') {
    errors.push(fieldInvalid(`${field}.items.x-kubernetes-map-type`, listType, detail))
  }
}

function validateListKeys(schema: JsonObject, field: string, errors: FieldError[]): void {
  const listType = text(schema, 'x-kubernetes-list-type')
  const keys = listOf(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string')
  const items = ownField(schema, 'items')
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const path = `${field}.x-kubernetes-list-type`
    errors.push(
      has(schema, 'x-kubernetes-list-type') ? fieldInvalid(path, listType, detail) : fieldRequired(path, detail),
    )
  }
  if (listType === 'map') validateMapKeys(keys, items, field, errors)
  if ((listType === 'map' || listType === 'set') && isJsonObject(items)) {
    validateItems(listType, listType === 'map' ? keys : [], items, field, errors)
  }
}

function validateMapKeys(keys: readonly string[], items: unknown, field: string, errors: FieldError[]): void {
  const path = `${field}.x-kubernetes-list-map-keys`
  if (keys.length === 0) errors.push(fieldRequired(path, 'must not be empty if x-kubernetes-list-type is map'))
  if (items === undefined) {
    errors.push(fieldRequired(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'))
  }
  if (!isJsonObject(items)) return
  if (text(items, 'type') !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(fieldInvalid(`${field}.items.type`, text(items, 'type'), detail))
    return
  }
  const seen = new Set<unknown>()
  for (const key of keys) {
    const property = ownProperty(items, key)
    if (!property) errors.push(fieldInvalid(path, keys, 'entries must all be names of item properties'))
    else if (['array', 'object'].includes(text(property, 'type'))) {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(fieldInvalid(`${field}.items.properties[${key}].type`, text(items, 'type'), detail))
    }
    if (seen.has(key)) errors.push(fieldInvalid(path, keys, 'must not contain duplicate entries'))
    seen.add(key)
  }
}

function ownProperty(items: JsonObject, key: string): JsonObject | undefined {
  const properties = ownField(items, 'properties')
  const property = isJsonObject(properties) ? ownField(properties, key) : undefined
  return isJsonObject(property) ? property : undefined
}

/** Items and their keys must be there to be told apart. */
function validateItems(
  listType: string,
  keys: readonly string[],
  items: JsonObject,
  field: string,
  errors: FieldError[],
): void {
  if (ownField(items, 'nullable') === true) {
    errors.push(
      fieldForbidden(`${field}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    )
  }
  const required = listOf(items, 'required')
  const because = 'this property is in x-kubernetes-list-map-keys, so it'
  for (const key of keys) {
    const property = ownProperty(items, key)
    if (!property) continue
    const path = `${field}.items.properties[${key}]`
    if (!required.includes(key) && !has(property, 'default')) {
      errors.push(fieldRequired(`${path}.default`, `${because} must have a default or be a required property`))
    }
    if (ownField(property, 'nullable') === true) {
      errors.push(fieldForbidden(`${path}.nullable`, `${because} cannot be nullable`))
    }
  }
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

function validateRules(schema: JsonObject, field: string, errors: FieldError[]): void {
  listOf(schema, 'x-kubernetes-validations').forEach((rule, index) => {
    if (isJsonObject(rule)) validateRule(rule, schema, `${field}.x-kubernetes-validations[${index}]`, errors)
  })
}

function validateRule(rule: JsonObject, schema: JsonObject, field: string, errors: FieldError[]): void {
  const message = text(rule, 'message')
  const expression = text(rule, 'rule').trim()
  if (expression === '') errors.push(fieldRequired(`${field}.rule`, 'rule is not specified'))
  else if (message !== '' && message.trim() === '') {
    errors.push(fieldInvalid(`${field}.message`, message, 'must be non-empty if specified'))
  } else if (hasLineBreaks(message.trim())) {
    errors.push(fieldInvalid(`${field}.message`, message, 'must not contain line breaks'))
  } else if (hasLineBreaks(expression) && message.trim() === '') {
    errors.push(fieldRequired(`${field}.message`, 'message must be specified if rule contains line breaks'))
  }
  const messageExpression = text(rule, 'messageExpression')
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(fieldRequired(`${field}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (has(rule, 'reason') && !reasons.includes(text(rule, 'reason'))) {
    errors.push(fieldNotSupported(`${field}.reason`, text(rule, 'reason'), reasons))
  }
  validateFieldPath(text(rule, 'fieldPath'), schema, `${field}.fieldPath`, errors)
}

function validateFieldPath(path: string, schema: JsonObject, field: string, errors: FieldError[]): void {
  if (path === '') return
  if (path.trim() === '') errors.push(fieldInvalid(field, path, 'must be non-empty if specified'))
  if (hasLineBreaks(path)) errors.push(fieldInvalid(field, path, 'must not contain line breaks'))
  if ('problem' in findFieldPath(path, schema, true)) errors.push(fieldInvalid(field, path, 'must be a valid path'))
}

function hasLineBreaks(value: string): boolean {
  return /[\n\r]/.test(value)
}
