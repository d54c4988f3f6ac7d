import { maxInt64, minInt64 } from './int64.ts'

/**
 * What an unquoted YAML scalar means to Kubernetes' tools: YAML 1.1 as go-yaml v2 reads it (yes, on and y are booleans,
 * 0777 is octal, 1_000 a number; base 60 and timestamps are not resolved further).
 */
export type ScalarKind = 'null' | 'boolean' | 'integer' | 'float' | 'timestamp' | 'string'

export interface ResolvedScalar {
  readonly kind: ScalarKind
  /** Timestamps and strings are their own text. */
  readonly value: null | boolean | number | bigint | string
}

const words = new Map<string, ResolvedScalar>()
for (const [list, resolved] of [
  ['y Y yes Yes YES true True TRUE on On ON', { kind: 'boolean', value: true }],
  ['n N no No NO false False FALSE off Off OFF', { kind: 'boolean', value: false }],
  [' ~ null Null NULL', { kind: 'null', value: null }],
  ['.nan .NaN .NAN', { kind: 'float', value: Number.NaN }],
  ['.inf .Inf .INF +.inf +.Inf +.INF', { kind: 'float', value: Infinity }],
  ['-.inf -.Inf -.INF', { kind: 'float', value: -Infinity }],
] satisfies [string, ResolvedScalar][]) {
  for (const word of list.split(' ')) words.set(word, resolved)
}

const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
/** Nothing longer is a number to anybody; reading it as one would be work. */
const maxNumberLength = 400

export function resolveScalar(text: string): ResolvedScalar {
  const word = words.get(text)
  if (word) return word
  const string: ResolvedScalar = { kind: 'string', value: text }
  if (text.length > maxNumberLength || !/^[-+.0-9]/.test(text)) return string
  if (text.startsWith('.')) return (float.test(text) ? toFloat(text) : undefined) ?? string
  if (isTimestamp(text)) return { kind: 'timestamp', value: text }
  const plain = text.replaceAll('_', '')
  return parseInteger(plain) ?? (float.test(plain) ? toFloat(plain) : undefined) ?? string
}

function toFloat(text: string): ResolvedScalar | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? { kind: 'float', value } : undefined
}

// Go's ParseInt with base 0: prefixes choose the base, a leading zero means octal.
function parseInteger(text: string): ResolvedScalar | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(text)
  if (!match) return undefined
  const [, sign, hexadecimal, binary, octal, decimal] = match
  const digits = hexadecimal ? `0x${hexadecimal}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? '')
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits)
  if (value >= minInt64 && value <= maxInt64) return { kind: 'integer', value: toNumber(value) }
  // Go goes on with uint64, which has no sign in front; JSON readers make a float of it.
  return sign === '' && value < 2n ** 64n ? { kind: 'integer', value: Number(value) } : undefined
}

function toNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const timestamp =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/

/** Dates stay text in JSON, but they are no plain strings: printers quote them. */
function isTimestamp(text: string): boolean {
  const match = timestamp.exec(text)
  if (!match) return false
  const [year, month, day] = match.slice(1, 4).map(Number)
  const [hour = 0, minute = 0, second = 0] = match
    .slice(match[4] === undefined ? 7 : 4)
    .map((part) => Number(part ?? 0))
  const date = new Date(Date.UTC(2000, (month ?? 0) - 1, day ?? 0))
  date.setUTCFullYear(year ?? 0, (month ?? 0) - 1, day ?? 0)
  const isDate = date.getUTCMonth() === (month ?? 0) - 1 && date.getUTCDate() === day
  return isDate && hour < 24 && minute < 60 && second < 60
}

/** Base 60 as YAML 1.1 has it; nobody resolves it, printers quote it all the same. */
export function isBase60(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text)
}

/** Go's FormatFloat(value, 'g', -1, 64) with YAML's words for what is no number. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
