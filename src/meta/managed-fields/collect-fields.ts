import type { Json, JsonObject } from '../object.ts'
import { isEmptyObject, isJsonObject } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { type FieldSet, isEmptySet, nothing } from './field-set.ts'
import { fieldElement, self } from './path-element.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap, isNamedField } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

type Draft = { [element: string]: FieldSet }

/**
 * The fields that an applied configuration speaks about: every leaf, every list item and every key of a map, but not the
 * named fields that only lead there.
 */
export function fieldSetOf(object: JsonObject, schema: SchemaNode): FieldSet {
  return fieldsBelow(asWholeObject(schema), object) ?? nothing
}

/** `nothing` = the value itself is the field; undefined = it is none and has none below it. */
function fieldsBelow(schema: SchemaNode, value: Json): FieldSet | undefined {
  switch (shapeOf(schema, value)) {
    case 'map':
      return isAtomicMap(schema) ? nothing : isJsonObject(value) ? fieldsOfMap(schema, value) : undefined
    case 'list':
      return isAtomicList(schema) ? nothing : Array.isArray(value) ? fieldsOfList(schema, value) : undefined
    default:
      return nothing
  }
}

function fieldsOfMap(schema: SchemaNode, map: JsonObject): FieldSet | undefined {
  const result: Draft = {}
  for (const key of Object.keys(map).sort()) {
    const value = map[key]
    if (value === undefined) continue
    const below = fieldsBelow(fieldSchema(schema, key), value)
    const isOwnField = value === null || (isJsonObject(value) && isEmptyObject(value)) || !isNamedField(schema, key)
    const node = isOwnField ? asMember(below) : below
    if (node) result[fieldElement(key)] = node
  }
  return isEmptySet(result) ? undefined : result
}

function fieldsOfList(schema: SchemaNode, list: readonly Json[]): FieldSet | undefined {
  const result: Draft = {}
  const seen = new Set<string>()
  for (const item of list) {
    const element = itemElement(schema, item)
    if (typeof element !== 'string') continue
    // Of an item that is there twice, nobody knows which one is meant: only its element is a field.
    result[element] = seen.has(element) ? nothing : asMember(fieldsBelow(itemSchema(schema), item))
    seen.add(element)
  }
  return isEmptySet(result) ? undefined : result
}

/** The fields that come with a value where there was none, or go with it: the value itself and all below it. */
export function fieldsOfWhole(schema: SchemaNode, value: Json): FieldSet {
  switch (shapeOf(schema, value)) {
    case 'map':
      return isAtomicMap(schema) || !isJsonObject(value) ? nothing : wholeMap(schema, value)
    case 'list':
      return isAtomicList(schema) || !Array.isArray(value) ? nothing : wholeList(schema, value)
    default:
      return nothing
  }
}

function wholeMap(schema: SchemaNode, map: JsonObject): FieldSet {
  const result: Draft = { [self]: nothing }
  let isLeaf = true
  for (const key of Object.keys(map).sort()) {
    const value = map[key]
    if (value === undefined) continue
    isLeaf = false
    result[fieldElement(key)] = fieldsOfWhole(fieldSchema(schema, key), value)
  }
  return isLeaf ? nothing : result
}

function wholeList(schema: SchemaNode, list: readonly Json[]): FieldSet {
  if (list.length === 0) return nothing
  const result: Draft = { [self]: nothing }
  const seen = new Set<string>()
  for (const item of list) {
    const element = itemElement(schema, item)
    if (typeof element !== 'string') continue
    result[element] = seen.has(element) ? nothing : fieldsOfWhole(itemSchema(schema), item)
    seen.add(element)
  }
  return seen.size === 0 ? nothing : result
}

function asMember(node: FieldSet | undefined): FieldSet {
  if (!node || isEmptySet(node) || node[self]) return node ?? nothing
  return { [self]: nothing, ...node }
}
