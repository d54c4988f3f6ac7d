import { describe, expect, it } from 'vitest'
import type { ContractContext } from './backend-harness.ts'
import { pages, put, record, remove, replay, text } from './backend-harness.ts'

export function compactionContract({ backend }: ContractContext): void {
  describe('compaction', () => {
    it('makes older revisions unreadable and leaves current values and newer history', async () => {
      const first = await put(backend(), 'k', '1')
      await put(backend(), 'other', 'x')
      const second = await put(backend(), 'k', '2')
      const third = await put(backend(), 'k', '3')
      expect(await backend().compactedRevision()).toBe(0)
      await backend().compact(second)
      expect(await backend().compactedRevision()).toBe(second)
      for (const revision of [0, 1, first, second]) {
        await expect(async () => backend().get('k', revision)).rejects.toMatchObject({ code: 'compacted' })
        await expect(async () => backend().range({ start: 'a', end: 'z', revision })).rejects.toMatchObject({
          name: 'StorageError',
          code: 'compacted',
        })
      }
      await expect(async () => backend().history({ after: first, limit: 1 })).rejects.toMatchObject({
        code: 'compacted',
      })
      expect((await replay(backend(), second)).events).toMatchObject([
        { key: 'k', revision: third, value: '3', createRevision: first, previous: { value: '2', revision: second } },
      ])
      expect(text((await backend().get('k', third))?.value)).toBe('3')
      expect(text((await backend().get('other', third))?.value)).toBe('x')
      expect(text((await backend().get('other'))?.value)).toBe('x')
    })

    it('keeps what was current at every revision that is still readable', async () => {
      const states: { revision: number; state: unknown }[] = []
      for (let i = 0; i < 30; i++) {
        const revision = await (i % 4 === 3 ? remove : put)(backend(), `k${i % 3}`, String(i))
        states.push({ revision, state: await backend().range({ start: 'k', end: 'l', revision }) })
      }
      for (const upTo of [5, 6, 17, 25]) {
        await backend().compact(states[upTo]!.revision)
        for (const { revision, state } of states.slice(upTo + 1))
          expect(await backend().range({ start: 'k', end: 'l', revision })).toEqual(state)
      }
    })

    it('never takes the newest revision, so that a list in pages can go on', async () => {
      for (let i = 0; i < 5; i++) await put(backend(), `k${i}`, String(i))
      const newest = await backend().confirmedRevision()
      const first = await backend().range({ start: 'k', end: 'l', limit: 2 })
      await backend().compact(newest)
      expect(await backend().compactedRevision()).toBeLessThan(newest)
      const rest = await pages(backend(), { start: 'k1\0', end: 'l', limit: 2, revision: first.revision })
      expect(rest.items).toHaveLength(3)
      expect((await replay(backend(), newest)).events).toEqual([])
    })

    it('to a smaller or equal revision is no error, to one that does not exist it is', async () => {
      const first = await put(backend(), 'k', '1')
      const second = await put(backend(), 'k', '2')
      await put(backend(), 'k', '3')
      await backend().compact(second)
      await backend().compact(second)
      await backend().compact(first)
      await backend().compact(0)
      expect(await backend().compactedRevision()).toBe(second)
      await expect(backend().compact(second + 100)).rejects.toMatchObject({ code: 'future-revision' })
    })

    it('removes what was deleted, and says nothing on the feed', async () => {
      await put(backend(), 'k', '1')
      const deleted = await remove(backend(), 'k')
      await put(backend(), 'z', '1')
      const feed = record(backend())
      await backend().compact(deleted)
      expect(feed.batches).toEqual([])
      expect(await backend().get('k')).toBeUndefined()
      const again = await put(backend(), 'k', '2')
      expect(await backend().get('k')).toMatchObject({ revision: again, createRevision: again })
      expect(feed.events()).toMatchObject([{ key: 'k', previous: undefined }])
    })

    it('goes on beside writers and readers', async () => {
      for (let i = 0; i < 300; i++) await put(backend(), `k${i % 20}`, String(i))
      const upTo = await backend().confirmedRevision()
      await put(backend(), 'k0', 'after')
      const compacting = backend().compact(upTo)
      const writes = Promise.all(Array.from({ length: 100 }, (_, i) => put(backend(), `k${i % 20}`, `new ${i}`)))
      const read = await backend().range({ start: 'k', end: 'l' })
      expect(read.items).toHaveLength(20)
      await Promise.all([compacting, writes])
      expect(await backend().compactedRevision()).toBe(upTo)
      expect((await replay(backend(), upTo, { limit: 1000 })).events).toHaveLength(101)
      for (let i = 0; i < 20; i++) expect(text((await backend().get(`k${i}`))?.value)).toBe(`new ${80 + i}`)
    })
  })
}
