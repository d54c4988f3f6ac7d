import type { Json, JsonObject } from '../object.ts'
import { getOwn, isEmptyObject, isJsonObject, jsonEqual } from '../patch/json-value.ts'
import type { SchemaNode } from '../schema.ts'
import { fieldsOfWhole } from './collect-fields.ts'
import { type FieldSet, inOrder, isEmptySet, nothing, union } from './field-set.ts'
import { fieldElement } from './path-element.ts'
import { asWholeObject, fieldSchema, isAtomicList, isAtomicMap } from './typed-schema.ts'
import { itemElement, itemSchema, shapeOf } from './typed-schema.ts'

/** How one object became another. No field is in two of the sets. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

/** A part's comparison; absent sets are empty, and `nothing` means the part itself. */
interface Difference {
  added?: FieldSet | undefined
  modified?: FieldSet | undefined
  removed?: FieldSet | undefined
}

type Draft = { [element: string]: FieldSet }

/** Walks both objects once, side by side; what did not change costs no memory. */
export function compareObjects(before: JsonObject, after: JsonObject, schema: SchemaNode): Comparison {
  const found = compareValues(asWholeObject(schema), before, after)
  return {
    added: found?.added ?? nothing,
    modified: found?.modified ?? nothing,
    removed: found?.removed ?? nothing,
  }
}

export function isUnchanged({ added, modified, removed }: Comparison): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed)
}

/** Each of the three sets, filtered. */
export function filterComparison(comparison: Comparison, filter: (set: FieldSet) => FieldSet): Comparison {
  return {
    added: filter(comparison.added),
    modified: filter(comparison.modified),
    removed: filter(comparison.removed),
  }
}

function compareValues(schema: SchemaNode, before: Json, after: Json): Difference | undefined {
  if (before === after) return undefined
  const shape = shapeOf(schema, after)
  const earlier = shapeOf(schema, before)
  if (shape === earlier) return compareShapes(shape, schema, before, after)
  // Of `any`, the kind of value changed: what was there goes, what is there comes.
  const gone = compareShapes(earlier, schema, before, after)
  const come = compareShapes(shape, schema, before, after)
  return gone && come ? joined(gone, come) : (gone ?? come)
}

function compareShapes(shape: string, schema: SchemaNode, before: Json, after: Json): Difference | undefined {
  if (shape === 'map') {
    const [left, right] = [objectOrNone(before), objectOrNone(after)]
    const bothEmpty = (!left || isEmptyObject(left)) && (!right || isEmptyObject(right))
    return isAtomicMap(schema) || bothEmpty ? compareLeaves(before, after) : compareMaps(schema, left, right)
  }
  if (shape === 'list') {
    const [left, right] = [arrayOrNone(before), arrayOrNone(after)]
    const bothEmpty = left.length === 0 && right.length === 0
    return isAtomicList(schema) || bothEmpty ? compareLeaves(before, after) : compareLists(schema, left, right)
  }
  return compareLeaves(before, after)
}

const modifiedItself: Difference = Object.freeze({ modified: nothing })

function compareLeaves(before: Json, after: Json): Difference | undefined {
  return jsonEqual(before, after) ? undefined : modifiedItself
}

function objectOrNone(value: Json): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}

const noItems: readonly Json[] = []

function arrayOrNone(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : noItems
}

const noFields: JsonObject = Object.freeze({})

function compareMaps(
  schema: SchemaNode,
  before: JsonObject = noFields,
  after: JsonObject = noFields,
): Difference | undefined {
  const found = new Findings()
  for (const key in after) {
    const value = after[key]
    if (value === undefined || value === before[key]) continue
    const previous = getOwn(before, key)
    const below = fieldSchema(schema, key)
    if (previous === undefined) found.add(fieldElement(key), fieldsOfWhole(below, value))
    else found.take(fieldElement(key), compareValues(below, previous, value))
  }
  for (const key in before) {
    const value = before[key]
    if (value === undefined || getOwn(after, key) !== undefined) continue
    found.remove(fieldElement(key), fieldsOfWhole(fieldSchema(schema, key), value))
  }
  return found.result()
}

function compareLists(schema: SchemaNode, before: readonly Json[], after: readonly Json[]): Difference | undefined {
  // Most lists did not change; then nobody need know what their items are called.
  if (jsonEqual(before as Json[], after as Json[])) return undefined
  const found = new Findings()
  const below = itemSchema(schema)
  const left = itemsByElement(schema, before)
  const right = itemsByElement(schema, after)
  for (const [element, items] of right) compareItems(found, below, element, left.get(element) ?? noItems, items)
  for (const [element, items] of left) if (!right.has(element)) compareItems(found, below, element, items, noItems)
  return found.result()
}

function itemsByElement(schema: SchemaNode, list: readonly Json[]): Map<string, Json[]> {
  const items = new Map<string, Json[]>()
  for (const item of list) {
    const element = itemElement(schema, item)
    if (typeof element !== 'string') continue
    const namesakes = items.get(element)
    if (namesakes) namesakes.push(item)
    else items.set(element, [item])
  }
  return items
}

/** Several items of one element count as a whole that nobody can look into. */
function compareItems(
  found: Findings,
  schema: SchemaNode,
  element: string,
  before: readonly Json[],
  after: readonly Json[],
): void {
  const [previous, current] = [before[0], after[0]]
  if (before.length > 1 && after.length > 1) {
    if (!jsonEqual([...before], [...after])) found.take(element, modifiedItself)
  } else if (before.length > 1) {
    if (current !== undefined) found.add(element, fieldsOfWhole(schema, current))
    found.remove(element, nothing)
  } else if (after.length > 1) {
    if (previous !== undefined) found.remove(element, fieldsOfWhole(schema, previous))
    found.add(element, nothing)
  } else if (previous === undefined) {
    if (current !== undefined) found.add(element, fieldsOfWhole(schema, current))
  } else if (current === undefined) {
    found.remove(element, fieldsOfWhole(schema, previous))
  } else {
    found.take(element, compareValues(schema, previous, current))
  }
}

/** Collects what the parts of a value report; makes nothing when they report nothing. */
class Findings {
  difference: { added?: Draft; modified?: Draft; removed?: Draft } | undefined

  result(): Difference | undefined {
    if (!this.difference) return undefined
    const { added, modified, removed } = this.difference
    return {
      added: added && inOrder(added),
      modified: modified && inOrder(modified),
      removed: removed && inOrder(removed),
    }
  }

  add(element: string, fields: FieldSet): void {
    ;((this.difference ??= {}).added ??= {})[element] = fields
  }

  remove(element: string, fields: FieldSet): void {
    ;((this.difference ??= {}).removed ??= {})[element] = fields
  }

  take(element: string, part: Difference | undefined): void {
    if (!part) return
    if (part.added) this.add(element, part.added)
    if (part.removed) this.remove(element, part.removed)
    if (part.modified) ((this.difference ??= {}).modified ??= {})[element] = part.modified
  }
}

function joined(left: Difference, right: Difference): Difference {
  return {
    added: joinedSets(left.added, right.added),
    modified: joinedSets(left.modified, right.modified),
    removed: joinedSets(left.removed, right.removed),
  }
}

function joinedSets(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  return left && right ? union(left, right) : (left ?? right)
}
