import { describe, expect, it } from 'vitest'
import type { ContractContext } from './backend-harness.ts'
import { bytes, pages, plain, put, remove, text } from './backend-harness.ts'

export function readContract({ backend }: ContractContext): void {
  const keysOf = async (start: string, end: string) =>
    (await backend().range({ start, end })).items.map((item) => item.key)

  describe('reads', () => {
    it('see keys in byte order', async () => {
      const keys = ['b', 'a/b', 'a', 'a-b', 'a0', 'aa', 'Z', '~', ' ', '!', 'a/', 'A', '_', '10', '9', 'a.b', 'a:b']
      await Promise.all(keys.map((key) => put(backend(), key, key)))
      const expected = keys
        .map((key) => Buffer.from(key))
        .sort((a, b) => Buffer.compare(a, b))
        .map(String)
      expect(await keysOf(' ', '\x7f')).toEqual(expected)
    })

    it('include the start, exclude the end, and stop at the limit', async () => {
      for (const key of ['a', 'b', 'c', 'd']) await put(backend(), key, key)
      expect(await keysOf('b', 'd')).toEqual(['b', 'c'])
      expect(await keysOf('b\0', 'd')).toEqual(['c'])
      expect(await keysOf('d', 'b')).toEqual([])
      expect(await keysOf('x', 'z')).toEqual([])
      const page = await backend().range({ start: 'a', end: 'd', limit: 2 })
      expect(page).toMatchObject({ items: [{ key: 'a' }, { key: 'b' }], more: true })
      expect(await backend().range({ start: 'a', end: 'd', limit: 3 })).toMatchObject({ more: false })
      expect(await backend().range({ start: 'a', end: 'd', limit: 4 })).toMatchObject({ more: false })
    })

    it('see a prefix and not its neighbours', async () => {
      for (const key of ['o/a', 'o/a/', 'o/a/1', 'o/a/2', 'o/a0', 'o/a-x', 'o/b/1']) await put(backend(), key, key)
      expect(await keysOf('o/a/', 'o/a0')).toEqual(['o/a/', 'o/a/1', 'o/a/2'])
    })

    it('leave the values away when only keys are wanted', async () => {
      const revision = await put(backend(), 'k', 'value')
      const { items } = await backend().range({ start: 'a', end: 'z', keysOnly: true })
      expect(items).toMatchObject([{ key: 'k', revision, createRevision: revision }])
      expect(items[0]!.value).toHaveLength(0)
    })

    it('as of a revision see exactly what was there', async () => {
      const first = await put(backend(), 'k', '1')
      const other = await put(backend(), 'other', 'x')
      const second = await put(backend(), 'k', '2')
      const deleted = await remove(backend(), 'k')
      const again = await put(backend(), 'k', '3')
      const at = async (revision: number) => text((await backend().get('k', revision))?.value)
      expect([await at(first), await at(other), await at(second), await at(deleted), await at(again)]).toEqual([
        '1',
        '1',
        '2',
        undefined,
        '3',
      ])
      expect(await backend().get('k', second)).toMatchObject({ key: 'k', revision: second, createRevision: first })
      expect(await backend().get('k', 1)).toBeUndefined()
      const range = async (revision: number) =>
        (await backend().range({ start: 'a', end: 'z', revision })).items.map((item) => [item.key, text(item.value)])
      expect(await range(first)).toEqual([['k', '1']])
      expect(await range(second)).toEqual([
        ['k', '2'],
        ['other', 'x'],
      ])
      expect(await range(deleted)).toEqual([['other', 'x']])
      expect(await range(again)).toEqual([
        ['k', '3'],
        ['other', 'x'],
      ])
    })

    it('page through a snapshot that later writes do not touch', async () => {
      for (let i = 10; i < 40; i++) await put(backend(), `k${i}`, 'old')
      const first = await backend().range({ start: 'k', end: 'l', limit: 7 })
      for (let i = 10; i < 40; i += 3) await put(backend(), `k${i}`, 'new')
      for (let i = 11; i < 40; i += 3) await remove(backend(), `k${i}`)
      for (let i = 10; i < 40; i++) await put(backend(), `k${i}x`, 'inserted')
      const rest = await pages(backend(), { start: 'k16\0', end: 'l', limit: 7, revision: first.revision })
      expect(rest.revision).toBe(first.revision)
      expect([...first.items.map(plain), ...rest.items]).toMatchObject(
        Array.from({ length: 30 }, (_, i) => ({ key: `k${10 + i}`, value: 'old' })),
      )
    })

    it('page over long stretches of keys that are newer or gone', async () => {
      for (let i = 100; i < 160; i++) await put(backend(), `k${i}`, 'old')
      const snapshot = await backend().confirmedRevision()
      for (let i = 100; i < 160; i++) if (i % 20 !== 0) await remove(backend(), `k${i}`)
      for (let i = 100; i < 160; i++) await put(backend(), `k${i}/new`, 'new')
      const now = await pages(backend(), { start: 'k', end: 'l', limit: 4 })
      expect(now.items).toHaveLength(63)
      const then = await pages(backend(), { start: 'k', end: 'l', limit: 4, revision: snapshot })
      expect(then.items).toMatchObject(Array.from({ length: 60 }, (_, i) => ({ key: `k${100 + i}`, value: 'old' })))
    })

    it('say at which revision they were made, never less than an item has', async () => {
      const before = await backend().range({ start: 'a', end: 'z' })
      expect(before).toEqual({ items: [], more: false, revision: 1 })
      const revision = await put(backend(), 'k', '1')
      expect(await backend().range({ start: 'a', end: 'z' })).toMatchObject({ revision })
      await put(backend(), '~elsewhere', '2')
      const page = await backend().range({ start: 'a', end: 'z' })
      expect(page.revision).toBe(revision + 1)
      expect(await backend().range({ start: 'a', end: 'z', revision: page.revision })).toEqual(page)
    })

    it('refuse a revision that does not exist yet', async () => {
      const revision = await put(backend(), 'k', '1')
      const refused = { code: 'future-revision' }
      await expect(async () => backend().get('k', revision + 1)).rejects.toMatchObject(refused)
      await expect(async () => backend().range({ start: 'a', end: 'z', revision: revision + 1 })).rejects.toMatchObject(
        refused,
      )
      await expect(async () => backend().history({ after: revision + 1, limit: 1 })).rejects.toMatchObject(refused)
    })

    it('see what was acknowledged before, while others write', async () => {
      const noise = { stop: false }
      const writers = (async () => {
        for (let i = 0; !noise.stop; i++)
          await Promise.all([put(backend(), `noise${i % 7}`, String(i)), put(backend(), `k-noise${i % 5}`, String(i))])
      })()
      for (let i = 0; i < 100; i++) {
        const revision = await put(backend(), 'k', String(i))
        const found = backend().get('k')
        const page = backend().range({ start: 'k', end: 'k\0' })
        expect(plain(await found)).toMatchObject({ value: String(i), revision })
        expect((await page).items.map(plain)).toMatchObject([{ value: String(i), revision }])
        expect((await page).revision).toBeGreaterThanOrEqual(revision)
        const all = await backend().range({ start: 'k', end: 'l' })
        expect(Math.max(...all.items.map((item) => item.revision))).toBeLessThanOrEqual(all.revision)
      }
      noise.stop = true
      await writers
    })

    it('give results that can be cloned, and arrays that belong to the caller', async () => {
      await backend().txn({ puts: ['a', 'b'].map((key) => ({ key, value: bytes(key) })) })
      const page = await backend().range({ start: 'a', end: 'z' })
      expect(structuredClone(page).items.map((item) => item.key)).toEqual(['a', 'b'])
      page.items.length = 0
      expect((await backend().range({ start: 'a', end: 'z' })).items).toHaveLength(2)
      const history = await backend().history({ after: 1, limit: 10 })
      expect(structuredClone(history).events).toHaveLength(2)
      history.events.length = 0
      expect((await backend().history({ after: 1, limit: 10 })).events).toHaveLength(2)
    })
  })
}
