import { maxInt64, minInt64 } from './int64.ts'

/**
 * An amount of something: exact, never a float. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * The value is `mantissa × 10^scale`. `text` is kept where Go keeps what was written instead of its canonical form.
 */
export interface Quantity {
  readonly mantissa: bigint
  readonly scale: number
  readonly format: QuantityFormat
  readonly text?: string
}
export type QuantityFormat = 'DecimalExponent' | 'BinarySI' | 'DecimalSI'

/** Its message is upstream's; decoders put their own words around it. */
export class QuantityError extends Error {}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const wrongNumber = 'unable to parse numeric part of quantity'
const wrongSuffix = "unable to parse quantity's suffix"

/** Nobody writes this many digits in good faith, and big integers grow slow. */
const maxLength = 1024
const nano = -9

const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const binarySuffixes = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
])
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixOf = new Map([...binarySuffixes].map(([suffix, exponent]) => [exponent, suffix]))

// No two parts can match the same characters: hostile texts cost no backtracking.
const shape = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(|[eEinumkKMGTP]+[-+]?[0-9]*|[-+][0-9]*)$/

export function parseQuantity(text: string): Quantity {
  if (text.length > maxLength) throw new QuantityError(wrongNumber)
  const match = shape.exec(text)
  if (text === '' || !match) throw new QuantityError(wrongFormat)
  const [, sign = '', whole = '', fraction = '', suffixText = ''] = match
  const suffix = parseSuffix(suffixText)
  const digits = (whole.replace(/^0+/, '') || '0') + fraction
  if (suffix.format === 'BinarySI') return parseBinary(text, sign, digits, fraction.length, suffix.exponent)
  return parseDecimal(text, sign, digits, fraction.length, suffix)
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

function parseSuffix(suffix: string): { format: QuantityFormat; exponent: number } {
  const decimal = decimalSuffixes.get(suffix)
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal }
  const binary = binarySuffixes.get(suffix)
  if (binary !== undefined) return { format: 'BinarySI', exponent: binary }
  if (!/^[eE][+-]?[0-9]+$/.test(suffix)) throw new QuantityError(wrongSuffix)
  const exponent = Number(suffix.slice(1))
  // Beyond what the exponent of any real amount is; upstream wraps it around, which helps nobody.
  if (Math.abs(exponent) > 1_000_000) throw new QuantityError(wrongSuffix)
  return { format: 'DecimalExponent', exponent }
}

function parseDecimal(
  text: string,
  sign: string,
  digits: string,
  places: number,
  { format, exponent }: { format: QuantityFormat; exponent: number },
): Quantity {
  const scale = exponent - places
  const mantissa = signed(sign, BigInt(digits))
  if (digits.length > 18 || scale < nano) return roundToNano(mantissa, scale, format)
  // What is written canonically enough keeps its spelling ("1.500" stays), as in Go's fast path.
  const keeps = scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
  return keeps ? { mantissa, scale, format, text } : { mantissa, scale, format }
}

function parseBinary(text: string, sign: string, digits: string, places: number, exponent: number): Quantity {
  const number = BigInt(digits)
  const mantissa = signed(sign, number << BigInt(exponent))
  const fits = digits.length + Math.trunc((exponent * 3) / 10) + 1 <= 15
  if (places === 0 && fits) {
    const quantity: Quantity = { mantissa, scale: 0, format: 'BinarySI' }
    return (number & 7n) !== 0n ? { ...quantity, text } : quantity
  }
  const rounded = roundToNano(mantissa, -places, 'BinarySI')
  if (compareQuantities(absolute(rounded), { mantissa: maxInt64, scale: 0, format: 'BinarySI' }) > 0) {
    return { mantissa: signed(sign, maxInt64), scale: 0, format: 'BinarySI' }
  }
  const belowOne = rounded.scale < 0 && absolute(rounded).mantissa < 10n ** BigInt(-rounded.scale)
  return belowOne && rounded.mantissa !== 0n ? { ...rounded, format: 'DecimalSI' } : rounded
}

function signed(sign: string, magnitude: bigint): bigint {
  return sign === '-' ? -magnitude : magnitude
}

function absolute(quantity: Quantity): Quantity {
  return quantity.mantissa < 0n ? { ...quantity, mantissa: -quantity.mantissa } : quantity
}

/** Away from zero: whoever asks for something gets something. */
function roundToNano(mantissa: bigint, scale: number, format: QuantityFormat): Quantity {
  if (scale >= nano) return { mantissa, scale, format }
  return { mantissa: divideAwayFromZero(mantissa, nano - scale), scale: nano, format }
}

function divideAwayFromZero(mantissa: bigint, places: number): bigint {
  if (mantissa === 0n) return 0n
  const sign = mantissa < 0n ? -1n : 1n
  if (places > maxLength) return sign
  const divisor = 10n ** BigInt(places)
  const quotient = mantissa / divisor
  return mantissa % divisor === 0n ? quotient : quotient + sign
}

/** -1, 0 or 1 as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const signA = signOf(a.mantissa)
  const signB = signOf(b.mantissa)
  if (signA !== signB) return signA < signB ? -1 : 1
  if (signA === 0) return 0
  // Numbers of different magnitude are told apart without writing out their zeros.
  const magnitude = magnitudeOf(a) - magnitudeOf(b)
  if (magnitude !== 0) return magnitude > 0 ? signA : -signA
  const scale = Math.min(a.scale, b.scale)
  const left = a.mantissa * 10n ** BigInt(a.scale - scale)
  const right = b.mantissa * 10n ** BigInt(b.scale - scale)
  return signOf(left - right)
}

function signOf(value: bigint): number {
  if (value === 0n) return 0
  return value < 0n ? -1 : 1
}

function magnitudeOf({ mantissa, scale }: Quantity): number {
  return (mantissa < 0n ? -mantissa : mantissa).toString().length + scale
}

/** The sum, in the format of `a` unless `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const format = a.mantissa === 0n ? b.format : a.format
  const [high, low] = a.scale > b.scale ? [a, b] : [b, a]
  if (low.mantissa === 0n || high.mantissa === 0n) {
    const { mantissa, scale } = low.mantissa === 0n ? high : low
    return { mantissa, scale, format }
  }
  // A sum that would need thousands of digits is an attack; the smaller part drowns.
  if (high.scale - low.scale > 4 * maxLength) return { mantissa: high.mantissa, scale: high.scale, format }
  const raised = high.mantissa * 10n ** BigInt(high.scale - low.scale)
  return { mantissa: raised + low.mantissa, scale: low.scale, format }
}

export function negateQuantity({ mantissa, scale, format }: Quantity): Quantity {
  return { mantissa: -mantissa, scale, format }
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, negateQuantity(b))
}

export function isZeroQuantity(quantity: Quantity): boolean {
  return quantity.mantissa === 0n
}

/** Whole units, rounded away from zero, within int64. */
export function quantityToInt64(quantity: Quantity): bigint {
  return scaledValue(quantity, 0)
}

/** Thousandths, rounded away from zero, within int64. */
export function quantityToMilli(quantity: Quantity): bigint {
  return scaledValue(quantity, -3)
}

function scaledValue({ mantissa, scale }: Quantity, target: number): bigint {
  if (scale < target) return withinInt64(divideAwayFromZero(mantissa, target - scale))
  if (mantissa === 0n) return 0n
  const places = scale - target
  if (places > 20) return mantissa < 0n ? minInt64 : maxInt64
  return withinInt64(mantissa * 10n ** BigInt(places))
}

function withinInt64(value: bigint): bigint {
  if (value > maxInt64) return maxInt64
  return value < minInt64 ? minInt64 : value
}

/** An approximation, for ratios and scores. */
export function quantityToNumber({ mantissa, scale }: Quantity): number {
  return Number(`${mantissa}e${scale}`)
}

export function fromInt64(value: bigint | number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { mantissa: BigInt(value), scale: 0, format }
}

export function fromMilli(value: bigint | number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { mantissa: BigInt(value), scale: -3, format }
}

/** As Go prints it: the largest suffix that loses nothing and needs no fraction. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text
  if (quantity.mantissa === 0n) return '0'
  if (quantity.format === 'BinarySI') {
    const binary = formatBinary(quantity)
    if (binary !== undefined) return binary
  }
  return formatDecimal(quantity)
}

/** `formatQuantity(parseQuantity(text))`: how the API server answers with a quantity that it was given. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text))
}

function formatBinary(quantity: Quantity): string | undefined {
  const limit = { mantissa: 1024n, scale: 0, format: quantity.format } as const
  if (compareQuantities(absolute(quantity), limit) < 0 || quantity.scale > 40) return undefined
  const value = wholeValue(quantity)
  if (value === undefined) return undefined
  let amount = value
  let exponent = 0
  while (exponent < 60 && amount % 1024n === 0n) {
    amount /= 1024n
    exponent += 10
  }
  return `${amount}${binarySuffixOf.get(exponent) ?? ''}`
}

function wholeValue({ mantissa, scale }: Quantity): bigint | undefined {
  if (scale >= 0) return mantissa * 10n ** BigInt(scale)
  const divisor = 10n ** BigInt(-scale)
  return mantissa % divisor === 0n ? mantissa / divisor : undefined
}

function formatDecimal({ mantissa, scale, format }: Quantity): string {
  const text = mantissa.toString()
  const digits = text.replace(/0+$/, '')
  const trimmed = scale + text.length - digits.length
  const exponent = Math.floor(trimmed / 3) * 3
  const amount = digits + '0'.repeat(trimmed - exponent)
  const suffix = format === 'DecimalExponent' ? undefined : decimalSuffixOf.get(exponent)
  if (suffix !== undefined) return amount + suffix
  // Beyond E (and n) Go prints the bare mantissa, which is another number; the exponent keeps it true.
  return exponent === 0 ? amount : `${amount}e${exponent}`
}
