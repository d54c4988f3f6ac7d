import { describe, expect, test } from 'vitest'
import { createInFlightLimit } from './in-flight.ts'

const enterAll = (limit: ReturnType<typeof createInFlightLimit>, workspace: string): number => {
  let count = 0
  while (limit.enter(workspace)) count++
  return count
}

describe('the limit of requests in work', () => {
  test('gives a lone workspace half, and a second one half of the rest', () => {
    const limit = createInFlightLimit(100)
    expect(enterAll(limit, 'busy')).toBe(50)
    expect(enterAll(limit, 'other')).toBe(25)
    expect(limit.total).toBe(75)
  })

  test('always leaves room for a workspace that has asked for nothing yet', () => {
    const limit = createInFlightLimit(1_000)
    for (let index = 0; index < 8; index++) enterAll(limit, `busy-${index}`)
    expect(limit.enter('quiet')).toBe(true)
  })

  test('takes back what is given back, and forgets who has nothing', () => {
    const limit = createInFlightLimit(10)
    expect(enterAll(limit, 'a')).toBe(5)
    for (let index = 0; index < 5; index++) limit.leave('a')
    expect(limit.total).toBe(0)
    expect(enterAll(limit, 'a')).toBe(5)
  })
})
