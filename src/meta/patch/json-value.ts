import { badRequest } from '../api-errors.ts'
import type { Json, JsonObject } from '../object.ts'

/*
 * Walking JSON that somebody else wrote: only own properties are read (`constructor` and `__proto__` are keys like
 * others), and a property whose value is `undefined` is absent.
 */

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function getOwn(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Assigning to `__proto__` would change the prototype; everything else is an assignment. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    object[key] = value
  }
}

/** A copy that shares no container with its source. */
export function cloneJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJson)
  return cloneJsonObject(value)
}

export function cloneJsonObject(value: JsonObject): JsonObject {
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member !== undefined) setOwn(copy, key, cloneJson(member))
  }
  return copy
}

/** Equal as values: members in any order, a bigint equals the number of the same size. */
export function jsonEqual(left: Json, right: Json): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return isInteger(left) && isInteger(right) && BigInt(left) === BigInt(right)
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && arraysEqual(left, right)
  }
  return objectsEqual(left, right)
}

function isInteger(value: Json): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
}

function arraysEqual(left: readonly Json[], right: readonly Json[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (!jsonEqual(left[index] ?? null, right[index] ?? null)) return false
  }
  return true
}

function objectsEqual(left: JsonObject, right: JsonObject): boolean {
  let members = 0
  for (const key in left) {
    const value = left[key]
    if (value === undefined) continue
    members++
    const other = right[key]
    // What a prototype has equals no JSON value, but must not be looked into.
    if (value === other) continue
    if (other === undefined || !Object.hasOwn(right, key) || !jsonEqual(value, other)) return false
  }
  for (const key in right) if (right[key] !== undefined) members--
  return members === 0
}

/** No members, or nothing but absent ones. */
export function isEmptyObject(object: JsonObject): boolean {
  for (const key in object) if (Object.hasOwn(object, key) && object[key] !== undefined) return false
  return true
}

/**
 * Runs a recursive walk over a document of unbounded depth. Walks here have no effects, so running out of stack is
 * safe to answer; a decoder that bounds the depth keeps honest documents far from it.
 */
export function withinStack<T>(walk: () => T): T {
  try {
    return walk()
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) throw badRequest('exceeded max depth', error)
    throw error
  }
}
