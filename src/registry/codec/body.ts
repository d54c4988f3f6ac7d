import { badRequest, isApiStatusError, unsupportedMediaType } from '../../meta/api-errors.ts'
import { mediaTypeName, parseContentType } from '../../meta/content-type.ts'
import { goQuote } from '../../meta/field-error.ts'
import { fromApiVersion, type GroupVersionKind, toApiVersion } from '../../meta/group-version.ts'
import { parseJsonStrictly } from '../../meta/json.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { parseYamlStrictly } from '../../meta/yaml.ts'
import { decodeProtobuf, hasProtobuf, protobufMediaType, readProtobufType } from './protobuf.ts'

export interface BodyParts {
  readonly bytes: Uint8Array
  /** The Content-Type header; empty means JSON. */
  readonly contentType: string
  /** What the URL expects: the type of a body that does not say. A custom resource must: its apiVersion stays empty. */
  readonly defaultGvk: GroupVersionKind
  /** Custom resources have no protobuf form; options (DeleteOptions …) have one on their URLs too. */
  readonly isCustomResource: boolean
}

export interface DecodedBody {
  /** With apiVersion and kind, its own or the expected ones. Whether they fit is for the caller: `checkBodyType`. */
  readonly object: JsonObject
  /** Paths that occur more than once: `spec.x`. */
  readonly duplicateFields: readonly string[]
}

/** An object in JSON, YAML or protobuf. Throws 415 for other types and 400 for what cannot be read, in upstream's words. */
export function decodeBody(parts: BodyParts): DecodedBody {
  try {
    const { value, duplicateFields } = readValue(parts)
    return { object: complete(value, parts), duplicateFields }
  } catch (error) {
    if (!isApiStatusError(error) || error.code !== 400) throw error
    throw badRequest(describe(error.message, parts), error)
  }
}

/** Protobuf says what it is before it is read; of JSON and YAML that cannot be read, only the beginning can be shown. */
function describe(message: string, { bytes, defaultGvk }: BodyParts): string {
  const type = readProtobufType(bytes)
  if (type) {
    const version = fromApiVersion(type.apiVersion)?.version ?? defaultGvk.version
    const kind = type.kind || defaultGvk.kind
    return `${kind} in version ${goQuote(version)} cannot be handled as a ${defaultGvk.kind}: ${message}`
  }
  const what = `the object provided is unrecognized (must be of type ${defaultGvk.kind})`
  return `${what}: ${message} (${summarize(bytes)})`
}

/** Named for every resource, as upstream does, also where protobuf has no form for it. */
const acceptedTypes = ['application/json', 'application/yaml', protobufMediaType]

function readValue(parts: BodyParts): { value: Json; duplicateFields: readonly string[] } {
  const { bytes, contentType, defaultGvk, isCustomResource } = parts
  if (contentType === '' || contentType === 'application/json') return readJson(bytes)
  const takesProtobuf = !isCustomResource || hasProtobuf(toApiVersion(defaultGvk), defaultGvk.kind)
  const media = parseContentType(contentType)
  const name = media && mediaTypeName(media)
  if (name === 'application/json') return readJson(bytes)
  if (name === 'application/yaml') return parseYamlStrictly(bytes)
  if (name === protobufMediaType && takesProtobuf)
    return { value: decodeProtobuf(bytes, defaultGvk), duplicateFields: [] }
  throw unsupportedMediaType(acceptedTypes)
}

const noType = "couldn't get version/kind; json parse error: "

function readJson(bytes: Uint8Array): { value: Json; duplicateFields: readonly string[] } {
  try {
    return parseJsonStrictly(bytes)
  } catch (error) {
    if (isApiStatusError(error)) throw badRequest(`${noType}${error.message}`, error)
    throw error
  }
}

function complete(value: Json, { bytes, defaultGvk, isCustomResource }: BodyParts): JsonObject {
  const object: Json = value ?? {}
  if (typeof object !== 'object' || Array.isArray(object)) {
    const fields = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`
    throw badRequest(`${noType}json: cannot unmarshal ${goKind(object)} into Go value of type ${fields}`)
  }
  const apiVersion = typeField(object, 'apiVersion')
  const kind = typeField(object, 'kind')
  if (apiVersion !== '' && !fromApiVersion(apiVersion)) {
    throw badRequest(`unexpected GroupVersion string: ${apiVersion}`)
  }
  if (kind === '' && isCustomResource) {
    throw badRequest(`Object 'Kind' is missing in '${Buffer.from(bytes.subarray(0, 1024)).toString()}'`)
  }
  object['apiVersion'] = apiVersion || (isCustomResource ? '' : toApiVersion(defaultGvk))
  object['kind'] = kind || defaultGvk.kind
  return object
}

function typeField(object: JsonObject, name: 'apiVersion' | 'kind'): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw badRequest(`${noType}json: cannot unmarshal ${goKind(value)} into Go struct field .${name} of type string`)
}

function goKind(value: Json): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'bigint' ? 'number' : typeof value
}

/** The beginning of a body, as upstream shows it: text when it looks like JSON, else hexadecimal. */
function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const start = Buffer.from(bytes.subarray(0, 30))
  const text = bytes[0] === 0x7b ? start.toString('utf8') : start.toString('hex')
  return bytes.length > 30 ? `${text} ...` : text
}

/** Throws 400 when the body is of another version or kind than the URL expects. */
export function checkBodyType(object: JsonObject, expected: GroupVersionKind): void {
  const apiVersion = typeField(object, 'apiVersion')
  const kind = typeField(object, 'kind')
  const wanted = toApiVersion(expected)
  if (apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`)
  }
  if (kind !== expected.kind) {
    const what = `${kind} in version ${goQuote(expected.version)} cannot be handled as a ${expected.kind}`
    throw badRequest(`${what}: converting (${kind}) to (${expected.kind}): unknown conversion`)
  }
}
