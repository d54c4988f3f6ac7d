import { parseInt64 } from './int64.ts'

/** A port or a number of replicas: an int32, or a name or percentage. */
export type IntOrString = number | string

export function isIntOrString(value: unknown): value is IntOrString {
  return typeof value === 'string' || isInt32(value)
}

export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value
}

/** `8080` becomes a number, `http` stays a string. */
export function parseIntOrString(text: string): IntOrString {
  const number = parseInt64(text, 32)
  return number === undefined ? text : Number(number)
}

/** The number, or what a string reads as; 0 when it is no number. */
export function intOrStringToNumber(value: IntOrString): number {
  return typeof value === 'number' ? value : Number(parseInt64(value) ?? 0)
}

/** `25%` of `total`, rounded as asked, or the number itself; undefined for a string that is no percentage. */
export function scaleIntOrPercent(value: IntOrString, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  const percent = value.endsWith('%') ? parseInt64(value.slice(0, -1)) : undefined
  if (percent === undefined) return undefined
  const exact = (Number(percent) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
