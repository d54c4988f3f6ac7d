import type { Json } from '../../meta/object.ts'
import { canonicalQuantity, QuantityError } from '../../meta/quantity.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { formatMicroTime, formatTime, GoTimeError, parseGoTime, rfc3339Layout, rfc3339MicroLayout } from './go-time.ts'
import { isGoInteger } from './validate-number.ts'

/** The value in the form that Go writes it, the Go type that does not take it, or a decoder's own sentence. */
export type DecodedScalar =
  | { readonly value: Json }
  | { readonly type: string | undefined }
  | { readonly sentence: string }

/** What Go's decoder makes of a scalar of a built-in kind. */
export function decodeScalar(value: unknown, node: SchemaNode): DecodedScalar {
  switch (node.type) {
    case 'integer':
      return decodeInteger(value, node.format === 'int64' ? 'int64' : 'int32')
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? { value } : { type: undefined }
    case 'boolean':
      return typeof value === 'boolean' ? { value } : { type: undefined }
    case 'int-or-string':
      return typeof value === 'string' ? { value } : decodeInteger(value, 'int32')
    default:
      return decodeText(value, node.format)
  }
}

function decodeInteger(value: unknown, type: 'int32' | 'int64'): DecodedScalar {
  if (typeof value !== 'number' && typeof value !== 'bigint') return { type }
  if (!isGoInteger(value)) return { type }
  if (type === 'int32' && (value < -2_147_483_648 || value > 2_147_483_647)) return { type }
  return { value }
}

function decodeText(value: unknown, format: string | undefined): DecodedScalar {
  if (format === 'quantity') return decodeQuantity(value)
  // A named string type keeps its name in the error, so the caller fills it in.
  if (typeof value !== 'string')
    return { type: format === 'date-time' || format === 'micro-time' ? 'string' : undefined }
  switch (format) {
    case 'date-time':
      return decodeTime(value, rfc3339Layout)
    case 'micro-time':
      return decodeTime(value, rfc3339MicroLayout)
    case 'byte':
      return decodeBase64(value)
    default:
      return { value }
  }
}

function decodeQuantity(value: unknown): DecodedScalar {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
  try {
    return { value: canonicalQuantity(typeof text === 'string' ? text.trim() : 'x') }
  } catch (error) {
    if (error instanceof QuantityError) return { sentence: error.message }
    throw error
  }
}

function decodeTime(text: string, layout: string): DecodedScalar {
  try {
    const time = parseGoTime(text, layout)
    return { value: layout === rfc3339MicroLayout ? formatMicroTime(time) : formatTime(time) }
  } catch (error) {
    if (error instanceof GoTimeError) return { sentence: error.message }
    throw error
  }
}

function decodeBase64(text: string): DecodedScalar {
  const isClean = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  if (isClean && !text.endsWith('=')) return { value: text }
  const wrong = isClean ? -1 : base64Problem(text)
  if (wrong >= 0) return { sentence: `illegal base64 data at input byte ${wrong}` }
  // The last character may carry bits that belong to no byte.
  return { value: Buffer.from(text, 'base64').toString('base64') }
}

/** The byte at which Go's decoder gives up; -1 when it does not. Line breaks are skipped. */
function base64Problem(text: string): number {
  let place = 0
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\r' || character === '\n') continue
    if (character === '=') return paddingProblem(text, index, place)
    if (!/[A-Za-z0-9+/]/.test(character)) return index
    place = (place + 1) % 4
  }
  return place === 0 ? -1 : text.length - place
}

function paddingProblem(text: string, first: number, place: number): number {
  if (place < 2) return first
  let index = skipBreaks(text, first + 1)
  if (place === 2) {
    if (index >= text.length) return text.length
    if (text[index] !== '=') return index - 1
    index = skipBreaks(text, index + 1)
  }
  return index < text.length ? index : -1
}

function skipBreaks(text: string, from: number): number {
  let index = from
  while (text[index] === '\n' || text[index] === '\r') index++
  return index
}
