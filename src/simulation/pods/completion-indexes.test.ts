import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatIndexes, parseIndexes } from './completion-indexes.ts'

it.each([
  [[], ''],
  [[0], '0'],
  [[2, 0], '0,2'],
  [[0, 1], '0,1'],
  [[4, 1, 0, 2], '0-2,4'],
  [[-1, 3], '3'],
])('%j is written as "%s"', (indexes, text) => {
  expect(formatIndexes(new Set(indexes))).toBe(text)
})

it('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(500)), (indexes) => {
      expect(parseIndexes(formatIndexes(new Set(indexes)))).toEqual(new Set(indexes))
    }),
  )
})

it('nonsense is no index, and a huge range is cut', () => {
  expect(parseIndexes('a,,1-,-3,7')).toEqual(new Set([7]))
  expect(parseIndexes('0-999999999').size).toBe(100_001)
})
