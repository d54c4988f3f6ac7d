import { fieldDuplicate, fieldInvalid } from '../../meta/field-error.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { isJsonObject, ownField, setField } from './json-value.ts'
import type { SchemaProblem } from './schema-problem.ts'

type Report = (index: number, describe: SchemaProblem['describe']) => void

/** Items of a set differ, and so do the keys of a map's items. A value is reported where it occurs for the second time. */
export function validateUniqueness(items: readonly unknown[], node: SchemaNode, report: Report): void {
  if (node.listType === 'set') reportDuplicates(items, items, report)
  else if (node.listType === 'map') validateMap(items, node.listMapKeys ?? [], report)
}

function validateMap(items: readonly unknown[], keys: readonly string[], report: Report): void {
  const wrong = items.findIndex((item) => item !== null && !isJsonObject(item))
  if (wrong >= 0) {
    const detail = 'must be an object for an array of list-type map'
    report(wrong, (_, field) => fieldInvalid(field, items[wrong], detail))
    return
  }
  if (items.length <= 1) return
  const identities = items.map((item) => keyOfItem(item, keys))
  reportDuplicates(identities, identities, report)
}

/** The fields of an item that tell it from others in its list; missing ones are left out. */
export function keyOfItem(item: unknown, keys: readonly string[]): JsonObject {
  const identity: JsonObject = {}
  if (!isJsonObject(item)) return identity
  for (const key of keys) {
    const value = ownField(item, key)
    if (value !== undefined) setField(identity, key, value as Json)
  }
  return identity
}

function reportDuplicates(items: readonly unknown[], shown: readonly unknown[], report: Report): void {
  if (items.length <= 1) return
  const seen = new Map<unknown, number>()
  for (let index = 0; index < items.length; index++) {
    const identity = identityOf(items[index])
    const times = seen.get(identity) ?? 0
    seen.set(identity, times + 1)
    if (times === 1) report(index, (_, field) => fieldDuplicate(field, shown[index]))
  }
}

/** Scalars stand for themselves, objects and arrays for their JSON in a canonical order of fields. */
export function identityOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value !== 'object' || value === null) return value
  return `json:${JSON.stringify(value, sortFields)}`
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!isJsonObject(value)) return value
  const sorted: JsonObject = {}
  for (const name of Object.keys(value).sort()) setField(sorted, name, value[name])
  return sorted
}
