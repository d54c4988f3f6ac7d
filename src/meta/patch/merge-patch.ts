import type { Json, JsonObject } from '../object.ts'
import { cloneJson, getOwn, isJsonObject, setOwn, withinStack } from './json-value.ts'
import { jsonTypeName } from './go-format.ts'
import { undecodablePatch } from './patch-errors.ts'

/**
 * RFC 7386 as kube-apiserver has it: nulls are dropped also from objects inside arrays that are new. The result shares
 * no container with `document`; neither argument is changed.
 *
 * `strict` (fieldValidation Warn or Strict) refuses with 400 whatever is not an object; otherwise an array replaces the
 * document, which the caller then cannot decode.
 */
export function applyMergePatch(document: Json, patch: Json, options: { readonly strict?: boolean } = {}): Json {
  if (patch === null) throw undecodablePatch('Invalid JSON Patch')
  if (!isJsonObject(patch)) {
    if (options.strict) {
      const into = 'Go value of type map[string]interface {}'
      throw undecodablePatch(`error decoding patch: json: cannot unmarshal ${jsonTypeName(patch)} into ${into}`)
    }
    if (!Array.isArray(patch)) throw undecodablePatch('Invalid JSON Patch')
  }
  return withinStack(() => merge(document, patch))
}

function merge(current: Json | undefined, patch: Json): Json {
  if (!isJsonObject(current)) return withoutNulls(patch)
  if (!isJsonObject(patch)) return cloneJson(patch)
  return mergeObjects(current, patch)
}

function mergeObjects(current: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = {}
  for (const key of Object.keys(current)) {
    const value = current[key]
    const change = getOwn(patch, key)
    if (value === undefined || change === null) continue
    setOwn(merged, key, change === undefined ? cloneJson(value) : merge(value, change))
  }
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === undefined || value === null || getOwn(current, key) !== undefined) continue
    setOwn(merged, key, withoutNulls(value))
  }
  return merged
}

/** What remains of a value that is new: null members are gone at every depth, null items of arrays stay. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isJsonObject(value)) return value
  const kept: JsonObject = {}
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member !== undefined && member !== null) setOwn(kept, key, withoutNulls(member))
  }
  return kept
}
