import { describe, expect, it } from 'vitest'
import type { ContractContext } from './backend-harness.ts'
import { bytes, plain, put, record, remove, replay } from './backend-harness.ts'

export function lifetimeContract({ backend, need }: ContractContext): void {
  describe('advancing the revision', () => {
    it('makes every later revision greater, and tells it by a batch without events', async () => {
      const before = await put(backend(), 'k', '1')
      const feed = record(backend())
      await backend().advanceRevision(5000)
      expect(await backend().confirmedRevision()).toBe(5000)
      expect(feed.batches).toEqual([{ revision: 5000, events: [] }])
      expect(await backend().range({ start: 'a', end: 'z' })).toMatchObject({
        revision: 5000,
        items: [{ revision: before }],
      })
      const after = await put(backend(), 'k', '2')
      expect(after).toBeGreaterThan(5000)
      expect(await backend().get('k', 3000)).toMatchObject({ revision: before })
      expect((await replay(backend(), before)).events).toMatchObject([{ revision: after }])
      expect((await replay(backend(), 4000)).events).toMatchObject([{ revision: after }])
    })

    it('never goes back', async () => {
      await backend().advanceRevision(100)
      await backend().advanceRevision(50)
      await backend().advanceRevision(100)
      expect(await backend().confirmedRevision()).toBe(100)
      expect(await put(backend(), 'k', '1')).toBeGreaterThan(100)
    })

    it('keeps its place among transactions', async () => {
      const [first, , second] = await Promise.all([
        put(backend(), 'a', '1'),
        backend().advanceRevision(700),
        put(backend(), 'b', '1'),
      ])
      expect(first).toBeLessThanOrEqual(700)
      expect(second).toBeGreaterThan(700)
    })

    it('lets what lies before be compacted', async () => {
      await put(backend(), 'k', '1')
      await backend().advanceRevision(1000)
      await backend().compact(900)
      expect(await backend().get('k', 950)).toMatchObject({ key: 'k' })
      expect((await replay(backend(), 900)).events).toEqual([])
    })
  })

  describe('closing', () => {
    it('waits for accepted transactions', async () => {
      const writes = Promise.all(Array.from({ length: 20 }, (_, i) => put(backend(), `k${i}`, 'x')))
      await backend().close()
      expect(await writes).toHaveLength(20)
    })

    it('is idempotent, and every call afterwards says closed', async () => {
      await Promise.all([backend().close(), backend().close()])
      await backend().close()
      const calls: (() => unknown)[] = [
        () => backend().get('k'),
        () => backend().get('k', 1),
        () => backend().range({ start: 'a', end: 'z' }),
        () => backend().txn({ puts: [{ key: 'k', value: bytes('') }] }),
        () => backend().txn({}),
        () => backend().history({ after: 1, limit: 1 }),
        () => backend().subscribe(() => {}),
        () => backend().confirmedRevision(),
        () => backend().compactedRevision(),
        () => backend().compact(1),
        () => backend().advanceRevision(9),
      ]
      for (const call of calls)
        await expect(async () => call(), String(call)).rejects.toMatchObject({ name: 'StorageError', code: 'closed' })
    })

    it('keeps everything for the next time: values, history, revisions, compaction', async (test) => {
      const reopen = need(test, 'reopen')
      for (let i = 0; i < 50; i++) await put(backend(), `k${i % 7}`, String(i))
      await remove(backend(), 'k3')
      await backend().compact(20)
      await backend().advanceRevision(100)
      await put(backend(), 'last', 'x')
      const look = async (handle: ReturnType<typeof backend>) => ({
        now: (await handle.range({ start: 'a', end: 'z' })).items.map(plain),
        earlier: (await handle.range({ start: 'a', end: 'z', revision: 30 })).items.map(plain),
        history: await replay(handle, 20),
        revision: await handle.confirmedRevision(),
        compacted: await handle.compactedRevision(),
      })
      const before = await look(backend())
      await backend().close()
      const again = await reopen()
      expect(await look(again)).toEqual(before)
      expect(await put(again, 'k0', 'new')).toBeGreaterThan(before.revision)
    })
  })
}
