import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import type { Backend } from './backend.ts'
import { createObjectCache } from './create-object-cache.ts'
import { collectionPrefix, objectKey } from './keys.ts'
import { createMemoryBackend, createSharedMemory } from './memory/memory-backend.ts'
import { configMap, configMaps, contents, dataOf, nameOf, turn, write } from './testing/stored-objects.ts'

/** A cache over memory that counts what it asks the backend. */
async function setUp(options: { budgetBytes?: number; backend?: Backend } = {}) {
  const backend = options.backend ?? createMemoryBackend()
  const asked: string[] = []
  const counting: Backend = {
    ...backend,
    get: (key, revision) => {
      asked.push(`get ${nameOf({ key })}`)
      return backend.get(key, revision)
    },
    range: (request) => {
      asked.push('range')
      return backend.range(request)
    },
  }
  const clock = createManualClock(1000)
  const cache = await createObjectCache({
    backend: counting,
    budgetBytes: options.budgetBytes ?? 10_000_000,
    watchBudgetBytes: 1_000_000,
    clock,
  })
  return { backend, cache, asked, clock }
}

describe('reading one object through the cache', () => {
  it('asks the backend once, and sees every write that was acknowledged', async () => {
    const { backend, cache, asked } = await setUp()
    await write(backend, [configMap('other'), 'x'])
    expect(await cache.get(configMap('a'))).toBeUndefined()
    const revision = await write(backend, [configMap('a'), '1'])
    const found = await cache.get(configMap('a'))
    expect(found).toMatchObject({ key: objectKey(configMap('a')), revision, createRevision: revision })
    expect(Buffer.from(found!.item).toString()).toBe(
      `{"metadata":{"resourceVersion":"${revision}","name":"a","namespace":"default","labels":{"data":"1"}},"data":{"key":"1"}}`,
    )
    expect(found!.metadata.labels).toEqual({ data: '1' })
    expect(await cache.get(configMap('a'))).toBe(found)
    await write(backend, [configMap('a'), '2'])
    expect(dataOf(await cache.get(configMap('a')))).toBe('2')
    expect(asked).toEqual(['get default/a'])
    await write(backend, [configMap('a'), undefined])
    expect(await cache.get(configMap('a'))).toBeUndefined()
  })

  it('stays within its budget, and gives up what was used longest ago', async () => {
    const { backend, cache, asked } = await setUp({ budgetBytes: 20_000 })
    for (let i = 0; i < 200; i++) {
      await write(backend, [configMap(`c${i}`), 'x'.repeat(100)])
      await cache.get(configMap('c0'))
    }
    expect(cache.stats().bytes).toBeLessThanOrEqual(20_000)
    expect(cache.stats().objects).toBeLessThan(60)
    asked.length = 0
    await cache.get(configMap('c0'))
    await cache.get(configMap('c199'))
    await cache.get(configMap('c1'))
    expect(asked).toEqual(['get default/c1'])
  })

  it('answers the newest version when a write overtakes a slow read', async () => {
    const memory = createMemoryBackend()
    await write(memory, [configMap('a'), '1'])
    const backend: Backend = {
      ...memory,
      get: async (key) => {
        const found = await memory.get(key)
        await turn().then(turn)
        return found
      },
    }
    const { cache } = await setUp({ backend })
    const reading = cache.get(configMap('a'))
    await write(memory, [configMap('a'), '2'])
    expect(dataOf(await cache.get(configMap('a')))).toBe('2')
    expect(['1', '2']).toContain(dataOf(await reading))
    expect(dataOf(await cache.get(configMap('a')))).toBe('2')
    await write(memory, [configMap('gone'), '1'])
    await write(memory, [configMap('gone'), undefined])
    expect(await cache.get(configMap('gone'))).toBeUndefined()
  })
})

describe('reading a collection through the cache', () => {
  it('reads it once, in order, and keeps it current', async () => {
    const { backend, cache, asked } = await setUp()
    await write(backend, [configMap('b'), '1'], [configMap('a', 'z'), '2'], [configMap('a'), '3'])
    await write(backend, [configMap('a', 'default', 'elsewhere'), 'not this'])
    const first = (await cache.collection(configMaps))!
    expect(contents(first)).toEqual({ 'default/a': '3', 'default/b': '1', 'z/a': '2' })
    expect(first).toMatchObject({ count: 3, revision: cache.revision })
    expect(first.bytes).toBe(first.chunks.flat().reduce((sum, { item }) => sum + item.length, 0))
    const revision = await write(backend, [configMap('b'), undefined], [configMap('c'), '4'], [configMap('a'), '5'])
    const second = (await cache.collection(configMaps))!
    expect(contents(second)).toEqual({ 'default/a': '5', 'default/c': '4', 'z/a': '2' })
    expect(second.revision).toBe(revision)
    expect(contents(first)).toEqual({ 'default/a': '3', 'default/b': '1', 'z/a': '2' })
    expect(asked).toEqual(['range'])
    expect(dataOf(await cache.get(configMap('c')))).toBe('4')
    expect(asked).toEqual(['range'])
  })

  it('gives one namespace of it', async () => {
    const { backend, cache, asked } = await setUp()
    await write(backend, [configMap('a', 'ns'), '1'], [configMap('a', 'ns-2'), '2'], [configMap('b', 'ns'), '3'])
    const snapshot = (await cache.collection({ ...configMaps, namespace: 'ns' }))!
    expect(contents(snapshot)).toEqual({ 'ns/a': '1', 'ns/b': '3' })
    expect(snapshot.count).toBe(2)
    expect(contents(await cache.collection({ ...configMaps, namespace: 'none' }))).toEqual({})
    expect(asked).toEqual(['range'])
  })

  it('misses no write that comes while it is being read, and shares the reading', async () => {
    const memory = createMemoryBackend()
    for (let i = 0; i < 2500; i++) void write(memory, [configMap(`c${10_000 + i}`), 'old'])
    await write(memory, [configMap('last'), 'old'])
    let ranges = 0
    const backend: Backend = {
      ...memory,
      range: async (request) => {
        const page = await memory.range(request)
        await write(
          memory,
          [configMap(`c${10_000 + 100 * ranges}`), `new ${ranges}`],
          [configMap(`added${ranges++}`), 'new'],
        )
        await write(memory, [configMap(`c${12_499 - ranges}`), undefined])
        return page
      },
    }
    const { cache } = await setUp({ backend })
    const [one, two] = await Promise.all([cache.collection(configMaps), cache.collection(configMaps)])
    expect(ranges).toBe(3)
    const prefix = collectionPrefix(configMaps)
    const { items } = await memory.range({ start: prefix, end: `${prefix}~` })
    expect(one!.chunks.flat().map(({ key, revision }) => [key, revision])).toEqual(
      items.map(({ key, revision }) => [key, revision]),
    )
    expect(two!.chunks.flat()).toEqual(one!.chunks.flat())
  })

  it('too large for the cache is not loaded, and not tried again at once', async () => {
    const { backend, cache, asked, clock } = await setUp({ budgetBytes: 50_000 })
    for (let i = 0; i < 100; i++) await write(backend, [configMap(`c${i}`), 'x'.repeat(500)])
    asked.length = 0
    expect(await cache.collection(configMaps)).toBeUndefined()
    expect(asked).toEqual(['range'])
    expect(await cache.collection(configMaps)).toBeUndefined()
    expect(asked).toEqual(['range'])
    expect((await cache.list({ address: configMaps, limit: 30 })).items).toHaveLength(30)
    for (let i = 10; i < 100; i++) await write(backend, [configMap(`c${i}`), undefined])
    clock.advance(120_000)
    expect((await cache.collection(configMaps))?.count).toBe(10)
    expect(cache.stats().bytes).toBeLessThanOrEqual(50_000)
  })

  it('that grows too large is given up', async () => {
    const { backend, cache } = await setUp({ budgetBytes: 50_000 })
    expect((await cache.collection(configMaps))!.count).toBe(0)
    expect(cache.stats().collections).toBe(1)
    for (let i = 0; i < 100; i++) await write(backend, [configMap(`c${i}`), 'x'.repeat(500)])
    expect(cache.stats().collections).toBe(0)
    expect(cache.stats().bytes).toBeLessThanOrEqual(50_000)
  })

  it('holds nothing for collections that nobody has read for long', async () => {
    const { cache } = await setUp({ budgetBytes: 100_000 })
    for (let i = 0; i < 1000; i++) await cache.collection({ ...configMaps, logicalCluster: `cluster-${i}` })
    expect(cache.stats().collections).toBeLessThan(100)
    expect(cache.stats().bytes).toBeLessThanOrEqual(100_000)
  })

  it('is read again after a compaction overtook the reading', async () => {
    const memory = createMemoryBackend()
    for (let i = 0; i < 1500; i++) void write(memory, [configMap(`c${10_000 + i}`), 'old'])
    await write(memory, [configMap('last'), 'old'])
    let ranges = 0
    const backend: Backend = {
      ...memory,
      range: async (request) => {
        const page = await memory.range(request)
        if (ranges++ > 0) return page
        await write(memory, [configMap('last'), 'new'])
        await memory.compact(page.revision)
        return page
      },
    }
    const { cache } = await setUp({ backend })
    expect((await cache.collection(configMaps))!.count).toBe(1501)
  })
})

async function allPages(cache: Awaited<ReturnType<typeof setUp>>['cache'], limit: number, between = async () => {}) {
  let page = await cache.list({ address: configMaps, limit })
  const { revision } = page
  const pages = [page.items]
  while (page.more) {
    await between()
    page = await cache.list({ address: configMaps, limit, startAfter: page.items.at(-1)!.key, revision })
    expect(page.revision).toBe(revision)
    pages.push(page.items)
  }
  return pages
}

describe('listing in pages through the cache', () => {
  it('gives the same from the backend and from memory', async () => {
    const { backend, cache, asked } = await setUp()
    for (let i = 0; i < 25; i++) await write(backend, [configMap(`c${10 + i}`), String(i)])
    const cold = await allPages(cache, 10)
    expect(cold.map((page) => page.length)).toEqual([10, 10, 5])
    await cache.collection(configMaps)
    asked.length = 0
    const warm = await allPages(cache, 10)
    expect(warm.map((page) => page.map(nameOf))).toEqual(cold.map((page) => page.map(nameOf)))
    expect(warm.flat().map(({ item }) => Buffer.from(item).toString())).toEqual(
      cold.flat().map(({ item }) => Buffer.from(item).toString()),
    )
    expect(asked).toEqual([])
    expect(await cache.list({ address: configMaps, limit: 10 })).toMatchObject({ more: true, remaining: 15 })
  })

  it('keeps to its snapshot when others write in between, cold and warm', async () => {
    for (const isWarm of [false, true]) {
      const { backend, cache } = await setUp()
      for (let i = 0; i < 25; i++) await write(backend, [configMap(`c${10 + i}`), 'old'])
      if (isWarm) await cache.collection(configMaps)
      let n = 0
      const pages = await allPages(cache, 10, async () => {
        await write(
          backend,
          [configMap('c30'), `new ${n}`],
          [configMap(`c31-${n++}`), 'new'],
          [configMap('c33'), undefined],
        )
      })
      expect(pages.flat().map(nameOf)).toEqual(Array.from({ length: 25 }, (_, i) => `default/c${10 + i}`))
      expect(new Set(pages.flat().map(dataOf))).toEqual(new Set(['old']))
    }
  })

  it('keeps what fits on one page as a collection', async () => {
    const { backend, cache, asked } = await setUp()
    for (let i = 0; i < 5; i++) await write(backend, [configMap(`c${i}`), String(i)])
    expect(await cache.list({ address: configMaps, limit: 500 })).toMatchObject({ more: false, remaining: 0 })
    expect(cache.stats().collections).toBe(1)
    asked.length = 0
    await write(backend, [configMap('c9'), 'new'])
    expect((await cache.list({ address: configMaps, limit: 500 })).items).toHaveLength(6)
    expect((await cache.list({ address: { ...configMaps, namespace: 'default' }, limit: 4 })).items).toHaveLength(4)
    expect(asked).toEqual([])
  })

  it('says what is compacted and what does not exist yet', async () => {
    const { backend, cache } = await setUp()
    const first = await write(backend, [configMap('a'), '1'])
    await write(backend, [configMap('a'), '2'])
    const newest = await write(backend, [configMap('a'), '3'])
    await backend.compact(first + 1)
    const list = async (revision: number) => cache.list({ address: configMaps, limit: 5, revision })
    await expect(list(first)).rejects.toMatchObject({ code: 'compacted' })
    await expect(list(newest + 1)).rejects.toMatchObject({ code: 'future-revision' })
    await cache.collection(configMaps)
    await expect(list(first)).rejects.toMatchObject({ code: 'compacted' })
    await expect(list(newest + 1)).rejects.toMatchObject({ code: 'future-revision' })
    expect((await list(newest)).items).toHaveLength(1)
  })
})

describe('the freshness of the cache', () => {
  it('is there at once beside the store', async () => {
    const { backend, cache } = await setUp()
    const revision = await write(backend, [configMap('a'), '1'])
    expect(cache.fresh()).toBe(revision)
    expect(cache.waitForRevision(revision, 1000)).toBe(true)
  })

  it('on a replica waits for what was confirmed when it was asked', async () => {
    const store = createSharedMemory()
    const writer = store.open()
    const replica = store.open({ holdFeed: true })
    await write(writer, [configMap('a'), '0'])
    const { cache } = await setUp({ backend: replica })
    expect(dataOf(await cache.get(configMap('a')))).toBe('0')
    const collection = await cache.collection(configMaps)
    expect(contents(collection)).toEqual({ 'default/a': '0' })
    const revision = await write(writer, [configMap('a'), '1'], [configMap('b'), '1'])
    let isFresh = false
    const fresh = Promise.resolve(cache.fresh()).then((reached) => {
      isFresh = true
      return reached
    })
    await turn()
    expect(isFresh).toBe(false)
    replica.releaseFeed()
    expect(await fresh).toBe(revision)
    expect(contents(await cache.collection(configMaps))).toEqual({ 'default/a': '1', 'default/b': '1' })
  })

  it('on a replica that reads ahead of its feed never goes back', async () => {
    const store = createSharedMemory()
    const writer = store.open()
    const replica = store.open({ holdFeed: true })
    await write(writer, [configMap('early'), '1'])
    const { cache } = await setUp({ backend: replica })
    for (const data of ['1', '2', '3']) await write(writer, [configMap('a'), data])
    await write(writer, [configMap('b'), '1'])
    await write(writer, [configMap('b'), undefined])
    expect(dataOf(await cache.get(configMap('a')))).toBe('3')
    const ahead = (await cache.collection(configMaps))!
    expect(contents(ahead)).toEqual({ 'default/a': '3', 'default/early': '1' })
    for (let i = 0; i < 6; i++) {
      expect(dataOf(await cache.get(configMap('a')))).toBe('3')
      const now = (await cache.collection(configMaps))!
      expect(contents(now)).toEqual(contents(ahead))
      expect(now.revision).toBe(ahead.revision)
      replica.releaseFeed(1)
    }
  })

  it('gives up waiting after the timeout', async () => {
    const { backend, cache, clock } = await setUp()
    const revision = await write(backend, [configMap('a'), '1'])
    const early = cache.waitForRevision(revision + 2, 3000)
    const late = cache.waitForRevision(revision + 1, 3000)
    clock.advance(2999)
    await write(backend, [configMap('a'), '2'])
    clock.advance(1)
    expect(await Promise.all([early, late])).toEqual([false, true])
  })

  it('shares confirmations that are asked for while one is under way', async () => {
    const memory = createMemoryBackend()
    let asked = 0
    const answers: ((revision: number) => void)[] = []
    const backend: Backend = {
      ...memory,
      confirmedRevision: () => {
        if (asked++ === 0) return 1
        return new Promise((resolve) => answers.push(resolve))
      },
    }
    const { cache } = await setUp({ backend })
    const requests = [cache.fresh(), cache.fresh(), cache.fresh()]
    expect(asked).toBe(2)
    answers[0]!(1)
    await requests[0]
    await expect.poll(() => asked).toBe(3)
    answers[1]!(1)
    for (const request of requests) expect(await request).toBe(1)
    expect(asked).toBe(3)
  })
})

describe('closing the cache', () => {
  it('leaves the backend open, and refuses every later call', async () => {
    const { backend, cache } = await setUp()
    const waiting = cache.waitForRevision(100, 5000)
    cache.close()
    cache.close()
    expect(await waiting).toBe(false)
    for (const call of [
      () => cache.get(configMap('a')),
      () => cache.collection(configMaps),
      () => cache.list({ address: configMaps, limit: 1 }),
      () => cache.fresh(),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'closed' }))
    await write(backend, [configMap('a'), '1'])
  })
})
