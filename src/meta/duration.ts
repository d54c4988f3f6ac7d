import { maxInt64 } from './int64.ts'
import { goQuote } from './field-error.ts'

/** Go's time.Duration: nanoseconds. The JSON form is the text (`1h0m0s`), the protobuf form the number. */
export class DurationError extends Error {}

const nanosecondsOf: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

/** `1h30m`, `-1.5s`, `300ms`, `0`: nanoseconds. Throws DurationError in Go's words. */
export function parseDuration(text: string): bigint {
  const invalid = `time: invalid duration ${goQuote(text)}`
  const negative = text.startsWith('-')
  let rest = negative || text.startsWith('+') ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '' || rest.length > 256) throw new DurationError(invalid)
  let total = 0n
  while (rest !== '') {
    const part = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest)
    const [found = '', whole = '', fraction = ''] = part ?? []
    if (whole === '' && fraction === '') throw new DurationError(invalid)
    const unit = /^[^0-9.]*/.exec(rest.slice(found.length))?.[0] ?? ''
    if (unit === '') throw new DurationError(`time: missing unit in duration ${goQuote(text)}`)
    const nanoseconds = nanosecondsOf.get(unit)
    if (nanoseconds === undefined) {
      throw new DurationError(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`)
    }
    total += BigInt(whole || '0') * nanoseconds
    // Eighteen places are finer than a nanosecond of any unit.
    if (fraction !== '')
      total += (BigInt(fraction.slice(0, 18)) * nanoseconds) / 10n ** BigInt(Math.min(fraction.length, 18))
    if (total > maxInt64 + (negative ? 1n : 0n)) throw new DurationError(invalid)
    rest = rest.slice(found.length + unit.length)
  }
  return negative ? -total : total
}

/** As Go prints it: `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : ''
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (total === 0n) return '0s'
  if (total < 1_000n) return `${sign}${total}ns`
  if (total < 1_000_000n) return `${sign}${decimal(total, 3)}µs`
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 6)}ms`
  const minutes = total / 60_000_000_000n
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return sign + seconds
  const hours = minutes / 60n
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`)
}

export function durationToMs(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1_000_000
}
