import type { Json } from '../object.ts'
import { getOwn, isJsonObject } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { keyElement, type KeyPair, valueElement } from './path-element.ts'

/*
 * A SchemaNode as server-side apply sees it. A value of a fixed type is walked by that type whatever it is (a wrong
 * value is no value); `any` is walked by what the value is: its objects are granular unless `mapType` says atomic, its
 * arrays are atomic.
 */

export type Shape = 'map' | 'list' | 'scalar'

/** null fits any shape; of `any`, it is a map. */
export function shapeOf(schema: SchemaNode, value: Json): Shape {
  switch (schema.type) {
    case 'object':
      return 'map'
    case 'array':
      return 'list'
    case 'any':
      return Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : 'scalar'
    default:
      return 'scalar'
  }
}

export function isAtomicMap(schema: SchemaNode): boolean {
  return schema.mapType === 'atomic'
}

/** Without a list type, upstream falls back to the strategy of strategic merge patch. */
export function isAtomicList(schema: SchemaNode): boolean {
  if (schema.listType !== undefined) return schema.listType === 'atomic'
  return !schema.patchStrategies?.includes('merge')
}

/** Keys of a list of type map; undefined for a set. */
function listKeys(schema: SchemaNode): readonly string[] | undefined {
  if (schema.listType === 'map') return schema.listMapKeys ?? []
  if (schema.listType === 'set') return undefined
  return schema.patchMergeKey === undefined ? undefined : [schema.patchMergeKey]
}

/** What a schema does not describe: objects granular, arrays atomic, at any depth. */
export const deducedSchema: SchemaNode = { type: 'any' }

/** The schema of one field of an object, or of one value of a map. */
export function fieldSchema(parent: SchemaNode, name: string): SchemaNode {
  const schema = parent.properties?.get(name) ?? parent.additionalProperties ?? deducedSchema
  return schema.embeddedResource ? asWholeObject(schema) : schema
}

export function itemSchema(list: SchemaNode): SchemaNode {
  const schema = list.items ?? deducedSchema
  return schema.embeddedResource ? asWholeObject(schema) : schema
}

/** A named field of a structure, as opposed to a key of a map. */
export function isNamedField(parent: SchemaNode, name: string): boolean {
  return parent.properties?.has(name) ?? false
}

/** The path element of an item of a set or of a list of type map; or, in a string that ends no path, why it has none. */
export function itemElement(list: SchemaNode, item: Json): string | ItemProblem {
  const keys = listKeys(list)
  return keys ? keyedItemElement(list, keys, item) : setItemElement(item)
}

export interface ItemProblem {
  readonly problem: string
}

function keyedItemElement(list: SchemaNode, keys: readonly string[], item: Json): string | ItemProblem {
  if (item === null) return { problem: 'associative list with keys may not have a null element' }
  if (!isJsonObject(item)) return { problem: 'associative list with keys may not have non-map elements' }
  const pairs: KeyPair[] = []
  for (const key of keys) {
    const value = getOwn(item, key) ?? list.items?.properties?.get(key)?.default
    if (value !== undefined) pairs.push([key, value])
  }
  if (pairs.length > 0 || keys.length === 0) return keyElement(pairs)
  const names = keys.map((key) => JSON.stringify(key)).join(' ')
  const omits = `associative list with keys has an element that omits all key fields [${names}]`
  return { problem: `${omits} (and doesn't have default values for any key fields)` }
}

function setItemElement(item: Json): string | ItemProblem {
  if (Array.isArray(item)) return { problem: 'not supported: associative list with lists as elements' }
  if (item === null) return { problem: "associative list without keys has an element that's an explicit null" }
  if (typeof item === 'object') return { problem: "associative list without keys has an element that's a map type" }
  return valueElement(item)
}

const text: SchemaNode = { type: 'string' }
const flag: SchemaNode = { type: 'boolean' }
const instant: SchemaNode = { type: 'string', format: 'date-time' }
const int64: SchemaNode = { type: 'integer', format: 'int64' }
const textMap: SchemaNode = { type: 'object', additionalProperties: text }

const ownerReference: SchemaNode = {
  type: 'object',
  mapType: 'atomic',
  properties: new Map([
    ['apiVersion', text],
    ['kind', text],
    ['name', text],
    ['uid', text],
    ['controller', flag],
    ['blockOwnerDeletion', flag],
  ]),
}

/** ObjectMeta, for schemas of custom resources, which do not describe it. */
const objectMeta: SchemaNode = {
  type: 'object',
  properties: new Map<string, SchemaNode>([
    ['annotations', textMap],
    ['creationTimestamp', instant],
    ['deletionGracePeriodSeconds', int64],
    ['deletionTimestamp', instant],
    ['finalizers', { type: 'array', listType: 'set', items: text }],
    ['generateName', text],
    ['generation', int64],
    ['labels', textMap],
    ['managedFields', { type: 'array', listType: 'atomic', items: deducedSchema }],
    ['name', text],
    ['namespace', text],
    ['ownerReferences', { type: 'array', listType: 'map', listMapKeys: ['uid'], items: ownerReference }],
    ['resourceVersion', text],
    ['selfLink', text],
    ['uid', text],
  ]),
}

const wholeObjects = new WeakMap<SchemaNode, SchemaNode>()

/** The schema with apiVersion, kind and a typed metadata; itself when it describes them, as those of built-ins do. */
export function asWholeObject(schema: SchemaNode): SchemaNode {
  const known = wholeObjects.get(schema)
  if (known) return known
  const metadata = schema.properties?.get('metadata')
  const isWhole = metadata?.properties?.has('ownerReferences') ?? false
  const whole = isWhole ? schema : withObjectFields(schema)
  wholeObjects.set(schema, whole)
  return whole
}

function withObjectFields(schema: SchemaNode): SchemaNode {
  const typeMeta: [string, SchemaNode][] = [
    ['apiVersion', text],
    ['kind', text],
    ['metadata', objectMeta],
  ]
  return { ...schema, embeddedResource: false, properties: new Map([...(schema.properties ?? []), ...typeMeta]) }
}
