import type { Json, JsonObject } from '../object.ts'
import { getOwn, isEmptyObject, isJsonObject, setOwn } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

/**
 * The live object with an applied configuration laid over it: leaves of the configuration win, nothing is removed, lists
 * of type set or map keep the live items and follow the configuration's order. Containers are shared with both inputs.
 */
export function mergeObjects(live: JsonObject, applied: JsonObject, schema: SchemaNode): JsonObject {
  return mergeValues(asWholeObject(schema), live, applied) as JsonObject
}

function mergeValues(schema: SchemaNode, live: Json, applied: Json): Json {
  if (live === applied) return live
  switch (shapeOf(schema, applied)) {
    case 'map': {
      if (isAtomicMap(schema)) return applied
      // null for an object says nothing: the live one stays, unless there is none.
      if (!isJsonObject(applied)) return isJsonObject(live) && !isEmptyObject(live) ? live : applied
      if (!isJsonObject(live) || isEmptyObject(live)) return applied
      return mergeMaps(schema, live, applied)
    }
    case 'list': {
      if (isAtomicList(schema)) return applied
      if (!Array.isArray(applied) || applied.length === 0) {
        return Array.isArray(live) && live.length > 0 ? live : applied
      }
      return Array.isArray(live) && live.length > 0 ? mergeLists(schema, live, applied) : applied
    }
    default:
      return applied
  }
}

function mergeMaps(schema: SchemaNode, live: JsonObject, applied: JsonObject): JsonObject {
  const merged: JsonObject = {}
  let same = true
  for (const key of Object.keys(live)) {
    const value = live[key]
    if (value === undefined) continue
    const change = getOwn(applied, key)
    const result = change === undefined ? value : mergeValues(fieldSchema(schema, key), value, change)
    same &&= result === value
    setOwn(merged, key, result)
  }
  for (const key of Object.keys(applied)) {
    const value = applied[key]
    if (value === undefined || getOwn(live, key) !== undefined) continue
    same = false
    setOwn(merged, key, value)
  }
  return same ? live : merged
}

/**
 * Both orders are kept as far as they agree; where they do not, the configuration's wins. A live item that the
 * configuration does not have comes where the live list has it relative to the shared items.
 */
function mergeLists(schema: SchemaNode, live: readonly Json[], applied: readonly Json[]): Json[] {
  const itemsSchema = itemSchema(schema)
  const liveElements = elementsOf(schema, live)
  const appliedElements = elementsOf(schema, applied)
  const liveItems = byElement(liveElements, live)
  const appliedItems = byElement(appliedElements, applied)
  const shared = appliedElements.filter((element) => liveItems.has(element))
  const done = new Set<string>()
  const merged: Json[] = []
  let nextShared = 0

  const takeApplied = (element: string, item: Json) => {
    done.add(element)
    const present = liveItems.get(element)
    merged.push(present === undefined ? item : mergeValues(itemsSchema, present, item))
  }

  let [left, right] = [0, 0]
  while (left < live.length || right < applied.length) {
    const element = liveElements[left]
    const wanted = appliedElements[right]
    if (element !== undefined && wanted !== undefined) {
      if (element === wanted) {
        takeApplied(wanted, applied[right] ?? null)
        left++
        right++
        nextShared++
        continue
      }
      const next = shared[nextShared]
      if (appliedItems.has(element) && next !== undefined && next !== element) {
        // Shared, but another one is due: it comes when the configuration names it.
        left++
        continue
      }
    }
    if (element !== undefined) {
      if (!appliedItems.has(element)) {
        merged.push(live[left] ?? null)
        left++
        continue
      }
      if (done.has(element)) left++
    }
    if (wanted !== undefined) {
      takeApplied(wanted, applied[right] ?? null)
      right++
      if (shared[nextShared] === wanted) nextShared++
    }
  }
  const same = merged.length === live.length && merged.every((item, index) => item === live[index])
  return same ? (live as Json[]) : merged
}

/** Live items without an element (malformed, from before the schema) are told apart by where they stand. */
function elementsOf(schema: SchemaNode, items: readonly Json[]): string[] {
  return items.map((item, index) => {
    const element = itemElement(schema, item)
    return typeof element === 'string' ? element : `?:${index}`
  })
}

/** An element that is there twice stands for null: nobody knows which of the two to merge with. */
function byElement(elements: readonly string[], items: readonly Json[]): Map<string, Json> {
  const found = new Map<string, Json>()
  for (const [index, element] of elements.entries())
    found.set(element, found.has(element) ? null : (items[index] ?? null))
  return found
}
