import type { JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { checkDepth, trailToPath, type Trail } from './field-trail.ts'
import { emptyNode } from './schema-node.ts'

const nothing: readonly string[] = []

/**
 * Removes what the schema does not know, in place, and answers with the paths in document order: `spec.foo`,
 * `spec.containers[0].bar`. Callers turn them into warnings or errors: `unknown field "spec.foo"`.
 */
export function pruneUnknownFields(object: object, node: SchemaNode): readonly string[] {
  const trails = prune(object, node, false, 0)
  return trails ? trails.map((trail) => trailToPath(trail)) : nothing
}

/** `unknown field "spec.foo"`: the text of the Warning and of the strict decoding error. */
export function unknownFieldText(path: string): string {
  return `unknown field "${path}"`
}

/** `keep`: an array that preserves unknown fields lends that to its items. */
function prune(value: unknown, node: SchemaNode, keep: boolean, depth: number): Trail[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  checkDepth(depth)
  const trails = Array.isArray(value)
    ? pruneItems(value, node, keep || node.preserveUnknownFields === true, depth)
    : pruneFields(value as JsonObject, node, keep || node.preserveUnknownFields === true, depth)
  return node.format !== undefined && isSilent(node) ? undefined : trails
}

function pruneItems(items: unknown[], node: SchemaNode, keep: boolean, depth: number): Trail[] | undefined {
  const item = node.items
  if (!item && keep) return undefined
  let all: Trail[] | undefined
  for (let index = 0; index < items.length; index++) {
    const trails = prune(items[index], item ?? emptyNode, keep, depth + 1)
    if (trails) all = addStep(all, trails, index)
  }
  return all
}

function pruneFields(object: JsonObject, node: SchemaNode, keep: boolean, depth: number): Trail[] | undefined {
  const { properties, additionalProperties } = node
  if (!properties && !additionalProperties && keep) return undefined
  let all: Trail[] | undefined
  for (const name in object) {
    const field = properties?.get(name) ?? additionalProperties
    if (field) {
      const trails = prune(object[name], field, false, depth + 1)
      if (trails) all = addStep(all, trails, name)
    } else if (!keep) {
      delete object[name]
      all = addStep(all, [[]], name)
    }
  }
  return all
}

function addStep(all: Trail[] | undefined, trails: Trail[], step: string | number): Trail[] {
  for (const trail of trails) trail.push(step)
  if (!all) return trails
  all.push(...trails)
  return all
}

/** Types whose decoder in Go drops unknown fields without a word. */
function isSilent(node: SchemaNode): boolean {
  return (
    node.format === 'schema-or-bool' || node.format === 'schema-or-array' || node.format === 'schema-or-string-array'
  )
}
