import { describe, expect, it } from 'vitest'
import { maxKeyBytes, maxTxnOperations, type TxnRequest } from '../backend.ts'
import type { ContractContext } from './backend-harness.ts'
import { bytes, plain, put, record, remove, replay, text } from './backend-harness.ts'

export function txnContract({ backend, need }: ContractContext): void {
  describe('transactions', () => {
    it('give all their keys one revision, above every earlier one', async () => {
      const before = await backend().confirmedRevision()
      expect(before).toBe(1)
      const result = await backend().txn({ puts: ['a', 'b', 'c'].map((key) => ({ key, value: bytes(key) })) })
      expect(result).toEqual({ ok: true, revision: expect.any(Number) })
      const { items } = await backend().range({ start: 'a', end: 'd' })
      const revisions = new Set(items.map((item) => item.revision))
      expect([...revisions]).toEqual([result.ok && result.revision])
      expect(items[0]!.revision).toBeGreaterThan(before)
      expect(await put(backend(), 'a', 'again')).toBeGreaterThan(items[0]!.revision)
    })

    it('keep the create revision over updates, and begin anew after a delete', async () => {
      const created = await put(backend(), 'k', '1')
      const updated = await put(backend(), 'k', '2')
      expect(await backend().get('k')).toMatchObject({ revision: updated, createRevision: created })
      await remove(backend(), 'k')
      const again = await put(backend(), 'k', '3')
      expect(await backend().get('k')).toMatchObject({ revision: again, createRevision: again })
    })

    it('store a key that is said to be new like any other', async () => {
      const guards = [{ key: 'thing', revision: 0 }]
      const write = (value: string) =>
        backend().txn({
          guards,
          puts: [
            { key: 'thing', value: bytes(value) },
            { key: 'index', value: bytes(value), isNew: true },
          ],
        })
      const results = await Promise.all([write('first'), write('second')])
      expect(results.map(({ ok }) => ok)).toEqual([true, false])
      const [first] = results
      const revision = first.ok && first.revision
      const found = await backend().get('index')
      expect(found).toMatchObject({ revision, createRevision: revision })
      expect(found && text(found.value)).toBe('first')
      await backend().txn({ deletes: ['thing', 'index'] })
      const again = await write('third')
      expect(await backend().get('index')).toMatchObject({ createRevision: again.ok && again.revision })
    })

    it('go by what stands there, not by what their writer has read before', async () => {
      const end = 'z'
      for (const key of ['same', 'changed', 'gone', 'again']) await put(backend(), key, 'old')
      const { items, revision } = await backend().range({ start: 'a', end })
      await put(backend(), 'changed', 'new')
      await remove(backend(), 'gone')
      await remove(backend(), 'again')
      await put(backend(), 'again', 'new')
      const feed = record(backend())
      const deletes = items.map(({ key }) => key)
      const lost = { guards: [{ key: 'gone', revision }], deletes, known: { revision, items } }
      expect((await backend().txn(lost)).ok).toBe(false)
      await backend().txn({ deletes, known: { revision, items } })
      const told = feed.events().map((event) => event as { key: string; previous?: { value: string } })
      const before = [
        ['again', 'new'],
        ['changed', 'new'],
        ['same', 'old'],
      ]
      expect(told.map(({ key, previous }) => [key, previous?.value])).toEqual(before)
      expect((await backend().range({ start: 'a', end })).items).toEqual([])
      const past = await backend().range({ start: 'a', end, revision })
      expect(past.items.map(plain)).toEqual(items.map(plain))
    })

    it('answer a lost guard with what stands there, and change nothing', async () => {
      const revision = await put(backend(), 'held', 'mine')
      const before = await backend().confirmedRevision()
      const result = await backend().txn({
        guards: [
          { key: 'free', revision: 0 },
          { key: 'held', revision: 0 },
          { key: 'held', revision: 999 },
        ],
        puts: [{ key: 'free', value: bytes('x') }],
        deletes: ['held'],
      })
      expect(result).toMatchObject({
        ok: false,
        lost: { key: 'held', revision: 0 },
        current: { key: 'held', revision },
      })
      expect(!result.ok && text(result.current?.value)).toBe('mine')
      expect(await backend().get('free')).toBeUndefined()
      expect(text((await backend().get('held'))?.value)).toBe('mine')
      expect(await backend().confirmedRevision()).toBe(before)
    })

    it('answer a lost guard on an absent key without a current value', async () => {
      const result = await backend().txn({
        guards: [{ key: 'gone', revision: 7 }],
        puts: [{ key: 'x', value: bytes('') }],
      })
      expect(result).toEqual({ ok: false, lost: { key: 'gone', revision: 7 }, current: undefined })
    })

    it('succeed when every guard holds, on present and absent keys', async () => {
      const revision = await put(backend(), 'present', '1')
      const result = await backend().txn({
        guards: [
          { key: 'present', revision },
          { key: 'absent', revision: 0 },
        ],
        puts: [{ key: 'present', value: bytes('2') }],
      })
      expect(result.ok).toBe(true)
      expect(text((await backend().get('present'))?.value)).toBe('2')
    })

    it('that change nothing take no revision: deleting what is absent, guards alone, nothing at all', async () => {
      const revision = await put(backend(), 'k', '1')
      const feed = record(backend())
      expect(await backend().txn({ deletes: ['absent'] })).toEqual({ ok: true, revision })
      expect(await backend().txn({ guards: [{ key: 'k', revision }] })).toEqual({ ok: true, revision })
      expect(await backend().txn({})).toEqual({ ok: true, revision })
      expect(await backend().confirmedRevision()).toBe(revision)
      expect(feed.events()).toEqual([])
    })

    it('are decided in the order of the calls, although none has been answered', async () => {
      const calls = Array.from({ length: 20 }, (_, i) =>
        backend().txn({ guards: [{ key: 'seat', revision: 0 }], puts: [{ key: 'seat', value: bytes(String(i)) }] }),
      )
      const results = await Promise.all(calls)
      expect(results.map((result) => result.ok)).toEqual([true, ...Array.from({ length: 19 }, () => false)])
      expect(text((await backend().get('seat'))?.value)).toBe('0')
      const winner = results[0]!
      for (const loser of results.slice(1))
        expect(loser).toMatchObject({ current: { key: 'seat', revision: winner.ok && winner.revision } })
    })

    it('answer a lost guard only when what beat it can be read, in any way', async () => {
      const feed = record(backend())
      void backend().txn({ puts: [{ key: 'seat', value: bytes('taken') }] })
      const after = await backend().txn({
        guards: [{ key: 'seat', revision: 0 }],
        puts: [{ key: 'x', value: bytes('') }],
      })
      const current = (await backend().get('seat'))!
      expect(after).toEqual({ ok: false, lost: { key: 'seat', revision: 0 }, current })
      expect(await backend().confirmedRevision()).toBe(current.revision)
      expect(feed.events()).toMatchObject([{ key: 'seat', revision: current.revision }])
      expect((await replay(backend(), 1)).events).toEqual(feed.events())
    })

    it('are not visible, nor answered, nor lost against, before they are durable', async (test) => {
      const holdWrites = need(test, 'holdWrites')
      const old = await put(backend(), 'k', 'old')
      await put(backend(), 'gone', 'still here')
      const before = await backend().confirmedRevision()
      const feed = record(backend())
      const answered: string[] = []
      const release = holdWrites()
      const calls = [
        backend()
          .txn({ guards: [{ key: 'k', revision: old }], puts: [{ key: 'k', value: bytes('new') }], deletes: ['gone'] })
          .then((result) => answered.push(`first ${result.ok}`)),
        backend()
          .txn({ puts: [{ key: 'created', value: bytes('new') }] })
          .then((result) => answered.push(`second ${result.ok}`)),
        backend()
          .txn({ guards: [{ key: 'k', revision: old }], puts: [{ key: 'k', value: bytes('late') }] })
          .then((result) => answered.push(`third ${result.ok}`)),
      ]
      for (let turn = 0; turn < 20; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
        expect(text((await backend().get('k'))?.value)).toBe('old')
        const page = await backend().range({ start: 'a', end: 'z' })
        expect(page.items.map(plain)).toMatchObject([
          { key: 'gone', value: 'still here' },
          { key: 'k', value: 'old', revision: old },
        ])
        expect(page.revision).toBe(before)
        expect(await backend().range({ start: 'a', end: 'z', revision: before })).toEqual(page)
        expect((await replay(backend(), before)).events).toEqual([])
        expect(await backend().confirmedRevision()).toBe(before)
        expect(feed.batches).toEqual([])
        expect(answered).toEqual([])
      }
      release()
      await Promise.all(calls)
      expect(answered).toEqual(['first true', 'second true', 'third false'])
      expect(text((await backend().get('k'))?.value)).toBe('new')
      expect(feed.events()).toHaveLength(3)
    })

    it('with 100 operations pass, with one more they are refused', async () => {
      const puts = Array.from({ length: maxTxnOperations }, (_, i) => ({ key: `k${i}`, value: bytes('x') }))
      expect((await backend().txn({ puts })).ok).toBe(true)
      const refused = [
        { puts, deletes: ['one-more'] },
        { puts, guards: [{ key: 'k0', revision: 0 }] },
        { puts: [...puts, { key: 'one-more', value: bytes('') }] },
      ]
      for (const request of refused)
        await expect(backend().txn(request)).rejects.toMatchObject({ name: 'StorageError', code: 'invalid-txn' })
    })

    it('refuse a key that occurs twice and keys that are malformed, and change nothing', async () => {
      const value = bytes('x')
      const put = (key: string) => ({ key, value })
      const refused: TxnRequest[] = [
        { puts: [put('a'), put('a')] },
        { puts: [put('a')], deletes: ['a'] },
        { deletes: ['a', 'a'] },
        ...['', 'a\0', 'a\n', 'é', '\u{1f600}', '\ud800', 'a'.repeat(maxKeyBytes + 1)].flatMap((key) => [
          { puts: [put('fine'), put(key)] },
          { deletes: [key] },
          { guards: [{ key, revision: 0 }] },
        ]),
        { guards: [{ key: 'a', revision: -1 }] },
        { guards: [{ key: 'a', revision: 1.5 }] },
      ]
      for (const request of refused)
        await expect(backend().txn(request), JSON.stringify(request)).rejects.toMatchObject({ code: 'invalid-txn' })
      expect((await backend().range({ start: '\0', end: '\x7f' })).items).toEqual([])
      expect((await backend().txn({ puts: [put('a'.repeat(maxKeyBytes)), put(' '), put('~')] })).ok).toBe(true)
    })

    it('copy their values before the call returns', async () => {
      const value = Buffer.from('before')
      const written = backend().txn({ puts: [{ key: 'k', value }] })
      value.fill('x')
      await written
      expect(text((await backend().get('k'))?.value)).toBe('before')
    })

    it('hold keys like __proto__ and values of 0 bytes and 1 MiB', async () => {
      const large = new Uint8Array(1024 * 1024).map((_, i) => (i * 31) % 251)
      const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
      for (const key of keys) expect(await backend().get(key)).toBeUndefined()
      await backend().txn({
        guards: keys.map((key) => ({ key, revision: 0 })),
        puts: keys.map((key) => ({ key, value: bytes(key) })),
      })
      for (const key of keys) expect(text((await backend().get(key))?.value)).toBe(key)
      await backend().txn({
        puts: [
          { key: 'large', value: large },
          { key: 'empty', value: new Uint8Array(0) },
        ],
      })
      expect(Buffer.compare((await backend().get('large'))!.value, large)).toBe(0)
      expect((await backend().get('empty'))!.value).toHaveLength(0)
      const { items } = await backend().range({ start: 'e', end: 'm' })
      expect(items.map((item) => [item.key, item.value.length])).toEqual([
        ['empty', 0],
        ['hasOwnProperty', 14],
        ['large', 1024 * 1024],
      ])
    })

    it('advance in revision for all who write at once, and lose none', async () => {
      const results = await Promise.all(
        Array.from({ length: 500 }, (_, i) =>
          backend().txn({ puts: [{ key: `k${i % 50}`, value: bytes(String(i)) }] }),
        ),
      )
      const revisions = results.map((result) => (result.ok ? result.revision : 0))
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b))
      for (let i = 450; i < 500; i++) expect(text((await backend().get(`k${i % 50}`))?.value)).toBe(String(i))
      expect(await backend().confirmedRevision()).toBe(revisions.at(-1))
    })
  })
}
