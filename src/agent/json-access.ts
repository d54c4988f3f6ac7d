import type { JsonObject } from '../meta/object.ts'

/** Manifests come from tenants: nothing in them has the type that its schema promises. */
export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own property of a record; undefined for everything else. */
export function member(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

export function recordAt(value: unknown, ...path: string[]): JsonObject | undefined {
  let current: unknown = value
  for (const key of path) current = member(current, key)
  return isRecord(current) ? current : undefined
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  let current: unknown = value
  for (const key of path) current = member(current, key)
  return typeof current === 'string' ? current : undefined
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  let current: unknown = value
  for (const key of path) current = member(current, key)
  return typeof current === 'number' ? current : undefined
}

/** The items of an array that are records. */
export function recordsAt(value: unknown, ...path: string[]): JsonObject[] {
  let current: unknown = value
  for (const key of path) current = member(current, key)
  return Array.isArray(current) ? current.filter(isRecord) : []
}
