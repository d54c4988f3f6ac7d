import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalMicroTime, canonicalTime, formatMicroTime, formatTime, parseTime } from './time.ts'

describe('times', () => {
  test.each([
    ['2024-02-29T12:34:56Z', '2024-02-29T12:34:56Z'],
    ['2024-02-29T12:34:56.789Z', '2024-02-29T12:34:56Z'],
    ['2024-02-29T12:34:56,789Z', '2024-02-29T12:34:56Z'],
    ['2024-02-29T12:34:56+01:30', '2024-02-29T11:04:56Z'],
    ['2024-12-31T23:59:59-00:01', '2025-01-01T00:00:59Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
  ])('%s comes back as %s', (text, canonical) => {
    expect(canonicalTime(text)).toBe(canonical)
  })

  test.each([
    '',
    'now',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01',
    '2024-01-01T00:00:00',
    '2024-01-01t00:00:00z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00+0100',
    '9999-12-31T23:59:59-01:00',
    `2024-01-01T00:00:00.${'1'.repeat(100)}Z`,
  ])('%j is no time', (text) => {
    expect(canonicalTime(text)).toBeUndefined()
    expect(parseTime(text)).toBeUndefined()
  })

  test('a MicroTime has exactly six decimals', () => {
    expect(canonicalMicroTime('2024-01-01T01:00:00.123456+01:00')).toBe('2024-01-01T00:00:00.123456Z')
    expect(canonicalMicroTime('2024-01-01T01:00:00Z')).toBeUndefined()
    expect(canonicalMicroTime('2024-01-01T01:00:00.123Z')).toBeUndefined()
    expect(formatMicroTime(1_700_000_000_123.456)).toBe('2023-11-14T22:13:20.123456Z')
    expect(formatMicroTime(-0.001)).toBe('1969-12-31T23:59:59.999999Z')
    expect(formatMicroTime(0)).toBe('1970-01-01T00:00:00.000000Z')
  })

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
        const text = formatTime(seconds * 1000)
        expect(parseTime(text)).toBe(seconds * 1000)
        expect(canonicalTime(text)).toBe(text)
      }),
    )
  })
})
