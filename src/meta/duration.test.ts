import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DurationError, durationToMs, formatDuration, parseDuration } from './duration.ts'
import { humanDuration, shortHumanDuration } from './human-duration.ts'

describe('durations of Go', () => {
  test.each([
    ['0', '0s'],
    ['1h30m', '1h30m0s'],
    ['90s', '1m30s'],
    ['-1.5s', '-1.5s'],
    ['+5m', '5m0s'],
    ['1500ms', '1.5s'],
    ['.5ms', '500µs'],
    ['1us', '1µs'],
    ['1.5us', '1.5µs'],
    ['2ns', '2ns'],
    ['0.1ns', '0s'],
    ['100h', '100h0m0s'],
    ['2540400h10m10.000000000s', '2540400h10m10s'],
    ['9223372036854775807ns', '2562047h47m16.854775807s'],
    ['-9223372036854775808ns', '-2562047h47m16.854775808s'],
  ])('%s is %s', (text, canonical) => {
    expect(formatDuration(parseDuration(text))).toBe(canonical)
  })

  test.each([
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['1', 'time: missing unit in duration "1"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1h 2m', 'time: unknown unit "h " in duration "1h 2m"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    [`${'9'.repeat(500)}s`, 'time: invalid duration'],
  ])('%.24s is refused', (text, message) => {
    expect(() => parseDuration(text)).toThrow(DurationError)
    expect(() => parseDuration(text)).toThrow(message)
  })

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanoseconds) => {
        expect(parseDuration(formatDuration(nanoseconds))).toBe(nanoseconds)
      }),
    )
    expect(durationToMs(parseDuration('1.5s'))).toBe(1500)
  })
})

describe('ages', () => {
  const [second, minute, hour, day, year] = [1_000, 60_000, 3_600_000, 86_400_000, 31_536_000_000]

  test.each([
    [-5 * second, '<invalid>', '<invalid>'],
    [-1_500, '0s', '0s'],
    [-1, '0s', '0s'],
    [0, '0s', '0s'],
    [119 * second, '119s', '1m'],
    [120 * second, '2m', '2m'],
    [9 * minute + 59 * second, '9m59s', '9m'],
    [10 * minute + 5 * second, '10m', '10m'],
    [179 * minute, '179m', '2h'],
    [3 * hour, '3h', '3h'],
    [7 * hour + 30 * minute, '7h30m', '7h'],
    [47 * hour, '47h', '1d'],
    [5 * day + 3 * hour, '5d3h', '5d'],
    [8 * day + 3 * hour, '8d', '8d'],
    [700 * day, '700d', '1y'],
    [2 * year + 11 * day, '2y11d', '2y'],
    [3 * year, '3y', '3y'],
    [9 * year, '9y', '9y'],
  ])('%i ms is %s, in short %s', (durationMs, text, short) => {
    expect(humanDuration(durationMs)).toBe(text)
    expect(shortHumanDuration(durationMs)).toBe(short)
  })
})
