/** Reading and defaulting parsed JSON of any shape: wrong types read as absent, the schema reports them. */
export type Fields = Record<string, unknown>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path of constant field names; undefined when there is nothing. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object
  for (const name of path) {
    if (!isFields(value)) return undefined
    value = value[name]
  }
  return value ?? undefined
}

export function fieldsAt(object: unknown, ...path: readonly string[]): Fields | undefined {
  const value = valueAt(object, ...path)
  return isFields(value) ? value : undefined
}

/** The objects of an array; empty when there is none. */
export function listAt(object: unknown, ...path: readonly string[]): readonly Fields[] {
  const value = valueAt(object, ...path)
  return Array.isArray(value) ? value.filter(isFields) : []
}

export function stringsAt(object: unknown, ...path: readonly string[]): readonly string[] {
  const value = valueAt(object, ...path)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Empty when absent, as Go has it. */
export function stringAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path)
  return typeof value === 'string' ? value : ''
}

export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path)
  return typeof value === 'number' ? value : undefined
}

export function booleanAt(object: unknown, ...path: readonly string[]): boolean | undefined {
  const value = valueAt(object, ...path)
  return typeof value === 'boolean' ? value : undefined
}

/** A map of strings (labels, selectors, data) as entries in byte order of their keys. */
export function entriesAt(object: unknown, ...path: readonly string[]): readonly (readonly [string, string])[] {
  const map = fieldsAt(object, ...path)
  if (map === undefined) return []
  const entries = Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return entries.sort(([left], [right]) => (left < right ? -1 : 1))
}

/** Gives an optional field (a pointer in Go) its default when it is absent or null. */
export function defaultTo(target: Fields, field: string, value: unknown): void {
  if (target[field] === undefined || target[field] === null) target[field] = value
}

/** Gives a plain field its default when it has Go's zero value: absent, null, '' or 0. */
export function defaultZero(target: Fields, field: string, value: unknown): void {
  const current = target[field]
  if (current === undefined || current === null || current === '' || current === 0) target[field] = value
}

/** The object in a field, made empty when it is absent; undefined when something else stands there. */
export function ensureFields(target: Fields, field: string): Fields | undefined {
  defaultTo(target, field, {})
  return fieldsAt(target, field)
}

/** Lists that upstream always writes: null when they are empty or absent. */
export function nullWhenEmpty(target: Fields, field: string): void {
  const value = target[field]
  if (value === undefined || (Array.isArray(value) && value.length === 0)) target[field] = null
}
