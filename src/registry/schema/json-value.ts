import type { Json, JsonObject } from '../../meta/object.ts'
import { checkDepth } from './field-trail.ts'

/** A deep copy of parsed JSON; `__proto__` stays an ordinary name. */
export function cloneJson<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value
  checkDepth(depth)
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item, depth + 1)) as T
  const copy: JsonObject = {}
  for (const name in value) setField(copy, name, cloneJson(value[name], depth + 1) as Json)
  return copy as T
}

/** Sets an own field, whatever it is called. */
export function setField(object: JsonObject, name: string, value: Json | undefined): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

/** An own field; undefined when there is none. */
export function ownField(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Equality of JSON values; a field that is undefined is absent, 1 and 1n are equal. */
export function equalJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    // eslint-disable-next-line eslint/eqeqeq -- a bigint equals the number of the same value
    return typeof a !== typeof b && isNumeric(a) && isNumeric(b) && a == b
  }
  checkDepth(depth)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => equalJson(item, b[index], depth + 1))
  }
  return equalFields(a as JsonObject, b as JsonObject, depth + 1)
}

function equalFields(a: JsonObject, b: JsonObject, depth: number): boolean {
  let count = 0
  for (const name in a) {
    const value = a[name]
    if (value === undefined) continue
    count++
    if (!Object.hasOwn(b, name) || !equalJson(value, b[name], depth)) return false
  }
  for (const name in b) if (b[name] !== undefined) count--
  return count === 0
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}
