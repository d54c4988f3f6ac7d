import { expect, test } from 'vitest'
import type { FillRandom } from './random-bytes.ts'
import { generateName, randomSuffix } from './random-suffix.ts'
import { formatUid, isUid, newUid } from './uid.ts'

/** The same bytes each time, counted up. */
function countingRandom(): FillRandom {
  let next = 0
  return (target) => target.forEach((_, index) => (target[index] = next++ & 0xff))
}

test('a suffix has five characters of the alphabet, and chance is injected', () => {
  expect(randomSuffix(5, countingRandom())).toBe('bcdfg')
  expect(randomSuffix(40, countingRandom())).toBe('bcdfghjklmnpqrstvwxz2456789bcdfghjklmnpq')
  expect(randomSuffix()).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('bytes that name no character are skipped until there are enough', () => {
  let calls = 0
  const mostlyUseless: FillRandom = (target) => target.fill(calls++ < 3 ? 31 : 26)
  expect(randomSuffix(5, mostlyUseless)).toBe('99999')
})

test('a generated name fits into a label', () => {
  expect(generateName('web-', countingRandom())).toBe('web-bcdfg')
  expect(generateName('a'.repeat(200), countingRandom())).toBe(`${'a'.repeat(58)}bcdfg`)
})

test('a uid is a version 4 UUID', () => {
  expect(newUid(countingRandom())).toBe('00010203-0405-4607-8809-0a0b0c0d0e0f')
  expect(newUid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(newUid()).not.toBe(newUid())
  expect(isUid(formatUid(new Uint8Array(32).fill(255)))).toBe(true)
  expect(isUid('FFFFFFFF-0000-0000-0000-000000000000')).toBe(false)
})
