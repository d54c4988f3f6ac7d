/**
 * Times as Go reads them: https://pkg.go.dev/time#Parse with RFC 3339, and its error texts, which clients see.
 */
export interface GoTime {
  /** Whole seconds since the Unix epoch. */
  readonly seconds: number
  readonly nanoseconds: number
}

/** The message is upstream's whole sentence. */
export class GoTimeError extends Error {}

export const rfc3339Layout = '2006-01-02T15:04:05Z07:00'
export const rfc3339MicroLayout = '2006-01-02T15:04:05.000000Z07:00'

/** RFC 3339, a fraction allowed; with the micro layout exactly six digits of it. */
export function parseGoTime(text: string, layout: string = rfc3339Layout): GoTime {
  const reader = new Reader(text, layout)
  const year = reader.digits(4, '2006')
  reader.literal('-')
  const month = reader.digits(2, '01')
  if (month < 1 || month > 12) reader.outOfRange('month')
  reader.literal('-')
  const day = reader.digits(2, '02')
  reader.literal('T')
  const hour = reader.hour()
  if (hour > 23) reader.outOfRange('hour')
  reader.literal(':')
  const minute = reader.digits(2, '04')
  if (minute > 59) reader.outOfRange('minute')
  reader.literal(':')
  const second = reader.digits(2, '05')
  if (second > 59) reader.outOfRange('second')
  const nanoseconds = layout === rfc3339MicroLayout ? reader.micros() : reader.optionalFraction()
  const offsetMinutes = reader.zone()
  reader.end()
  if (day < 1 || day > daysIn(year, month)) reader.outOfRange('day')
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute - offsetMinutes, second)
  return { seconds: date.getTime() / 1000, nanoseconds }
}

/** `2006-01-02T15:04:05Z`: how a Time is written. */
export function formatTime(time: GoTime): string {
  return new Date(time.seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** `2006-01-02T15:04:05.000000Z`: how a MicroTime is written. */
export function formatMicroTime(time: GoTime): string {
  const micros = String(Math.floor(time.nanoseconds / 1000)).padStart(6, '0')
  return formatTime(time).replace('Z', `.${micros}Z`)
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

class Reader {
  readonly #text: string
  readonly #layout: string
  #at = 0

  constructor(text: string, layout: string) {
    this.#text = text
    this.#layout = layout
  }

  digits(count: number, element: string): number {
    const part = this.#text.slice(this.#at, this.#at + count)
    if (part.length < count || !/^[0-9]+$/.test(part)) this.fail(element)
    this.#at += count
    return Number(part)
  }

  /** Go takes one digit for `15` too. */
  hour(): number {
    const match = /^[0-9]{1,2}/.exec(this.#text.slice(this.#at, this.#at + 2))
    if (!match) return this.fail('15')
    this.#at += match[0].length
    return Number(match[0])
  }

  literal(character: string): void {
    if (this.#text[this.#at] !== character) this.fail(character)
    this.#at++
  }

  optionalFraction(): number {
    const match = /^[.,][0-9]+/.exec(this.#text.slice(this.#at, this.#at + 64))
    if (!match) return 0
    this.#at += match[0].length
    return Number(match[0].slice(1, 10).padEnd(9, '0'))
  }

  micros(): number {
    const match = /^[.,][0-9]{6}/.exec(this.#text.slice(this.#at, this.#at + 7))
    if (!match) return this.fail('.000000')
    this.#at += match[0].length
    return Number(match[0].slice(1)) * 1000
  }

  /** The offset from UTC in minutes. */
  zone(): number {
    const rest = this.#text.slice(this.#at, this.#at + 6)
    if (rest.startsWith('Z')) {
      this.#at++
      return 0
    }
    const match = /^([+-])([0-9]{2}):([0-9]{2})/.exec(rest)
    if (!match) return this.fail('Z07:00')
    const [all, sign, hours, minutes] = match
    this.#at += all.length
    if (Number(hours) > 24) this.outOfRange('time zone offset hour')
    if (Number(minutes) > 60) this.outOfRange('time zone offset minute')
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  }

  end(): void {
    const rest = this.#text.slice(this.#at)
    if (rest !== '') throw new GoTimeError(`parsing time ${quote(this.#text)}: extra text: ${quote(rest)}`)
  }

  outOfRange(what: string): never {
    throw new GoTimeError(`parsing time ${quote(this.#text)}: ${what} out of range`)
  }

  fail(element: string): never {
    const rest = this.#text.slice(this.#at)
    throw new GoTimeError(
      `parsing time ${quote(this.#text)} as ${quote(this.#layout)}: cannot parse ${quote(rest)} as ${quote(element)}`,
    )
  }
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
