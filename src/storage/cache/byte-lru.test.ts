import { describe, expect, it } from 'vitest'
import { ByteLru, type LruEntry } from './byte-lru.ts'

function setUp(budgetBytes: number) {
  const evicted: string[] = []
  const entry = (name: string, bytes: number): LruEntry => ({
    bytes,
    older: undefined,
    newer: undefined,
    evict: () => void evicted.push(name),
  })
  return { lru: new ByteLru(budgetBytes), entry, evicted }
}

describe('a list by last use', () => {
  it('gives up what was used longest ago when the budget is passed', () => {
    const { lru, entry, evicted } = setUp(10)
    const [a, b, c] = [entry('a', 4), entry('b', 4), entry('c', 4)]
    lru.add(a)
    lru.add(b)
    lru.touch(a)
    lru.add(c)
    expect(evicted).toEqual(['b'])
    expect(lru.bytes).toBe(8)
    lru.add(entry('d', 9))
    expect(evicted).toEqual(['b', 'a', 'c'])
    expect(lru.bytes).toBe(9)
  })

  it('gives up what is larger than the whole budget at once', () => {
    const { lru, entry, evicted } = setUp(10)
    lru.add(entry('small', 1))
    lru.add(entry('huge', 11))
    expect(evicted).toEqual(['small', 'huge'])
    expect(lru.bytes).toBe(0)
  })

  it('follows entries that grow, shrink and leave', () => {
    const { lru, entry, evicted } = setUp(10)
    const [a, b, c] = [entry('a', 3), entry('b', 3), entry('c', 3)]
    for (const each of [a, b, c]) lru.add(each)
    lru.resize(c, 1)
    expect(lru.bytes).toBe(7)
    lru.remove(b)
    expect(lru.bytes).toBe(4)
    lru.resize(c, 8)
    expect(evicted).toEqual(['a'])
    lru.remove(c)
    expect(lru.bytes).toBe(0)
    lru.add(b)
    expect(lru.bytes).toBe(3)
  })
})
