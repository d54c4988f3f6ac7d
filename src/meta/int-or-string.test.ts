import { expect, test } from 'vitest'
import { intOrStringToNumber, isIntOrString, parseIntOrString, scaleIntOrPercent } from './int-or-string.ts'

test('an int32 or a string, nothing else', () => {
  expect([80, -1, 'http', ''].every(isIntOrString)).toBe(true)
  expect([1.5, 2 ** 31, 80n, null, true, {}].some(isIntOrString)).toBe(false)
})

test.each([
  ['80', 80],
  ['+80', 80],
  ['2147483648', '2147483648'],
  ['80a', '80a'],
  ['', ''],
])('%j reads as %j', (text, value) => {
  expect(parseIntOrString(text)).toBe(value)
})

test('a string that is no number counts as 0', () => {
  expect([7, '8', 'x', '25%'].map(intOrStringToNumber)).toEqual([7, 8, 0, 0])
})

test.each([
  [2, 10, 'up', 2],
  ['25%', 10, 'up', 3],
  ['25%', 10, 'down', 2],
  ['0%', 10, 'up', 0],
  ['7', 10, 'up', undefined],
  ['x%', 10, 'up', undefined],
] as const)('%j of %i rounded %s is %j', (value, total, round, scaled) => {
  expect(scaleIntOrPercent(value, total, round)).toBe(scaled)
})
