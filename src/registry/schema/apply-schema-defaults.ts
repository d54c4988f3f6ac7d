import type { Json, JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { checkDepth } from './field-trail.ts'
import { cloneJson, setField } from './json-value.ts'

/**
 * Fills in what the schema defaults, in place, and settles nulls: where null is not allowed it becomes the default, and
 * a field without one is removed. For built-ins that yields what Go's decoder and encoder would make of the document
 * (empty structs and zero values of fields that are always written). Idempotent.
 */
export function applySchemaDefaults(object: object, node: SchemaNode): void {
  applyDefaults(object, node, 0)
}

function applyDefaults(value: unknown, node: SchemaNode, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  checkDepth(depth)
  if (Array.isArray(value)) applyToItems(value, node, depth)
  else applyToFields(value as JsonObject, node, depth)
}

function applyToItems(items: unknown[], node: SchemaNode, depth: number): void {
  const item = node.items
  if (!item) return
  for (let index = 0; index < items.length; index++) {
    if (items[index] === null && !item.nullable && item.default !== undefined) items[index] = cloneJson(item.default)
    applyDefaults(items[index], item, depth + 1)
  }
}

function applyToFields(object: JsonObject, node: SchemaNode, depth: number): void {
  const { properties, additionalProperties } = node
  if (!properties && !additionalProperties) return
  for (const [name, value] of defaultsOf(node)) {
    if (object[name] === undefined || !Object.hasOwn(object, name)) setField(object, name, cloneJson(value))
  }
  for (const name in object) {
    const field = properties?.get(name) ?? additionalProperties
    if (!field) continue
    if (object[name] === null && !field.nullable) {
      if (field.default === undefined) delete object[name]
      else setField(object, name, cloneJson(field.default))
    }
    applyDefaults(object[name], field, depth + 1)
  }
}

type Defaults = readonly (readonly [string, Json])[]
const none: Defaults = []
/** Which fields of a node have a default: asked for every object, and few have any. */
const known = new WeakMap<SchemaNode, Defaults>()

function defaultsOf(node: SchemaNode): Defaults {
  if (!node.properties) return none
  let defaults = known.get(node)
  if (!defaults) known.set(node, (defaults = collectDefaults(node.properties)))
  return defaults
}

function collectDefaults(properties: ReadonlyMap<string, SchemaNode>): Defaults {
  const defaults: (readonly [string, Json])[] = []
  for (const [name, field] of properties) if (field.default !== undefined) defaults.push([name, field.default])
  return defaults.length > 0 ? defaults : none
}
