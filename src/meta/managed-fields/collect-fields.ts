import type { Json, JsonObject } from '../object.ts'
import { isEmptyObject, isJsonObject } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { type FieldSet, inOrder, isEmptySet, nothing } from './field-set.ts'
import { fieldElement, self } from './path-element.ts'
import { fieldSchema, isAtomicList, isAtomicMap } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

type Draft = { [element: string]: FieldSet }

/** The fields that come with a value where there was none, or go with it: the value itself and all below it. */
export function fieldsOfWhole(schema: SchemaNode, value: Json): FieldSet {
  switch (shapeOf(schema, value)) {
    case 'map':
      return isAtomicMap(schema) || !isJsonObject(value) || isEmptyObject(value) ? nothing : wholeMap(schema, value)
    case 'list':
      return isAtomicList(schema) || !Array.isArray(value) || value.length === 0 ? nothing : wholeList(schema, value)
    default:
      return nothing
  }
}

function wholeMap(schema: SchemaNode, map: JsonObject): FieldSet {
  const result: Draft = { [self]: nothing }
  for (const key of sortedKeys(map)) {
    const value = map[key]
    if (value !== undefined) result[fieldElement(key)] = fieldsOfWhole(fieldSchema(schema, key), value)
  }
  return result
}

function wholeList(schema: SchemaNode, list: readonly Json[]): FieldSet {
  const result: Draft = { [self]: nothing }
  const below = itemSchema(schema)
  for (const item of list) {
    const element = itemElement(schema, item)
    // Of an item that is there twice, nobody knows which one is meant: only its element is a field.
    if (typeof element === 'string') result[element] = result[element] ? nothing : fieldsOfWhole(below, item)
  }
  return asNode(result)
}

/** A member with what is below it. */
function asNode(draft: Draft): FieldSet {
  for (const element in draft) if (element !== self) return inOrder(draft)
  return nothing
}

/** The node as a member: with `.`, or empty. */
export function asMember(node: FieldSet | undefined): FieldSet {
  if (!node || isEmptySet(node) || node[self]) return node ?? nothing
  return { [self]: nothing, ...node }
}

const fewKeys = 24

/** Keys in order, which costs little for the few that most objects have. */
export function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object)
  if (keys.length > fewKeys) return keys.sort()
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] as string
    let at = end
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}
