import { stringifyJsonSlowly } from './json-writer.ts'

/** https://pkg.go.dev/k8s.io/apimachinery/pkg/util/validation/field#ErrorType, as it appears in `causes[].reason`. */
export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

/** One thing that is wrong with one field. `message` is the text after the field path, in upstream's words. */
export interface FieldError {
  reason: FieldErrorReason
  /** `spec.containers[0].name`, `metadata.labels[a.b/c]`; `<nil>` for the object itself. */
  field: string
  message: string
}

/** How upstream prints a bad value: strings quoted, objects as JSON, everything else as it is. */
export function formatBadValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'bigint') return value.toString()
  return stringifyJsonSlowly(value).replace(/[<>&]/g, (character) => htmlEscapes.get(character) ?? '')
}

// Go writes JSON that may stand in HTML.
const htmlEscapes: ReadonlyMap<string, string> = new Map([
  ['<', String.raw`\u003c`],
  ['>', String.raw`\u003e`],
  ['&', String.raw`\u0026`],
])

const goEscapes: ReadonlyMap<string, string> = new Map([
  ['\u0007', String.raw`\a`],
  ['\b', String.raw`\b`],
  ['\f', String.raw`\f`],
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
  ['\v', String.raw`\v`],
  ['"', String.raw`\"`],
  ['\\', '\\\\'],
])

/** Go's %q: quoted, with what is not printable escaped. */
export function goQuote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  return `"${text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]/gu, goEscape)}"`
}

function goEscape(character: string): string {
  const known = goEscapes.get(character)
  if (known !== undefined) return known
  const point = character.codePointAt(0) ?? 0
  const hex = point.toString(16)
  if (point < 0x80) return String.raw`\x${hex.padStart(2, '0')}`
  // Half a surrogate pair cannot be written as UTF-8; Go shows the replacement character.
  if (point >= 0xd800 && point <= 0xdfff) return '\ufffd'
  return point < 0x10000 ? String.raw`\u${hex.padStart(4, '0')}` : String.raw`\U${hex.padStart(8, '0')}`
}

export function fieldRequired(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: detail ? `Required value: ${detail}` : 'Required value' }
}

export function fieldInvalid(field: string, value: unknown, detail: string): FieldError {
  const message = `Invalid value: ${formatBadValue(value)}${detail ? `: ${detail}` : ''}`
  return { reason: 'FieldValueInvalid', field, message }
}

export function fieldTypeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', field, message: `Invalid value: ${formatBadValue(value)}: ${detail}` }
}

export function fieldDuplicate(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${formatBadValue(value)}` }
}

export function fieldNotFound(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${formatBadValue(value)}` }
}

export function fieldForbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: detail ? `Forbidden: ${detail}` : 'Forbidden' }
}

export function fieldNotSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((item) => goQuote(item)).join(', ')
  const suffix = supported.length > 0 ? `: supported values: ${list}` : ''
  return { reason: 'FieldValueNotSupported', field, message: `Unsupported value: ${formatBadValue(value)}${suffix}` }
}

export function fieldTooLong(field: string, maxBytes: number): FieldError {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maxBytes} bytes` }
}

export function fieldTooMany(field: string, actual: number, max: number): FieldError {
  return { reason: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${max} items` }
}
