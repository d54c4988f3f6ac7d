import type { SchemaNode } from '../schema.ts'
import { unmergeablePatch } from './patch-errors.ts'

/** How a strategic merge patch treats one field of an object. */
export interface PatchField {
  /** The field's own schema, or that of its items for a list. */
  readonly schema: SchemaNode
  readonly strategy: 'merge' | 'replace' | undefined
  readonly mergeKey: string | undefined
}

export function objectField(parent: SchemaNode, name: string): PatchField {
  const schema = memberSchema(parent, name)
  return { schema, strategy: strategyOf(schema), mergeKey: schema.patchMergeKey }
}

export function listField(parent: SchemaNode, name: string): PatchField {
  const list = memberSchema(parent, name)
  if (list.type !== 'array' || !list.items) {
    throw unmergeablePatch(`expected slice or array type, but got: ${goKind(list)}`)
  }
  return { schema: list.items, strategy: strategyOf(list), mergeKey: list.patchMergeKey }
}

function memberSchema(parent: SchemaNode, name: string): SchemaNode {
  const schema = parent.properties?.get(name)
  if (schema) return schema
  if (parent.additionalProperties || parent.type !== 'object') {
    throw unmergeablePatch(`merging an object in json but data type is not struct, instead is: ${goKind(parent)}`)
  }
  throw unmergeablePatch(`unable to find api field in struct for the json field "${name}"`)
}

/** `retainKeys` is asked for by the patch itself; what is left says how the field merges. */
function strategyOf(schema: SchemaNode): 'merge' | 'replace' | undefined {
  for (const strategy of schema.patchStrategies ?? []) if (strategy !== 'retainKeys') return strategy
  return undefined
}

export function goKind(schema: SchemaNode): string {
  switch (schema.type) {
    case 'object':
      return schema.additionalProperties ? 'map' : 'struct'
    case 'array':
      return 'slice'
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    default:
      return 'struct'
  }
}
