/**
 * Times as the API writes them: RFC 3339 in UTC, whole seconds (Time) or exactly six decimals (MicroTime).
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ and the Lease and Event kinds.
 */

let latest = { seconds: 0, text: '1970-01-01T00:00:00Z' }

/** Time, from milliseconds since the Unix epoch. Most calls are about the second of the call before. */
export function formatTime(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000)
  if (seconds !== latest.seconds) latest = { seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` }
  return latest.text
}

/** MicroTime, from milliseconds since the Unix epoch; fractions of a millisecond count. */
export function formatMicroTime(epochMs: number): string {
  const micros = Math.floor(epochMs * 1000)
  const seconds = Math.floor(micros / 1_000_000)
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros - seconds * 1_000_000).padStart(6, '0')}Z`
}

interface ParsedTime {
  /** Whole seconds since the Unix epoch. */
  readonly seconds: number
  /** What follows the decimal point, as written. */
  readonly fraction: string
}

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

function parseParts(text: string): ParsedTime | undefined {
  // A time is short: what is long is not one, and is not worth a look at every digit.
  const match = text.length <= 64 ? shape.exec(text) : null
  if (!match) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 24 || offsetMinutes > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const offset = (offsetHours * 60 + offsetMinutes) * 60 * (match[8] === '-' ? -1 : 1)
  const seconds = date.getTime() / 1000 - offset
  return seconds < minSeconds || seconds > maxSeconds ? undefined : { seconds, fraction: match[7] ?? '' }
}

/** Years 0000 to 9999, the ones that RFC 3339 can write. */
const minSeconds = -62_167_219_200
const maxSeconds = 253_402_300_799

/** Milliseconds since the Unix epoch, fractions kept; undefined when the text is no RFC 3339 time. */
export function parseTime(text: string): number | undefined {
  const parts = parseParts(text)
  return parts && parts.seconds * 1000 + Number(`0.${parts.fraction || '0'}`) * 1000
}

/** How a Time comes back from the API: in UTC, without fractions. Undefined when it is no time. */
export function canonicalTime(text: string): string | undefined {
  const parts = parseParts(text)
  return parts && formatTime(parts.seconds * 1000)
}

/** How a MicroTime comes back; it must have been written with exactly six decimals. */
export function canonicalMicroTime(text: string): string | undefined {
  const parts = parseParts(text)
  if (parts?.fraction.length !== 6) return undefined
  return `${formatTime(parts.seconds * 1000).slice(0, 19)}.${parts.fraction}Z`
}
