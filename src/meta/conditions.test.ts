import { expect, test } from 'vitest'
import type { Condition } from './object.ts'
import { withTransition } from './conditions.ts'

const known: Condition[] = [
  { type: 'Ready', status: 'True', reason: 'Old', message: '', lastTransitionTime: '2020-01-01T00:00:00Z' },
]
const ready = (status: 'True' | 'False') => ({ type: 'Ready', status, reason: 'New', message: 'm' }) as const

test('a condition of the same status keeps the time of its transition', () => {
  expect(withTransition(ready('True'), known, 5_000)).toEqual({
    ...ready('True'),
    lastTransitionTime: '2020-01-01T00:00:00Z',
  })
})

test('a condition of another status, or a new one, is of now', () => {
  const now = '1970-01-01T00:00:05Z'
  expect(withTransition(ready('False'), known, 5_999).lastTransitionTime).toBe(now)
  expect(withTransition(ready('True'), [], 5_000).lastTransitionTime).toBe(now)
})
