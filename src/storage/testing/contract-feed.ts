import { describe, expect, it } from 'vitest'
import type { FeedEvent } from '../backend.ts'
import type { ContractContext } from './backend-harness.ts'
import { bytes, plainEvent, put, record, remove, replay, text } from './backend-harness.ts'

export function feedContract({ backend, need }: ContractContext): void {
  describe('the feed and the history', () => {
    it('tell the same: type, value, what stood there before, and the create revision', async () => {
      const feed = record(backend())
      const created = await put(backend(), 'k', '1')
      const updated = await put(backend(), 'k', '2')
      const deleted = await remove(backend(), 'k')
      const again = await put(backend(), 'k', '3')
      const event = { key: 'k', createRevision: created }
      const expected = [
        { ...event, type: 'put', revision: created, value: '1', previous: undefined },
        { ...event, type: 'put', revision: updated, value: '2', previous: { value: '1', revision: created } },
        { ...event, type: 'delete', revision: deleted, value: undefined, previous: { value: '2', revision: updated } },
        { ...event, type: 'put', revision: again, createRevision: again, value: '3', previous: undefined },
      ]
      expect(feed.events()).toEqual(expected)
      expect((await replay(backend(), 1)).events).toEqual(expected)
      expect((await replay(backend(), updated)).events).toEqual(expected.slice(2))
    })

    it('tell what one transaction did as it named it, puts before deletes', async () => {
      for (const key of ['c', 'a', 'd', 'b']) await put(backend(), key, key)
      const feed = record(backend())
      const after = await backend().confirmedRevision()
      const puts = ['z', 'y'].map((key) => ({ key, value: bytes(key) }))
      await backend().txn({ puts, deletes: ['c', 'a', 'd', 'b'] })
      expect(feed.events()).toMatchObject(['z', 'y', 'c', 'a', 'd', 'b'].map((key) => ({ key })))
      expect((await replay(backend(), after)).events).toEqual(feed.events())
    })

    it('have called the listener before the transaction is answered, and the listener can read it', async () => {
      const seen: (string | undefined)[] = []
      backend().subscribe((batch) => {
        void (async () => {
          const read = backend().get('k')
          const page = backend().range({ start: 'k', end: 'k\0' })
          expect(batch.revision).toBe(await backend().confirmedRevision())
          seen.push(text((await read)?.value), text((await page).items[0]?.value))
        })()
        seen.push('called')
      })
      await put(backend(), 'k', '1')
      expect(seen[0]).toBe('called')
      await expect.poll(() => seen).toEqual(['called', '1', '1'])
    })

    it('never split a transaction, and give batches in order without gaps', async () => {
      const feed = record(backend())
      const writes = Array.from({ length: 200 }, (_, i) =>
        backend().txn({ puts: ['x', 'y', 'z'].map((key) => ({ key: `${key}${i % 9}`, value: bytes(String(i)) })) }),
      )
      await Promise.all(writes)
      let last = 1
      for (const { revision, events } of feed.batches) {
        const revisions = events.map((event) => event.revision)
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
        expect(revisions[0]).toBeGreaterThan(last)
        expect(revisions.at(-1)).toBe(revision)
        last = revision
      }
      const perRevision = new Map<number, number>()
      for (const { revision } of feed.batches.flatMap((batch) => batch.events))
        perRevision.set(revision, (perRevision.get(revision) ?? 0) + 1)
      expect([...perRevision.values()]).toEqual(Array.from({ length: 200 }, () => 3))
      expect((await replay(backend(), 1, { limit: 10 })).events).toEqual(feed.events())
    })

    it('page through the history without splitting a transaction', async () => {
      for (let i = 0; i < 10; i++)
        await backend().txn({ puts: ['x', 'y', 'z'].map((key) => ({ key, value: bytes(String(i)) })) })
      const { pages, events } = await replay(backend(), 1, { limit: 4 })
      expect(events).toHaveLength(30)
      for (const page of pages) expect(page.length % 3).toBe(0)
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(6)
    })

    it('filter by prefix, and say how far has been seen all the same', async () => {
      for (let i = 0; i < 30; i++) await put(backend(), i % 10 === 0 ? `a/${i}` : `b/${i}`, 'x')
      const found = await replay(backend(), 1, { prefix: 'a/', limit: 1 })
      expect(found.events).toMatchObject([{ key: 'a/0' }, { key: 'a/10' }, { key: 'a/20' }])
      expect(found.revision).toBe(await backend().confirmedRevision())
      const none = await backend().history({ after: 1, prefix: 'c/', limit: 5 })
      expect(none).toEqual({ events: [], revision: await backend().confirmedRevision(), more: false })
    })

    it('answer an empty page at the newest revision', async () => {
      expect(await backend().history({ after: 1, limit: 5 })).toEqual({ events: [], revision: 1, more: false })
      const revision = await put(backend(), 'k', '1')
      expect(await backend().history({ after: revision, limit: 5 })).toEqual({ events: [], revision, more: false })
    })

    it('stop when the subscription is given up, and bear giving it up twice', async () => {
      const feed = record(backend())
      const other = record(backend())
      await put(backend(), 'k', '1')
      feed.stop()
      feed.stop()
      await put(backend(), 'k', '2')
      expect(feed.events()).toHaveLength(1)
      expect(other.events()).toHaveLength(2)
    })

    it('join without gap or duplicate while others write: subscribe, replay, drop', async () => {
      const noise = { stop: false }
      const writers = Promise.all(
        Array.from({ length: 4 }, async (_, writer) => {
          for (let i = 0; !noise.stop; i++) await put(backend(), `w${writer}`, String(i))
        }),
      )
      const joined = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          for (let turn = 0; turn < i * 3; turn++) await new Promise((resolve) => setImmediate(resolve))
          const live: FeedEvent[] = []
          const leave = backend().subscribe((batch) => void live.push(...batch.events))
          const past = await replay(backend(), 1, { limit: 100 })
          return { live, leave, past }
        }),
      )
      noise.stop = true
      await writers
      const all = (await replay(backend(), 1, { limit: 1000 })).events
      for (const { live, leave, past } of joined) {
        leave()
        const rest = live.filter((event) => event.revision > past.revision).map(plainEvent)
        expect([...past.events, ...rest]).toEqual(all)
      }
    })

    it('join on a handle whose feed lags behind the store', async (test) => {
      const openDelayed = need(test, 'openDelayed')
      const second = await openDelayed()
      const live: FeedEvent[] = []
      second.backend.subscribe((batch) => void live.push(...batch.events))
      for (let i = 0; i < 5; i++) await put(backend(), `k${i}`, String(i))
      const past = await replay(second.backend, 1)
      expect(past.events).toHaveLength(5)
      expect(live).toEqual([])
      for (let i = 5; i < 8; i++) await put(second.backend, `k${i}`, String(i))
      second.releaseFeed(3)
      expect(live).toHaveLength(3)
      second.releaseFeed()
      const rest = live.filter((event) => event.revision > past.revision)
      expect(rest.map((event) => event.key)).toEqual(['k5', 'k6', 'k7'])
      expect((await replay(backend(), 1)).events).toEqual(live.map(plainEvent))
      await second.backend.close()
    })

    it('two handles on one store: each sees what it was told, guards hold across them', async (test) => {
      const openDelayed = need(test, 'openDelayed')
      const second = await openDelayed()
      const revision = await put(backend(), 'k', 'first')
      expect(text((await second.backend.get('k'))?.value)).toBe('first')
      expect(await second.backend.confirmedRevision()).toBe(revision)
      const won = await second.backend.txn({
        guards: [{ key: 'k', revision }],
        puts: [{ key: 'k', value: bytes('second') }],
      })
      expect(won.ok).toBe(true)
      const lost = await backend().txn({
        guards: [{ key: 'k', revision }],
        puts: [{ key: 'k', value: bytes('third') }],
      })
      expect(lost).toMatchObject({ ok: false, lost: { key: 'k', revision } })
      const race = await Promise.all(
        [backend(), second.backend].flatMap((handle) =>
          Array.from({ length: 5 }, () =>
            handle.txn({ guards: [{ key: 'seat', revision: 0 }], puts: [{ key: 'seat', value: bytes('x') }] }),
          ),
        ),
      )
      expect(race.filter((result) => result.ok)).toHaveLength(1)
      await second.backend.close()
    })
  })
}
