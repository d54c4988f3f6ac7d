import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  fromInt64,
  fromMilli,
  isQuantity,
  parseQuantity,
  QuantityError,
  quantityToInt64,
  quantityToMilli,
  quantityToNumber,
  subtractQuantities,
} from './quantity.ts'

describe('a quantity is printed as Go prints it', () => {
  test.each([
    ['0', '0'],
    ['0Gi', '0'],
    ['-0', '0'],
    ['+', '0'],
    ['1', '1'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['100m', '100m'],
    ['0.1', '100m'],
    ['0.1m', '100u'],
    ['1.5', '1500m'],
    ['1.500', '1.500'],
    ['.5', '500m'],
    ['0.5n', '1n'],
    ['1e-30', '1e-9'],
    ['1u', '1u'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['1000Ki', '1000Ki'],
    ['0.5Gi', '512Mi'],
    ['1.5Gi', '1536Mi'],
    ['1.1Mi', '1153433600m'],
    ['512', '512'],
    ['0.5Ki', '512'],
    ['1025', '1025'],
    ['-1Gi', '-1Gi'],
    ['+1Gi', '+1Gi'],
    ['-1.5', '-1500m'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['12e4', '120e3'],
    ['1E', '1E'],
    ['1000000000000000000000', '1e21'],
    ['9999999999999999999Ki', '9223372036854775807'],
    ['8Ei', '9223372036854775807'],
    ['1e100', '10e99'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical)
  })

  test.each([
    ['', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['abc', /quantities must match/],
    ['1.2.3', /quantities must match/],
    [' 1', /quantities must match/],
    ['1mm', "unable to parse quantity's suffix"],
    ['1e', "unable to parse quantity's suffix"],
    ['1K', "unable to parse quantity's suffix"],
    ['1+5', "unable to parse quantity's suffix"],
    ['1e99999999999999', "unable to parse quantity's suffix"],
    ['9'.repeat(100_000), 'unable to parse numeric part of quantity'],
  ])('%.20s is refused', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(QuantityError)
    expect(() => parseQuantity(text)).toThrow(message)
    expect(isQuantity(text)).toBe(false)
  })
})

const read = (text: string): bigint[] => {
  const quantity = parseQuantity(text)
  return [quantityToInt64(quantity), quantityToMilli(quantity)]
}

describe('arithmetic', () => {
  test.each([
    ['1', '1000m', 0],
    ['1Gi', '1G', 1],
    ['-1', '1n', -1],
    ['0', '0Ki', 0],
    ['1e1000000', '1', 1],
    ['-1e1000000', '1e-9', -1],
  ])('%s against %s is %i', (a, b, order) => {
    expect(compareQuantities(parseQuantity(a), parseQuantity(b))).toBe(order)
    expect(compareQuantities(parseQuantity(b), parseQuantity(a))).toBe(order === 0 ? 0 : -order)
  })

  test.each([
    ['100m', '900m', '1', '-800m'],
    ['1Gi', '1Mi', '1025Mi', '1023Mi'],
    ['0', '1Ki', '1Ki', '-1Ki'],
    ['1Ki', '1m', '1024001m', '1023999m'],
    ['1k', '1Ki', '2024', '-24'],
  ])('%s plus %s is %s, minus it is %s', (left, right, sum, difference) => {
    const [a, b] = [parseQuantity(left), parseQuantity(right)]
    expect(formatQuantity(addQuantities(a, b))).toBe(sum)
    expect(formatQuantity(subtractQuantities(a, b))).toBe(difference)
  })

  test('whole units and thousandths are rounded away from zero and kept within int64', () => {
    expect(read('1500m')).toEqual([2n, 1500n])
    expect(read('-1500m')).toEqual([-2n, -1500n])
    expect(read('1n')).toEqual([1n, 1n])
    expect(read('5Gi')).toEqual([5_368_709_120n, 5_368_709_120_000n])
    expect(read('1e1000000')).toEqual([9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n])
    expect(quantityToNumber(parseQuantity('250m'))).toBe(0.25)
    expect(formatQuantity(fromMilli(1500))).toBe('1500m')
    expect(formatQuantity(fromInt64(1n << 30n, 'BinarySI'))).toBe('1Gi')
  })

  test('an exponent from an attacker costs nothing', () => {
    const huge = parseQuantity('1e1000000')
    expect(formatQuantity(addQuantities(huge, parseQuantity('1n')))).toBe('10e999999')
    expect(formatQuantity(huge)).toBe('10e999999')
  })
})

describe('properties', () => {
  const number = fc
    .tuple(fc.constantFrom('', '-', '+'), fc.nat(9_999_999), fc.constantFrom('', '.', '.5', '.250', '.123456789012'))
    .map((parts) => parts.join(''))
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'E-4', 'e7')
  const quantity = fc.tuple(number, suffix).map((parts) => parts.join(''))

  test('the canonical form has the same value', () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const parsed = parseQuantity(text)
        expect(compareQuantities(parseQuantity(formatQuantity(parsed)), parsed)).toBe(0)
      }),
    )
  })

  test('adding and taking away again leads back', () => {
    fc.assert(
      fc.property(quantity, quantity, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)]
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0)
      }),
    )
  })

  test('any text is a quantity or a QuantityError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0129.+-eEinumkKMGTP ')) }), (text) => {
        try {
          formatQuantity(parseQuantity(text))
        } catch (error) {
          expect(error).toBeInstanceOf(QuantityError)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
