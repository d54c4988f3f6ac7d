import type { Json } from '../object.ts'
import { isJsonObject } from './json-value.ts'

/** Go's %v of decoded JSON, as upstream's merge errors print it: `map[a:1 b:[x y]]`. */
export function formatGoValue(value: Json | undefined): string {
  if (value === undefined || value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(formatGoValue).join(' ')}]`
  if (!isJsonObject(value)) return String(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${formatGoValue(value[key])}`)
  return `map[${members.join(' ')}]`
}

/** Go's %T of decoded JSON. */
export function formatGoType(value: Json | undefined): string {
  if (value === undefined || value === null) return '%!s(<nil>)'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

/** What encoding/json calls a value that it cannot put somewhere: `object`, `array`, `string`, `number`, `bool`. */
export function jsonTypeName(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'bigint' ? 'number' : typeof value
}
