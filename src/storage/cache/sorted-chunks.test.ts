import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedChunks } from './sorted-chunks.ts'

const item = (n: number, version = 0) => ({ key: String(n).padStart(6, '0'), version })

describe('sorted chunks', () => {
  it('hold what a map would, in order of the keys', () => {
    const step = fc.record({ kind: fc.constantFrom('set', 'set', 'delete'), n: fc.integer({ min: 0, max: 2500 }) })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1500 }), fc.array(step, { maxLength: 300 }), (initial, steps) => {
        const chunks = new SortedChunks<ReturnType<typeof item>>()
        const model = new Map(Array.from({ length: initial }, (_, n) => [item(n).key, item(n)]))
        chunks.append([...model.values()])
        steps.forEach(({ kind, n }, version) => {
          const { key } = item(n)
          if (kind === 'set') {
            expect(chunks.set(item(n, version))).toEqual(model.get(key))
            model.set(key, item(n, version))
          } else {
            expect(chunks.delete(key)).toEqual(model.get(key))
            model.delete(key)
          }
          expect(chunks.get(key)).toEqual(model.get(key))
        })
        const sorted = [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
        expect(chunks.count).toBe(sorted.length)
        expect(chunks.snapshot().flat()).toEqual(sorted)
        for (const chunk of chunks.snapshot()) expect(chunk.length).toBeGreaterThan(0)
        const [start, end] = [item(100).key, item(900).key]
        expect(chunks.between(start, end).flat()).toEqual(sorted.filter(({ key }) => key >= start && key < end))
        expect(chunks.between(end, start)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('leave a snapshot as it was, and share what did not change', () => {
    const chunks = new SortedChunks<ReturnType<typeof item>>()
    chunks.append(Array.from({ length: 2000 }, (_, n) => item(n * 2)))
    const before = chunks.snapshot()
    const copy = before.map((chunk) => [...chunk])
    chunks.set(item(1))
    chunks.set(item(2, 1))
    chunks.delete(item(6).key)
    expect(before).toEqual(copy)
    const after = chunks.snapshot()
    expect(after.filter((chunk) => before.includes(chunk)).length).toBe(before.length - 1)
    expect(chunks.between('', '~')[3]).toBe(after[3])
  })
})
