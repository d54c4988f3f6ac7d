import type { Json, JsonObject } from '../object.ts'
import { getOwn, isJsonObject, setOwn } from './json-value.ts'

export const patchDirective = '$patch'

/** A copy without what `$patch` marks; undefined when the value itself carries it. */
export function withoutDirectives(value: Json, keepNulls: boolean): Json | undefined {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const kept = withoutDirectives(item, keepNulls)
      // The extra brackets keep a list inside a list from being flattened.
      return kept === undefined ? [] : [kept]
    })
  }
  if (!isJsonObject(value)) return value
  if (getOwn(value, patchDirective) !== undefined) return undefined
  const kept: JsonObject = {}
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member === undefined || (member === null && !keepNulls)) continue
    const rest = withoutDirectives(member, keepNulls)
    if (rest !== undefined) setOwn(kept, key, rest)
  }
  return kept
}
