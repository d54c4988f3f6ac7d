import type { Json, JsonObject } from '../object.ts'
import type { SchemaNode } from '../schema.ts'
import { formatGoType, formatGoValue, jsonTypeName } from './go-format.ts'
import { cloneJson, getOwn, isJsonObject } from './json-value.ts'
import { rejectedPatch, unmergeablePatch } from './patch-errors.ts'
import { goKind, type PatchField } from './patch-metadata.ts'
import { withoutDirectives } from './strategic-directives.ts'

/** Merges a patch's item into the item of the same key, which is given away. */
export type MergeItem = (target: JsonObject, patch: JsonObject, schema: SchemaNode) => JsonObject

export interface ListMerge {
  readonly field: PatchField
  readonly mergeItem: MergeItem
  /** Takes the patch's scalars out instead. */
  readonly isDeletion?: boolean
}

/** Merges two lists; `current` and its items are given away. */
export function mergeList(current: Json[], patch: Json[], { field, mergeItem, isDeletion }: ListMerge): Json[] {
  if (current.length === 0 && patch.length === 0) return current
  if (itemType(current, patch) !== 'object') {
    if (isDeletion) {
      const gone = new Set<Json>(patch)
      return current.filter((item) => !gone.has(item))
    }
    const merged = [...new Set([...current, ...patch])]
    return enforceOrder({ merged, patchOrder: patch, serverOrder: current, keyOf: scalarKey(field) })
  }
  const key = field.mergeKey
  if (key === undefined) throw unmergeablePatch(`cannot merge lists without merge key for ${goKind(field.schema)}`)
  const special = followItemDirectives(current as JsonObject[], patch as JsonObject[], key)
  const merged = mergeItems(special.current, special.patch, key, (target, item) =>
    mergeItem(target, item, field.schema),
  )
  const patchOrder = special.patch
  return enforceOrder({ merged, patchOrder, serverOrder: special.current, keyOf: (item) => keyOf(item, key) })
}

/**
 * `$setElementOrder/<list>`: merges when there is something to merge, and sorts by that order, then by the order of the
 * live list. undefined when neither side has the list.
 */
export function orderList(
  current: Json[] | undefined,
  patch: Json[] | undefined,
  order: Json[],
  how: ListMerge,
): Json[] | undefined {
  const key = how.field.mergeKey
  checkOrder(patch ?? [], order, key)
  if (!current && !patch) return undefined
  const serverOrder = [...(current ?? [])]
  const merged = mergeForOrder(current, patch, how)
  const keyOfItem = key === undefined ? (item: Json) => item : (item: Json) => keyOf(item, key)
  if (key !== undefined) for (const item of order) keyOf(item, key)
  itemType(serverOrder, patch ?? [])
  return enforceOrder({ merged, patchOrder: order, serverOrder, keyOf: keyOfItem })
}

function mergeForOrder(current: Json[] | undefined, patch: Json[] | undefined, how: ListMerge): Json[] {
  if (!patch) return current ?? []
  if (!current) return withoutDirectives(patch, true) as Json[]
  return how.field.strategy === 'merge' ? mergeList(current, patch, how) : (cloneJson(patch) as Json[])
}

/** The items that a patch sets must stand in its order list, in that order. */
function checkOrder(patch: readonly Json[], order: readonly Json[], mergeKey: string | undefined): void {
  if (order.length === 0 || patch.length === 0) return
  let next = 0
  for (const item of patch) {
    if (mergeKey !== undefined && !isJsonObject(item)) throw wrongItemType(item)
    if (isJsonObject(item) && getOwn(item, '$patch') !== undefined) continue
    const wanted = mergeKey === undefined ? item : keyOf(item, mergeKey)
    for (;;) {
      const candidate = order[next]
      if (candidate === undefined) {
        const lists = `${formatGoValue([...patch])}\n doesn't match $setElementOrder list:\n${formatGoValue([...order])}\n`
        throw unmergeablePatch(`The order in patch list:\n${lists}`)
      }
      next++
      if ((mergeKey === undefined ? candidate : keyOf(candidate, mergeKey)) === wanted) break
    }
  }
}

/** Takes the items with `$patch` out of the patch: `delete` removes their namesakes, `replace` drops the live list. */
function followItemDirectives(current: JsonObject[], patch: JsonObject[], mergeKey: string) {
  const plain: JsonObject[] = []
  const deleted = new Set<Json>()
  let replaces = false
  for (const item of patch) {
    const instruction = getOwn(item, '$patch')
    if (instruction === undefined) plain.push(item)
    else if (instruction === 'delete') deleted.add(keyOf(item, mergeKey))
    else if (instruction === 'replace') replaces = true
    else if (instruction === 'merge') throw unmergeablePatch('merging lists cannot yet be specified in the patch')
    else throw unmergeablePatch(`unknown patch type: ${formatGoValue(instruction)} in map: ${formatGoValue(item)}`)
  }
  if (replaces) return { current: plain.map((item) => cloneJson(item) as JsonObject), patch: [] }
  const kept = current.filter((item) => !deleted.has(getOwn(item, mergeKey) ?? null))
  return { current: kept, patch: plain }
}

/** Items of one key become one; the others of the patch go to the end. */
function mergeItems(
  current: JsonObject[],
  patch: JsonObject[],
  mergeKey: string,
  merge: (target: JsonObject, patch: JsonObject) => JsonObject,
): JsonObject[] {
  const merged = [...current]
  const positions = new Map<Json, number>()
  for (const [index, item] of merged.entries()) {
    const key = getOwn(item, mergeKey)
    if (key !== undefined && !positions.has(key)) positions.set(key, index)
  }
  for (const item of patch) {
    const key = keyOf(item, mergeKey)
    const position = positions.get(key)
    const present = position === undefined ? undefined : merged[position]
    if (position !== undefined && present) {
      merged[position] = merge(present, item)
    } else {
      positions.set(key, merged.push(cloneJson(item) as JsonObject) - 1)
    }
  }
  return merged
}

interface Ordering {
  readonly merged: readonly Json[]
  readonly patchOrder: readonly Json[]
  readonly serverOrder: readonly Json[]
  readonly keyOf: (item: Json) => Json
}

/**
 * Items that the patch names follow its order, the others that of the live list; where the live list knows both, the
 * others come before what they preceded there.
 */
function enforceOrder({ merged, patchOrder, serverOrder, keyOf }: Ordering): Json[] {
  const patchRank = ranks(patchOrder, keyOf)
  const serverRank = ranks(serverOrder, keyOf)
  const byRank = (rank: ReadonlyMap<Json, number>) => (left: Json, right: Json) =>
    (rank.get(keyOf(left)) ?? 0) - (rank.get(keyOf(right)) ?? 0)
  const named = merged.filter((item) => patchRank.has(keyOf(item))).sort(byRank(patchRank))
  const others = merged.filter((item) => !patchRank.has(keyOf(item))).sort(byRank(serverRank))
  const result: Json[] = []
  let next = 0
  for (const item of others) {
    const rank = serverRank.get(keyOf(item))
    for (; next < named.length; next++) {
      const candidate = named[next] as Json
      const other = serverRank.get(keyOf(candidate))
      if (rank !== undefined && other !== undefined && rank < other) break
      result.push(candidate)
    }
    result.push(item)
  }
  return [...result, ...named.slice(next)]
}

function ranks(list: readonly Json[], keyOf: (item: Json) => Json): Map<Json, number> {
  const rank = new Map<Json, number>()
  for (const [index, item] of list.entries()) {
    const key = keyOf(item)
    if (!rank.has(key)) rank.set(key, index)
  }
  return rank
}

function keyOf(item: Json, mergeKey: string): Json {
  if (!isJsonObject(item)) throw wrongItemType(item)
  const key = getOwn(item, mergeKey)
  if (key === undefined) {
    throw unmergeablePatch(`map: ${formatGoValue(item)} does not contain declared merge key: ${mergeKey}`)
  }
  return key
}

/** A list of scalars where the schema wants objects with a key fails as soon as an item is asked for it. */
function scalarKey({ mergeKey }: PatchField): (item: Json) => Json {
  return mergeKey === undefined ? (item) => item : (item) => keyOf(item, mergeKey)
}

function wrongItemType(item: Json): Error {
  return unmergeablePatch(`expected a map[string]interface {}, but received a ${formatGoType(item)}`)
}

/** The one JSON type of all items. */
function itemType(...lists: Json[][]): string {
  let type: string | undefined
  for (const item of lists.flat()) {
    const current = jsonTypeName(item)
    if (type === undefined && current === 'array') throw rejectedPatch('lists of lists are not supported')
    if (type !== undefined && type !== current) {
      throw unmergeablePatch(`list element types are not identical: ${formatGoValue(lists)}`)
    }
    type = current
  }
  if (type === undefined) throw unmergeablePatch('no elements in any of the given slices')
  return type
}
