import { badRequest, invalid } from '../meta/api-errors.ts'
import { fieldInvalid, goQuote } from '../meta/field-error.ts'
import { fromApiVersion, type GroupVersionKind, toApiVersion } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import { checkBodyType, decodeBody } from '../registry/codec/body.ts'
import { applySchemaDefaults } from '../registry/schema/apply-schema-defaults.ts'
import { isJsonObject } from '../registry/schema/json-value.ts'
import { hasBuiltinSchema } from '../registry/schema/builtin-schemas.ts'
import { checkTypes, undecodable } from '../registry/schema/check-types.ts'
import { pruneUnknownFields, unknownFieldText } from '../registry/schema/prune-unknown-fields.ts'
import type { Exchange } from './exchange.ts'
import type { FieldValidation } from './write-options.ts'

/** `type/subtype` of the body; JSON when the client does not say. */
export function bodyType(exchange: Exchange): string {
  const header = exchange.header('content-type')
  const end = header.indexOf(';')
  return (end === -1 ? header : header.slice(0, end)).trim().toLowerCase()
}

/** The object of a create or update: of the right kind and types, unknown fields dropped, defaults filled in. */
export function decodeObject(exchange: Exchange, scope: ResourceScope, validation: FieldValidation): KubeObject {
  const { definition, version } = scope
  const defaultGvk = { group: definition.group, version: version.version, kind: definition.kind }
  const { body: bytes } = exchange.request
  const parts = { bytes, contentType: exchange.header('content-type'), defaultGvk, isCustomResource: definition.custom }
  const { object, duplicateFields } = decodeBody(parts)
  if (!definition.custom) checkRegistered(defaultGvk, object)
  if (definition.custom) checkCustomKind(object, defaultGvk)
  checkBodyType(object, defaultGvk)
  const problems = dropUnknown(scope, object, duplicateTexts(duplicateFields))
  report(exchange, scope, problems, validation)
  return completeObject(scope, object)
}

/** Of custom resources the kind is a field like others. */
function checkCustomKind({ apiVersion, kind, metadata }: JsonObject, expected: GroupVersionKind): void {
  if (kind === expected.kind || typeof kind !== 'string' || apiVersion !== toApiVersion(expected)) return
  const name = isJsonObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : ''
  throw invalid({ group: expected.group, kind }, name, [fieldInvalid('kind', kind, `must be ${expected.kind}`)])
}

export function duplicateTexts(paths: readonly string[]): readonly string[] {
  return paths.map((path) => `duplicate field "${path}"`)
}

/** Types and defaults of what is otherwise an object of the scope's kind. Throws what `refuse` makes, else 400. */
export function completeObject(
  scope: ResourceScope,
  value: JsonObject,
  refuse: (reason: string) => Error = (reason) => undecodable(scope.definition.kind, scope.version.version, reason),
): KubeObject {
  const { definition, version } = scope
  value['apiVersion'] = toApiVersion({ group: definition.group, version: version.version })
  value['kind'] = definition.kind
  if (value['metadata'] === undefined || value['metadata'] === null) value['metadata'] = {}
  const reason = checkTypes(value, version.schema)
  if (reason !== undefined) throw refuse(reason)
  applySchemaDefaults(value, version.schema)
  const object = value as unknown as KubeObject
  definition.strategy.applyDefaults?.(object, version.version)
  return object
}

/** The texts of all that strict decoding would refuse. */
export function dropUnknown(scope: ResourceScope, value: JsonObject, duplicates: readonly string[]): readonly string[] {
  const unknown = pruneUnknownFields(value, scope.version.schema)
  if (unknown.length === 0) return duplicates
  return [...duplicates, ...unknown.map((path) => unknownFieldText(path))]
}

function report(
  exchange: Exchange,
  { definition, version }: ResourceScope,
  problems: readonly string[],
  validation: FieldValidation,
): void {
  if (problems.length === 0 || validation === 'Ignore') return
  if (validation === 'Strict')
    throw undecodable(definition.kind, version.version, `strict decoding error: ${problems.join(', ')}`)
  for (const text of problems) exchange.warn(text)
}

/** What strict decoding refuses in the result of a patch, as upstream words it there. */
export function reportPatched(
  exchange: Exchange,
  { definition }: ResourceScope,
  problems: readonly string[],
  validation: FieldValidation,
): void {
  if (problems.length === 0 || validation === 'Ignore') return
  if (validation === 'Strict') {
    const patch = Buffer.from(exchange.request.body).toString()
    throw invalid(definition, exchange.info.name, [
      fieldInvalid('patch', patch, `strict decoding error: ${problems.join(', ')}`),
    ])
  }
  for (const text of problems) exchange.warn(text)
}

/** What is no kind at all is told apart from a kind that does not belong here. */
function checkRegistered(expected: GroupVersionKind, { apiVersion, kind }: JsonObject): void {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return
  if (kind === expected.kind && apiVersion === toApiVersion(expected)) return
  const gv = fromApiVersion(apiVersion)
  if (!gv || hasBuiltinSchema(gv.group, gv.version, kind)) return
  const why = `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
  throw badRequest(`${kind} in version ${goQuote(gv.version)} cannot be handled as a ${expected.kind}: ${why}`)
}
