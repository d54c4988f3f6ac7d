import type { Json } from '../object.ts'
import { utf8ByteLength } from '../utf8.ts'

/** Bytes of `value` as JSON without spaces. */
export function jsonLength(value: Json): number {
  if (value === null || typeof value === 'boolean') return String(value).length
  if (typeof value === 'string') return utf8ByteLength(JSON.stringify(value))
  if (typeof value === 'number' || typeof value === 'bigint') return String(value).length
  if (Array.isArray(value)) {
    return value.reduce((bytes: number, item) => bytes + jsonLength(item) + 1, value.length === 0 ? 2 : 1)
  }
  let bytes = 1
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member !== undefined) bytes += utf8ByteLength(JSON.stringify(key)) + jsonLength(member) + 2
  }
  return bytes === 1 ? 2 : bytes
}
