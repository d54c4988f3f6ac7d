import { badRequest } from '../api-errors.ts'
import type { Json, JsonObject } from '../object.ts'
import type { SchemaNode } from '../schema.ts'
import { formatGoType, formatGoValue, jsonTypeName } from './go-format.ts'
import { cloneJson, cloneJsonObject, getOwn, isJsonObject, setOwn, withinStack } from './json-value.ts'
import { undecodablePatch, unmergeablePatch } from './patch-errors.ts'
import { listField, objectField } from './patch-metadata.ts'
import { patchDirective, withoutDirectives } from './strategic-directives.ts'
import { mergeList, orderList } from './strategic-list-merge.ts'

const retainKeys = '$retainKeys'
const setElementOrder = '$setElementOrder'
const deleteFromPrimitiveList = '$deleteFromPrimitiveList'

/**
 * A strategic merge patch of a built-in kind; merge keys and strategies come from `schema`. The result shares no
 * container with `document`; neither argument is changed.
 * https://github.com/kubernetes/design-proposals-archive/blob/main/cli/preserve-order-in-strategic-merge-patch.md
 *
 * Errors: 400 for a patch that is no object and for malformed directives, 422 for lists of lists; what else does not
 * fit gets upstream's 500 with a text that names it.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: Json, schema: SchemaNode): JsonObject {
  if (patch === null) return cloneJsonObject(document)
  if (!isJsonObject(patch)) {
    const into = 'Go value of type map[string]interface {}'
    throw undecodablePatch(`json: cannot unmarshal ${jsonTypeName(patch)} into ${into}`)
  }
  return withinStack(() => mergeObject(cloneJsonObject(document), patch, schema))
}

/** Merges into `target`, which the caller gives away. */
function mergeObject(target: JsonObject, patch: JsonObject, schema: SchemaNode): JsonObject {
  const instruction = getOwn(patch, patchDirective)
  if (instruction !== undefined) return followDirective(instruction, patch)
  applyRetainKeys(target, patch)
  const merged = applyElementOrders(target, patch, schema)
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === undefined || key === retainKeys || merged.has(key)) continue
    mergeMember(target, key, value, schema)
  }
  return target
}

function followDirective(instruction: Json, patch: JsonObject): JsonObject {
  if (instruction === 'delete') return {}
  if (instruction !== 'replace') {
    throw unmergeablePatch(`unknown patch type: ${formatGoValue(instruction)} in map: ${formatGoValue(patch)}`)
  }
  const replacement = cloneJsonObject(patch)
  delete replacement[patchDirective]
  return replacement
}

function mergeMember(target: JsonObject, key: string, value: Json, schema: SchemaNode): void {
  const isDeletion = key.startsWith(deleteFromPrimitiveList)
  const name = isDeletion ? nameBehind(key, deleteFromPrimitiveList, 'primitive list') : key
  const current = getOwn(target, name)
  if (value === null) {
    delete target[name]
  } else if (current === undefined || jsonTypeName(current) !== jsonTypeName(value)) {
    if (!isDeletion) adopt(target, name, value)
  } else if (isJsonObject(current) && isJsonObject(value)) {
    const field = objectField(schema, name)
    setOwn(target, name, field.strategy === 'replace' ? cloneJson(value) : mergeObject(current, value, field.schema))
  } else if (Array.isArray(current) && Array.isArray(value)) {
    const field = listField(schema, name)
    const merges = field.strategy === 'merge' || isDeletion
    setOwn(
      target,
      name,
      merges ? mergeList(current, value, { field, isDeletion, mergeItem: mergeObject }) : cloneJson(value),
    )
  } else {
    setOwn(target, name, value)
  }
}

/** Takes a value that the document does not have, without its null members and without what `$patch` marks. */
function adopt(target: JsonObject, key: string, value: Json): void {
  const kept = withoutDirectives(value, false)
  if (kept === undefined) delete target[key]
  else setOwn(target, key, kept)
}

/** `$retainKeys` names every member that may stay; all that the patch sets must be among them. */
function applyRetainKeys(target: JsonObject, patch: JsonObject): void {
  const list = getOwn(patch, retainKeys)
  if (list === undefined) return
  if (!Array.isArray(list)) throw badRequest('invalid patch format of retainKeys')
  const retained = new Set<Json>(list)
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === undefined || value === null || key === retainKeys) continue
    if (key.startsWith(deleteFromPrimitiveList) || key.startsWith(setElementOrder)) continue
    if (!retained.has(key)) throw badRequest('invalid patch format of retainKeys')
  }
  for (const key of Object.keys(target)) if (!retained.has(key)) delete target[key]
}

/** Follows `$setElementOrder/<list>` together with `<list>`; returns the keys of the patch that are done by that. */
function applyElementOrders(target: JsonObject, patch: JsonObject, schema: SchemaNode): Set<string> {
  const done = new Set<string>()
  for (const key of Object.keys(patch)) {
    const order = patch[key]
    if (order === undefined || !key.startsWith(setElementOrder)) continue
    done.add(key)
    if (!Array.isArray(order)) throw wrongType(order)
    const name = nameBehind(key, setElementOrder, 'setElementOrder list')
    const current = listOrNothing(getOwn(target, name))
    const change = listOrNothing(getOwn(patch, name))
    const ordered = orderList(current, change, order, { field: listField(schema, name), mergeItem: mergeObject })
    if (!ordered) continue
    setOwn(target, name, ordered)
    done.add(name)
  }
  return done
}

function listOrNothing(value: Json | undefined): Json[] | undefined {
  if (value === undefined || Array.isArray(value)) return value
  throw wrongType(value)
}

function wrongType(value: Json): Error {
  return unmergeablePatch(`expected a []interface {}, but received a ${formatGoType(value)}`)
}

/** `containers` of `$setElementOrder/containers`. */
function nameBehind(key: string, prefix: string, what: string): string {
  if (!key.startsWith(`${prefix}/`)) throw badRequest(`invalid patch format of ${what}`)
  return key.slice(prefix.length + 1)
}
