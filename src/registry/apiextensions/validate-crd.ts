import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooMany,
  type FieldError,
} from '../../meta/field-error.ts'
import { checkDns1035Label, checkDns1123Subdomain } from '../../meta/names.ts'
import { immutableMessage } from '../../meta/object-meta-validation.ts'
import type { JsonObject } from '../../meta/object.ts'
import { equalJson, ownField } from '../schema/json-value.ts'
import { validateSchemaDefaults, validateStructuralSchema } from '../schema/structural-validation.ts'
import { validateApiApproval } from './api-approval.ts'
import type { CrdColumn, CrdNames, CrdObject, CrdScale, CrdSpec, CrdVersion } from './crd-object.ts'
import { isEstablished } from './crd-object.ts'
import { findFieldPath } from './schema-field-path.ts'
import { someNode } from './schema-nodes.ts'
import { validateConversion } from './validate-conversion.ts'
import { validateSchemaRules } from './validate-schema-rules.ts'

/**
 * Everything that is wrong with a CRD but its metadata. Facts of k8s.io/apiextensions-apiserver
 * pkg/apis/apiextensions/validation, in its words and order: what all versions have alike is reported once, below
 * `spec.validation`, `spec.subresources` and so on, as upstream's internal form has it.
 */
export function validateCrd(crd: CrdObject, previous: CrdObject | undefined): readonly FieldError[] {
  const { metadata, spec } = crd
  const errors: FieldError[] = []
  if (!previous && metadata.name !== `${spec.names.plural}.${spec.group}`) {
    errors.push(fieldInvalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'))
  }
  errors.push(...validateSpec(spec, previous?.spec))
  if (previous) errors.push(...validateImmutable(spec, previous))
  return [
    ...errors,
    ...validateStoredVersions(crd),
    ...validateApiApproval(crd, previous),
    ...validatePreserveUnknownFields(spec, previous?.spec),
  ]
}

function validateSpec(spec: CrdSpec, previous: CrdSpec | undefined): readonly FieldError[] {
  const shared = sharedParts(spec.versions)
  return [
    ...validateGroup(spec.group),
    ...validateScope(spec.scope),
    ...validateSchemaPresence(spec.versions, shared),
    ...spec.versions.flatMap((version, index) => validateVersion(version, index, shared, previous)),
    ...validateVersionSet(spec.versions, shared),
    ...validateRequiredNames(spec.names),
    ...validateNames(spec.names),
    ...validateShared(spec.versions, shared, previous),
    ...validateConversion(spec.conversion, 'spec.conversion'),
  ]
}

/** Which parts all versions have alike. */
interface Shared {
  readonly schema: boolean
  readonly subresources: boolean
  readonly additionalPrinterColumns: boolean
  readonly selectableFields: boolean
}

function sharedParts(versions: readonly CrdVersion[]): Shared {
  const [first] = versions
  const alike = (part: keyof Shared) =>
    versions.every((version) => equalJson(version[part] ?? null, first?.[part] ?? null))
  return {
    schema: alike('schema'),
    subresources: alike('subresources'),
    additionalPrinterColumns: alike('additionalPrinterColumns'),
    selectableFields: alike('selectableFields'),
  }
}

function validateGroup(group: string): readonly FieldError[] {
  if (group === '') return [fieldRequired('spec.group')]
  const messages = checkDns1123Subdomain(group)
  if (messages.length > 0) return [fieldInvalid('spec.group', group, messages.join(','))]
  return group.includes('.') ? [] : [fieldInvalid('spec.group', group, 'should be a domain with at least one dot')]
}

function validateScope(scope: string): readonly FieldError[] {
  if (scope === '') return [fieldRequired('spec.scope')]
  const scopes = ['Cluster', 'Namespaced']
  return scopes.includes(scope) ? [] : [fieldNotSupported('spec.scope', scope, scopes)]
}

function validateSchemaPresence(versions: readonly CrdVersion[], shared: Shared): readonly FieldError[] {
  if (shared.schema && versions[0]?.schema?.openAPIV3Schema) return []
  return versions.flatMap(({ schema }, index) =>
    schema?.openAPIV3Schema ? [] : [fieldRequired(`spec.versions[${index}].schema.openAPIV3Schema`)],
  )
}

// One version

function validateVersion(
  version: CrdVersion,
  index: number,
  shared: Shared,
  previous: CrdSpec | undefined,
): readonly FieldError[] {
  const field = `spec.versions[${index}]`
  const errors: FieldError[] = []
  const messages = checkDns1035Label(version.name)
  if (messages.length > 0) errors.push(fieldInvalid(`${field}.name`, version.name, messages.join(',')))
  for (const problem of deprecationProblems(version)) {
    errors.push(fieldInvalid(`${field}.deprecationWarning`, version.deprecationWarning, problem))
  }
  const own = (part: keyof Shared, validate: () => readonly FieldError[]) => (shared[part] ? [] : validate())
  return [
    ...errors,
    ...own('schema', () => validateVersionSchema(version, `${field}.schema`, previous)),
    ...own('subresources', () => validateScale(version.subresources?.scale, `${field}.subresources`)),
    ...own('additionalPrinterColumns', () => validateColumns(version, `${field}.additionalPrinterColumns`)),
    ...own('selectableFields', () => validateSelectableFields(version, `${field}.selectableFields`)),
  ]
}

function validateShared(
  versions: readonly CrdVersion[],
  shared: Shared,
  previous: CrdSpec | undefined,
): readonly FieldError[] {
  const [first] = versions
  if (!first) return []
  // With the status subresource in any version, the shared schema must be fit for it.
  const withStatus = versions.find(({ subresources }) => subresources?.status) ?? first
  return [
    ...(shared.schema
      ? validateVersionSchema({ ...withStatus, schema: first.schema ?? {} }, 'spec.validation', previous)
      : []),
    ...(shared.subresources ? validateScale(first.subresources?.scale, 'spec.subresources') : []),
    ...(shared.additionalPrinterColumns ? validateColumns(first, 'spec.additionalPrinterColumns') : []),
    ...(shared.selectableFields ? validateSelectableFields(first, 'spec.selectableFields') : []),
  ]
}

function deprecationProblems({ deprecated, deprecationWarning }: CrdVersion): readonly string[] {
  if (deprecationWarning === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (Buffer.byteLength(deprecationWarning) > 256) problems.push('must be <= 256 characters long')
  if (deprecationWarning === '') problems.push('must not be an empty string')
  const index = deprecationWarning.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
  if (index >= 0) {
    const position = Buffer.byteLength(deprecationWarning.slice(0, index))
    const detail = `non-printable character found at index ${position}`
    problems.push(`must only contain printable UTF-8 characters; ${detail}`)
  }
  return problems
}

/** What may stand at the root of a schema when `status` is judged by its part of it. */
const rootKeywords =
  'description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems multipleOf required items properties externalDocs example x-kubernetes-preserve-unknown-fields x-kubernetes-validations'.split(
    ' ',
  )
/** The same as Go prints the names of its fields. */
const rootKeywordsText = `[${rootKeywords.map(toGoName).join(' ')}]`

function toGoName(keyword: string): string {
  return keyword.replace('x-kubernetes-', 'x-').replace(/(?:^|-)[a-z]/g, (letter) => letter.slice(-1).toUpperCase())
}

function validateVersionSchema(
  version: CrdVersion,
  field: string,
  previous: CrdSpec | undefined,
): readonly FieldError[] {
  const schema = version.schema?.openAPIV3Schema
  if (!schema || isKnown(schema, previous)) return []
  const path = `${field}.openAPIV3Schema`
  const errors: FieldError[] = []
  if (version.subresources?.status) errors.push(...validateRoot(schema, path))
  if (ownField(schema, 'nullable') === true) {
    errors.push(fieldForbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  }
  const rules = validateSchemaRules(schema, path)
  // What has no structural form at all is reported by the rules alone.
  if (someNode(schema, hasNoStructure)) return [...errors, ...rules]
  const structural = validateStructuralSchema(schema, path)
  const defaults = structural.length > 0 ? [] : validateSchemaDefaults(schema, path)
  return [...errors, ...structural, ...defaults, ...rules]
}

function hasNoStructure(schema: JsonObject): boolean {
  if (unstructured.some((name) => !isZero(ownField(schema, name)))) return true
  return Array.isArray(ownField(schema, 'items')) || ownField(schema, 'x-kubernetes-preserve-unknown-fields') === false
}

const unstructured = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions']

/** An unchanged schema was judged when it came. */
function isKnown(schema: JsonObject, previous: CrdSpec | undefined): boolean {
  return previous?.versions.some((version) => equalJson(version.schema?.openAPIV3Schema, schema)) ?? false
}

function validateRoot(schema: JsonObject, path: string): readonly FieldError[] {
  const type = ownField(schema, 'type')
  const strange = Object.keys(schema).find((name) => !rootKeywords.includes(name) && !isZero(ownField(schema, name)))
  if (typeof type === 'string' && type !== 'object') {
    const detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
    return [fieldInvalid(`${path}.type`, type, detail)]
  }
  if (strange === undefined) return []
  const detail = `only ${rootKeywordsText} fields are allowed at the root of the schema if the status subresource is enabled`
  return [fieldInvalid(path, schema, detail)]
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === false || value === ''
}

// Paths into objects

function simplePathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty'
  return path.startsWith('.') ? undefined : 'must be a simple json path starting with .'
}

function validateScale(scale: CrdScale | undefined, field: string): readonly FieldError[] {
  if (!scale) return []
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return [
    ...validateScalePath(
      specReplicasPath,
      ['.spec.'],
      'should be a json path under .spec',
      `${field}.scale.specReplicasPath`,
    ),
    ...validateScalePath(
      statusReplicasPath,
      ['.status.'],
      'should be a json path under .status',
      `${field}.scale.statusReplicasPath`,
    ),
    ...(labelSelectorPath
      ? validateScalePath(
          labelSelectorPath,
          ['.spec.', '.status.'],
          'should be a json path under either .spec or .status',
          `${field}.scale.labelSelectorPath`,
        )
      : []),
  ]
}

function validateScalePath(
  path: string,
  prefixes: readonly string[],
  detail: string,
  field: string,
): readonly FieldError[] {
  if (path === '') return [fieldRequired(field)]
  const problem = simplePathProblem(path)
  if (problem !== undefined) return [fieldInvalid(field, path, problem)]
  return prefixes.some((prefix) => path.startsWith(prefix)) ? [] : [fieldInvalid(field, path, detail)]
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function validateColumns({ additionalPrinterColumns = [] }: CrdVersion, field: string): readonly FieldError[] {
  return additionalPrinterColumns.flatMap((column, index) => validateColumn(column, `${field}[${index}]`))
}

function validateColumn({ name, type, format, jsonPath }: CrdColumn, field: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const typeDetail = `must be one of ${columnTypes.join(',')}`
  if (name === '') errors.push(fieldRequired(`${field}.name`))
  if (type === '') errors.push(fieldRequired(`${field}.type`, typeDetail))
  else if (!columnTypes.includes(type)) errors.push(fieldInvalid(`${field}.type`, type, typeDetail))
  if (format && !columnFormats.includes(format)) {
    errors.push(fieldInvalid(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`))
  }
  const problem = simplePathProblem(jsonPath)
  if (jsonPath === '') errors.push(fieldRequired(`${field}.JSONPath`))
  else if (problem !== undefined) errors.push(fieldInvalid(`${field}.JSONPath`, jsonPath, problem))
  return errors
}

const maxSelectableFields = 8

function validateSelectableFields({ selectableFields = [], schema }: CrdVersion, field: string): readonly FieldError[] {
  const root = schema?.openAPIV3Schema
  if (selectableFields.length === 0 || !root) return []
  const errors: FieldError[] = []
  const seen = new Set<string>()
  selectableFields.forEach(({ jsonPath }, index) => {
    const path = `${field}[${index}].jsonPath`
    if (jsonPath === '') return errors.push(fieldRequired(path))
    const found = findFieldPath(jsonPath, root, false)
    if ('problem' in found) return errors.push(fieldInvalid(path, jsonPath, `is an invalid path: ${found.problem}`))
    if (found.path.startsWith('.metadata')) {
      errors.push(fieldInvalid(path, jsonPath, 'must not point to fields in metadata'))
    }
    if (!isSelectable(found.schema)) errors.push(fieldInvalid(path, jsonPath, selectableDetail))
    if (seen.has(found.path)) errors.push(fieldDuplicate(path, jsonPath))
    seen.add(found.path)
  })
  if (seen.size > maxSelectableFields) errors.push(fieldTooMany(field, seen.size, maxSelectableFields))
  return errors
}

const selectableDetail =
  'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'

function isSelectable(schema: JsonObject): boolean {
  const type = ownField(schema, 'type')
  return type === 'string' || type === 'boolean' || type === 'integer'
}

// Versions and names together

function validateVersionSet(versions: readonly CrdVersion[], shared: Shared): readonly FieldError[] {
  const errors: FieldError[] = []
  const shown = versions.map((version) => shownVersion(version, shared))
  const names = versions.map(({ name }) => name)
  if (new Set(names).size < names.length) {
    errors.push(fieldInvalid('spec.versions', shown, 'must contain unique version names'))
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(fieldInvalid('spec.versions', shown, 'must have exactly one version marked as storage version'))
  }
  const [first = ''] = names
  const messages = first === '' ? [] : checkDns1035Label(first)
  if (messages.length > 0) errors.push(fieldInvalid('spec.version', first, messages.join(',')))
  return errors
}

/** A version as upstream's error prints it: its internal form. */
function shownVersion(version: CrdVersion, shared: Shared): unknown {
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: shared.schema ? null : (version.schema ?? null),
    Subresources: shared.subresources ? null : (version.subresources ?? null),
    AdditionalPrinterColumns: shared.additionalPrinterColumns ? null : (version.additionalPrinterColumns ?? null),
    SelectableFields: shared.selectableFields ? null : (version.selectableFields ?? null),
  }
}

function validateRequiredNames({ plural, singular, kind, listKind }: CrdNames): readonly FieldError[] {
  const names = Object.entries({ plural, singular, kind, listKind })
  return names.filter(([, name]) => !name).map(([field]) => fieldRequired(`spec.names.${field}`))
}

function validateNames({ plural, singular, kind, listKind, shortNames, categories }: CrdNames): readonly FieldError[] {
  const errors: FieldError[] = []
  const check = (name: string | undefined, field: string, mixedCase = false) => {
    if (!name) return
    const messages = checkDns1035Label(mixedCase ? name.toLowerCase() : name).join(',')
    if (messages === '') return
    const detail = mixedCase ? `may have mixed case, but should otherwise match: ${messages}` : messages
    errors.push(fieldInvalid(`spec.names.${field}`, name, detail))
  }
  check(plural, 'plural')
  check(singular, 'singular')
  check(kind, 'kind', true)
  check(listKind, 'listKind', true)
  shortNames?.forEach((name, index) => check(name === '' ? ' ' : name, `shortNames[${index}]`))
  if (kind && kind === listKind) {
    errors.push(fieldInvalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'))
  }
  categories?.forEach((name, index) => check(name === '' ? ' ' : name, `categories[${index}]`))
  return errors
}

function validateImmutable(spec: CrdSpec, previous: CrdObject): readonly FieldError[] {
  const before = previous.spec
  const errors: FieldError[] = []
  const keep = (field: string, value: string, old: string) => {
    if (value !== old) errors.push(fieldInvalid(`spec.${field}`, value, immutableMessage))
  }
  if (isEstablished(previous)) {
    keep('scope', spec.scope, before.scope)
    keep('names.kind', spec.names.kind, before.names.kind)
  }
  keep('group', spec.group, before.group)
  keep('names.plural', spec.names.plural, before.names.plural)
  return errors
}

function validateStoredVersions({ spec, status }: CrdObject): readonly FieldError[] {
  const field = 'status.storedVersions'
  const stored = status?.storedVersions ?? []
  if (stored.length === 0) return [fieldInvalid(field, null, 'must have at least one stored version')]
  // A version counts once: its second occurrence is not stored.
  const unseen = new Set(stored)
  const missing = spec.versions.flatMap(({ name, storage }) =>
    !unseen.delete(name) && storage ? [fieldInvalid(field, stored, `must have the storage version ${name}`)] : [],
  )
  const gone = stored.flatMap((name, index) =>
    spec.versions.some((version) => version.name === name)
      ? []
      : [fieldInvalid(`${field}[${index}]`, name, goneDetail(name))],
  )
  return [...missing, ...gone]
}

function goneDetail(name: string): string {
  return `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
}

function validatePreserveUnknownFields(spec: CrdSpec, previous: CrdSpec | undefined): readonly FieldError[] {
  if (!spec.preserveUnknownFields || previous?.preserveUnknownFields) return []
  const detail =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  return [fieldInvalid('spec.preserveUnknownFields', true, detail)]
}
