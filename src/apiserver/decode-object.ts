import { badRequest, invalid, unsupportedMediaType } from '../meta/api-errors.ts'
import { fieldInvalid, goQuote } from '../meta/field-error.ts'
import { fromApiVersion, type GroupVersionKind, toApiVersion } from '../meta/group-version.ts'
import { parseJson, parseJsonStrictly } from '../meta/json.ts'
import { parseYamlStrictly } from '../meta/yaml.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import { decodeProtobuf, protobufMediaType } from '../registry/codec/protobuf.ts'
import { applySchemaDefaults } from '../registry/schema/apply-schema-defaults.ts'
import { hasBuiltinSchema } from '../registry/schema/builtin-schemas.ts'
import { checkTypes, undecodable } from '../registry/schema/check-types.ts'
import { isJsonObject } from '../registry/schema/json-value.ts'
import { pruneUnknownFields, unknownFieldText } from '../registry/schema/prune-unknown-fields.ts'
import type { Exchange } from './exchange.ts'
import type { FieldValidation } from './write-options.ts'

const customTypes = ['application/json', 'application/yaml']
const acceptedTypes = [...customTypes, protobufMediaType]

/** The body as JSON with what was noticed on the way: fields that occur twice. */
export interface DecodedBody {
  readonly value: JsonObject
  readonly duplicates: readonly string[]
}

/** `type/subtype` of the body; JSON when the client does not say. */
export function bodyType(exchange: Exchange): string {
  const header = exchange.header('content-type')
  const end = header.indexOf(';')
  return (end === -1 ? header : header.slice(0, end)).trim().toLowerCase()
}

/** Throws 415 and 400. `kind`: what the body is where protobuf does not say; without it, protobuf is not taken. */
export function decodeBody(exchange: Exchange, validation: FieldValidation, kind?: GroupVersionKind): DecodedBody {
  const { body } = exchange.request
  const type = bodyType(exchange)
  switch (type) {
    case '':
    case 'application/json':
      if (validation === 'Ignore') return { value: toObject(parseJson(body)), duplicates: [] }
      return toDecoded(parseJsonStrictly(body))
    case 'application/yaml':
      return toDecoded(parseYamlStrictly(body))
    case protobufMediaType:
      if (!kind) throw unsupportedMediaType(customTypes)
      return { value: decodeProtobuf(body, kind), duplicates: [] }
    default:
      throw unsupportedMediaType(kind ? acceptedTypes : customTypes)
  }
}

function toDecoded({ value, duplicateFields }: { value: unknown; duplicateFields: readonly string[] }): DecodedBody {
  return { value: toObject(value), duplicates: duplicateFields.map((path) => `duplicate field "${path}"`) }
}

function toObject(value: unknown): JsonObject {
  if (!isJsonObject(value))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${describe(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  return value
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value
}

/** The object of a create or update: of the right kind and types, unknown fields dropped, defaults filled in. */
export function decodeObject(exchange: Exchange, scope: ResourceScope, validation: FieldValidation): KubeObject {
  const { value, duplicates } = decodeBody(exchange, validation, protobufKind(scope))
  checkKind(scope, value)
  const problems = dropUnknown(scope, value, duplicates)
  report(exchange, scope, problems, validation)
  return completeObject(scope, value)
}

function protobufKind({ definition, version }: ResourceScope): GroupVersionKind | undefined {
  if (definition.custom) return undefined
  return { group: definition.group, version: version.version, kind: definition.kind }
}

/** Types and defaults of what is otherwise an object of the scope's kind. Throws 400. */
export function completeObject(scope: ResourceScope, value: JsonObject): KubeObject {
  const { definition, version } = scope
  value['apiVersion'] = toApiVersion({ group: definition.group, version: version.version })
  value['kind'] = definition.kind
  if (value['metadata'] === undefined || value['metadata'] === null) value['metadata'] = {}
  const reason = checkTypes(value, version.schema)
  if (reason !== undefined) throw undecodable(definition.kind, version.version, reason)
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
function checkRegistered(expected: string, kind: unknown, apiVersion: unknown, version: string, custom: boolean): void {
  if (custom || typeof apiVersion !== 'string' || apiVersion === '') return
  const name = typeof kind === 'string' && kind !== '' ? kind : expected
  const gv = fromApiVersion(apiVersion)
  if (!gv) throw undecodable(expected, version, `unexpected GroupVersion string: ${apiVersion}`)
  if (hasBuiltinSchema(gv.group, gv.version, name)) return
  const why = `no kind ${goQuote(name)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
  throw badRequest(`${name} in version ${goQuote(gv.version)} cannot be handled as a ${expected}: ${why}`)
}

function checkKind({ definition, version }: ResourceScope, value: JsonObject): void {
  const expected = toApiVersion({ group: definition.group, version: version.version })
  const { apiVersion, kind } = value
  checkRegistered(definition.kind, kind, apiVersion, version.version, definition.custom)
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (kind !== undefined && kind !== '' && kind !== definition.kind) {
    const text = typeof kind === 'string' ? kind : JSON.stringify(kind)
    throw badRequest(
      `${text} in version ${JSON.stringify(version.version)} cannot be handled as a ${definition.kind}: converting (${text}) to (${definition.kind}): unknown conversion`,
    )
  }
}
