import type { SchemaNode } from '../schema.ts'
import { type FieldSet, isEmptySet, nothing } from './field-set.ts'
import { self } from './path-element.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap, itemSchema } from './typed-schema.ts'

type Draft = { [element: string]: FieldSet }

/**
 * A set that was written for an older schema: what has become atomic since is owned as a whole by whoever owned a part
 * of it. What has become granular stays owned as a whole, as upstream has it. Itself when nothing changed.
 */
export function adaptToSchema(set: FieldSet, schema: SchemaNode): FieldSet {
  return adaptBelow(asWholeObject(schema), set)
}

function adaptBelow(schema: SchemaNode, node: FieldSet): FieldSet {
  let result: Draft | undefined
  for (const element in node) {
    const below = node[element] ?? nothing
    if (element === self || isEmptySet(below)) continue
    const adapted = adaptNode(schemaAt(schema, element), below)
    if (adapted !== below) (result ??= { ...node })[element] = adapted
  }
  return result ?? node
}

function adaptNode(schema: SchemaNode | undefined, node: FieldSet): FieldSet {
  if (!schema) return node
  const atomic = schema.type === 'array' ? isAtomicList(schema) : isAtomicMap(schema)
  return atomic ? nothing : adaptBelow(schema, node)
}

/** undefined where the schema says nothing: such fields are let alone. */
function schemaAt(parent: SchemaNode, element: string): SchemaNode | undefined {
  if (parent.type === 'array') return itemSchema(parent)
  if (parent.type === 'any' && !parent.properties) return undefined
  if (!element.startsWith('f:')) return undefined
  const name = element.slice(2)
  const known = parent.properties?.has(name) || parent.additionalProperties !== undefined
  return known ? fieldSchema(parent, name) : undefined
}
