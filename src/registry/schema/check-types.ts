import { badRequest, type ApiStatusError } from '../../meta/api-errors.ts'
import { fieldInvalid } from '../../meta/field-error.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { definitionNameOfNode, objectMetaSchema } from './builtin-schemas.ts'
import { checkDepth, trailToField, type Trail } from './field-trail.ts'
import { goFieldName, goFieldType, goStructName, goTypeOf } from './go-types.ts'
import { isJsonObject, ownField, setField } from './json-value.ts'
import { decodeScalar } from './scalar-decoding.ts'

/**
 * Checks that a document has the JSON types its kind wants, as decoding into Go does, and brings scalars with a form of
 * their own (quantities, times, base64) into it, in place. Answers with the reason in Go's words for the first field
 * that is wrong, undefined when none is; `undecodable` makes the error of it.
 *
 * Of a custom resource only what every object has is looked at: apiVersion, kind and metadata, also of embedded objects.
 * The rest is a matter of validation there.
 */
export function checkTypes(object: object, node: SchemaNode): string | undefined {
  if (definitionNameOfNode(node) === undefined) return checkCustom(object as JsonObject, node)
  const mismatch = decode(object, node, 0)
  return mismatch && textOf(mismatch, node)
}

/** The 400 that answers a body which cannot be decoded. */
export function undecodable(kind: string, version: string, reason: string): ApiStatusError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${reason}`)
}

/** What is wrong, and how to get there. Either a finished sentence, or a JSON value that the Go type does not take. */
interface Mismatch {
  readonly sentence?: string
  /** `string`, `number 3.5`: what was found. */
  readonly found: string
  type: string | undefined
  readonly path: string[]
  struct: SchemaNode | undefined
}

function textOf({ sentence, found, type, path, struct }: Mismatch, root: SchemaNode): string {
  if (sentence !== undefined) return sentence
  if (path.length === 0) return `json: cannot unmarshal ${found} into Go value of type ${goTypeOf(root)}`
  const field = `${struct ? goStructName(struct) : ''}.${path.reverse().join('.')}`
  return `json: cannot unmarshal ${found} into Go struct field ${field} of type ${type ?? ''}`
}

function mismatch(value: unknown, type?: string): Mismatch {
  return { found: foundText(value, type), type, path: [], struct: undefined }
}

function foundText(value: unknown, type: string | undefined): string {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return type === 'int32' || type === 'int64' ? `number ${value}` : 'number'
  }
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? 'array' : 'object'
}

function decode(value: unknown, node: SchemaNode, depth: number): Mismatch | undefined {
  if (value === null) return undefined
  switch (node.type) {
    case 'object':
      if (!isJsonObject(value)) return mismatch(value)
      checkDepth(depth)
      return node.properties ? decodeStruct(value, node, depth) : decodeMap(value, node, depth)
    case 'array':
      if (!Array.isArray(value)) return mismatch(value)
      checkDepth(depth)
      return decodeItems(value, node, depth)
    case 'any':
      return decodeAny(value, node, depth)
    default:
      return decodeHere(value, node)
  }
}

function decodeStruct(object: JsonObject, struct: SchemaNode, depth: number): Mismatch | undefined {
  for (const name in object) {
    const field = struct.properties?.get(name)
    if (!field) continue
    const wrong = decodeInto(object, name, field, depth)
    if (!wrong) continue
    wrong.type ??= goFieldType(struct, name, field)
    wrong.struct ??= struct
    wrong.path.push(goFieldName(struct, name))
    return wrong
  }
  return undefined
}

function decodeMap(object: JsonObject, { additionalProperties }: SchemaNode, depth: number): Mismatch | undefined {
  if (!additionalProperties) return undefined
  for (const name in object) {
    const wrong = decodeInto(object, name, additionalProperties, depth)
    if (wrong) return withType(wrong, additionalProperties)
  }
  return undefined
}

function decodeItems(items: unknown[], { items: item }: SchemaNode, depth: number): Mismatch | undefined {
  if (!item) return undefined
  for (let index = 0; index < items.length; index++) {
    const wrong = decodeInto(items as unknown as Record<number, Json>, index, item, depth)
    if (wrong) return withType(wrong, item)
  }
  return undefined
}

function withType(wrong: Mismatch, node: SchemaNode): Mismatch {
  wrong.type ??= goTypeOf(node)
  return wrong
}

/** Decodes one field or item; a scalar that has a canonical form is replaced by it. */
function decodeInto(
  parent: Record<string | number, unknown>,
  key: string | number,
  node: SchemaNode,
  depth: number,
): Mismatch | undefined {
  const value = parent[key]
  if (value === null || value === undefined) return undefined
  if (node.type === 'object' || node.type === 'array' || node.type === 'any') return decode(value, node, depth + 1)
  const result = decodeScalar(value, node)
  if ('value' in result) {
    if (result.value === value) return undefined
    if (key === '__proto__') setField(parent as JsonObject, key, result.value)
    else parent[key] = result.value
    return undefined
  }
  return 'sentence' in result ? { ...mismatch(value), sentence: result.sentence } : mismatch(value, result.type)
}

function decodeHere(value: unknown, node: SchemaNode): Mismatch | undefined {
  const result = decodeScalar(value, node)
  if ('value' in result) return undefined
  return 'sentence' in result ? { ...mismatch(value), sentence: result.sentence } : mismatch(value, result.type)
}

/** Types that are a schema or something else say so themselves; every other `any` takes anything. */
function decodeAny(value: unknown, node: SchemaNode, depth: number): Mismatch | undefined {
  if (node.format === 'schema-or-bool' && typeof value !== 'boolean' && !isJsonObject(value)) {
    return { ...mismatch(value), sentence: 'boolean or JSON schema expected' }
  }
  if (isJsonObject(value) && node.properties) {
    checkDepth(depth)
    return decodeStruct(value, node, depth)
  }
  if (!Array.isArray(value) || !node.items) return undefined
  checkDepth(depth)
  return decodeItems(value, node, depth)
}

// Custom resources

function checkCustom(object: JsonObject, node: SchemaNode): string | undefined {
  const metadata = ownField(object, 'metadata')
  const wrong = metadata === undefined ? undefined : checkMetadata(object)
  if (wrong !== undefined) return wrong
  if (!hasEmbedded(node)) return undefined
  const embedded = checkEmbedded(object, node, 0)
  if (!embedded) return undefined
  const { field, message } = fieldInvalid(trailToField(embedded.trail), embedded.value, embedded.reason)
  return `${field}: ${message}`
}

/** Metadata is decoded by itself, so errors begin at it. A null is an empty one. */
function checkMetadata(object: JsonObject): string | undefined {
  const metadata = object['metadata']
  if (metadata === null) {
    object['metadata'] = {}
    return undefined
  }
  const schema = objectMetaSchema()
  const wrong = decode(metadata, schema, 0)
  return wrong && textOf(wrong, schema)
}

interface EmbeddedProblem {
  readonly trail: Trail
  readonly value: unknown
  readonly reason: string
}

function checkEmbedded(value: unknown, node: SchemaNode, depth: number): EmbeddedProblem | undefined {
  if (typeof value !== 'object' || value === null || !hasEmbedded(node)) return undefined
  checkDepth(depth)
  if (Array.isArray(value)) return checkEmbeddedItems(value, node, depth)
  const object = value as JsonObject
  const own = node.embeddedResource ? checkObject(object) : undefined
  if (own) return own
  for (const name in object) {
    const known = node.properties?.get(name)
    const field = known ?? node.additionalProperties
    const problem = field && checkEmbedded(object[name], field, depth + 1)
    if (!problem) continue
    problem.trail.push(known ? name : { key: name })
    return problem
  }
  return undefined
}

function checkEmbeddedItems(items: readonly unknown[], node: SchemaNode, depth: number): EmbeddedProblem | undefined {
  if (!node.items) return undefined
  for (let index = 0; index < items.length; index++) {
    const problem = checkEmbedded(items[index], node.items, depth + 1)
    if (!problem) continue
    problem.trail.push(index)
    return problem
  }
  return undefined
}

function checkObject(object: JsonObject): EmbeddedProblem | undefined {
  for (const name of ['apiVersion', 'kind']) {
    const value = ownField(object, name)
    if (value === undefined || typeof value === 'string') continue
    return { trail: [name], value, reason: 'must be a string' }
  }
  const value = ownField(object, 'metadata')
  const reason = value === undefined ? undefined : checkMetadata(object)
  return reason === undefined ? undefined : { trail: ['metadata'], value, reason }
}

const embedding = new WeakMap<SchemaNode, boolean>()

/** Whether there are embedded objects at or below a node of a custom resource's schema. */
function hasEmbedded(node: SchemaNode): boolean {
  const known = embedding.get(node)
  if (known !== undefined) return known
  embedding.set(node, false) // ends a cycle
  const found = findEmbedded(node)
  embedding.set(node, found)
  return found
}

function findEmbedded(node: SchemaNode): boolean {
  if (node.embeddedResource) return true
  if (definitionNameOfNode(node) !== undefined) return false
  const children = [node.items, node.additionalProperties, ...(node.properties?.values() ?? [])]
  return children.some((child) => child !== undefined && hasEmbedded(child))
}
