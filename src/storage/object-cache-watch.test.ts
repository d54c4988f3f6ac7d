import { describe, expect, it } from 'vitest'
import type { Backend, HistoryRequest } from './backend.ts'
import { createObjectCache } from './create-object-cache.ts'
import { createMemoryBackend, createSharedMemory } from './memory/memory-backend.ts'
import type { CachedObject, WildcardAddress } from './object-cache.ts'
import { configMap, configMaps, contents, dataOf, oneTurn, turn, watcher, write } from './testing/stored-objects.ts'

async function setUp(options: { watchBudgetBytes?: number; backend?: Backend } = {}) {
  const backend = options.backend ?? createMemoryBackend()
  const histories: HistoryRequest[] = []
  const counting: Backend = {
    ...backend,
    history: (request) => {
      histories.push(request)
      return backend.history(request)
    },
  }
  const cache = await createObjectCache({
    backend: counting,
    budgetBytes: 10_000_000,
    watchBudgetBytes: options.watchBudgetBytes ?? 1_000_000,
  })
  return { backend, cache, histories }
}

const windowOfAFew = { watchBudgetBytes: 3_000 }

describe('a watch through the cache', () => {
  it('tells what comes, with what was there before, after the writer was answered', async () => {
    const { backend, cache } = await setUp()
    const seen = watcher()
    cache.watch({ address: configMaps, after: 'now', ...seen.request })
    const created = await write(backend, [configMap('a'), '1'])
    expect(seen.calls).toEqual([])
    await turn()
    const updated = await write(backend, [configMap('a'), '2'])
    const deleted = await write(backend, [configMap('a'), undefined])
    await turn()
    expect(seen.told()).toEqual(['ADDED default/a 1', 'MODIFIED default/a 2', 'DELETED default/a 2'])
    const [added, modified, gone] = seen.calls.flat()
    expect(added).toMatchObject({
      revision: created,
      address: configMap('a'),
      previous: undefined,
      departed: undefined,
    })
    expect(modified!.previous).toBe(added!.current)
    expect(modified).toMatchObject({ current: { revision: updated }, departed: { revision: updated } })
    expect(dataOf(modified!.departed)).toBe('1')
    expect(gone).toMatchObject({ current: undefined, previous: { revision: updated }, departed: { revision: deleted } })
    expect(gone!.departed!.parsed.metadata.resourceVersion).toBe(String(deleted))
  })

  it('is told of its collection only, or of its namespace only', async () => {
    const { backend, cache } = await setUp()
    const [all, one, other] = [watcher(), watcher(), watcher()]
    cache.watch({ address: configMaps, after: 'now', ...all.request })
    cache.watch({ address: { ...configMaps, namespace: 'ns' }, after: 'now', ...one.request })
    cache.watch({ address: { ...configMaps, logicalCluster: 'elsewhere' }, after: 'now', ...other.request })
    await write(backend, [configMap('a'), '1'], [configMap('b', 'ns'), '2'], [configMap('c', 'ns-2'), '3'])
    await write(backend, [{ ...configMap('d', 'ns'), resource: 'secrets' }, '4'])
    await write(backend, [{ ...configMap('e', 'ns'), group: 'apps' }, '5'])
    await turn()
    expect(all.told()).toEqual(['ADDED default/a 1', 'ADDED ns/b 2', 'ADDED ns-2/c 3'])
    expect(one.told()).toEqual(['ADDED ns/b 2'])
    expect(other.told()).toEqual([])
  })

  it('tells all events of one transaction in one call', async () => {
    const { backend, cache } = await setUp()
    const seen = watcher()
    cache.watch({ address: configMaps, after: 'now', ...seen.request })
    await write(backend, [configMap('a'), '1'], [configMap('b'), '1'], [configMap('c'), '1'])
    await turn()
    expect(seen.calls.map((events) => events.length)).toEqual([3])
  })

  it('over all logical clusters is told of those that match', async () => {
    const { backend, cache } = await setUp()
    const [all, some] = [watcher(), watcher()]
    const address: WildcardAddress = { group: 'core', resource: 'configmaps' }
    const notTwo: WildcardAddress = { ...address, matches: (event) => event.address.logicalCluster !== 'two' }
    cache.watch({ address, after: 'now', ...all.request })
    cache.watch({ address: notTwo, after: 'now', ...some.request })
    for (const cluster of ['one', 'two', 'three']) await write(backend, [configMap(cluster, 'ns', cluster), 'x'])
    await write(backend, [{ ...configMap('x'), resource: 'secrets' }, 'x'])
    await turn()
    expect(all.told()).toEqual(['ADDED ns/one x', 'ADDED ns/two x', 'ADDED ns/three x'])
    expect(some.told()).toEqual(['ADDED ns/one x', 'ADDED ns/three x'])
    const late = watcher()
    cache.watch({ address: notTwo, after: 1, ...late.request })
    await turn()
    expect(late.told()).toEqual(some.told())
  })

  it('shares events, their arrays and what was made of them', async () => {
    const { backend, cache } = await setUp()
    const [one, two, namespaced] = [watcher(), watcher(), watcher()]
    cache.watch({ address: configMaps, after: 'now', ...one.request })
    cache.watch({ address: configMaps, after: 'now', ...two.request })
    cache.watch({ address: { ...configMaps, namespace: 'default' }, after: 'now', ...namespaced.request })
    await write(backend, [configMap('a'), '1'])
    await turn()
    expect(one.calls[0]).toBe(two.calls[0])
    const [event] = one.calls[0]!
    expect(namespaced.calls[0]![0]).toBe(event)
    event!.encoded.set('json', Buffer.from('once'))
    const late = watcher()
    cache.watch({ address: configMaps, after: 1, ...late.request })
    await turn()
    expect(String(late.calls[0]![0]!.encoded.get('json'))).toBe('once')
    expect(event!.current).toBe(await cache.get(configMap('a')))
  })

  it('resumes from the window, without asking the backend', async () => {
    const { backend, cache, histories } = await setUp()
    const revisions: number[] = []
    for (let i = 0; i < 10; i++) revisions.push(await write(backend, [configMap(`c${i}`), String(i)]))
    const seen = watcher()
    const watch = cache.watch({ address: configMaps, after: revisions[6]!, ...seen.request })
    expect(seen.calls).toEqual([])
    expect(watch.revision).toBe(revisions[6])
    await turn()
    expect(seen.told()).toEqual(['ADDED default/c7 7', 'ADDED default/c8 8', 'ADDED default/c9 9'])
    expect(watch.revision).toBe(revisions[9])
    expect(histories).toEqual([])
  })

  it('resumes from the history where the window has forgotten, and goes on live', async () => {
    const { backend, cache, histories } = await setUp(windowOfAFew)
    const first = await write(backend, [configMap('c0'), '0'])
    for (let i = 1; i < 700; i++) await write(backend, [configMap(`c${i}`), String(i)])
    expect(cache.stats().windowBytes).toBeLessThanOrEqual(windowOfAFew.watchBudgetBytes)
    expect(cache.stats().windowEvents).toBeLessThan(10)
    const seen = watcher()
    cache.watch({ address: { ...configMaps, namespace: 'default' }, after: first, ...seen.request })
    await write(backend, [configMap('c0'), 'meanwhile'])
    await expect.poll(() => seen.calls.flat().length).toBe(700)
    await write(backend, [configMap('c1'), undefined])
    await turn()
    expect(seen.told()).toEqual([
      ...Array.from({ length: 699 }, (_, i) => `ADDED default/c${i + 1} ${i + 1}`),
      'MODIFIED default/c0 meanwhile',
      'DELETED default/c1 1',
    ])
    expect(histories.length).toBeGreaterThan(1)
    expect(histories[0]).toMatchObject({ after: first, prefix: 'o/root/core/configmaps/default/' })
  })

  it('reads old events no faster than they are sent', async () => {
    const { backend, cache } = await setUp(windowOfAFew)
    for (let i = 0; i < 1700; i++) void write(backend, [configMap(`c${i}`), String(i)])
    await write(backend, [configMap('last'), 'x'])
    const seen = watcher()
    let send: (() => void) | undefined
    cache.watch({
      address: configMaps,
      after: 1,
      ...seen.request,
      drained: () => new Promise((resolve) => (send = resolve)),
    })
    for (let page = 1; page <= 3; page++) {
      await expect.poll(() => seen.calls.length).toBe(page)
      for (let i = 0; i < 5; i++) await turn()
      expect(seen.calls.flat()).toHaveLength(500 * page)
      send?.()
    }
    await expect.poll(() => seen.calls.flat().length).toBe(1701)
  })

  it('from a compacted revision ends as expired', async () => {
    const { backend, cache } = await setUp(windowOfAFew)
    const first = await write(backend, [configMap('a'), '1'])
    for (let i = 0; i < 20; i++) await write(backend, [configMap('a'), String(i)])
    await backend.compact(first + 5)
    const seen = watcher()
    cache.watch({ address: configMaps, after: first, ...seen.request })
    await expect.poll(() => seen.ended()).toBe('expired')
    expect(seen.calls).toEqual([])
    expect(cache.stats().watches).toBe(0)
  })

  it('inside the window goes on although the history is compacted', async () => {
    const { backend, cache } = await setUp()
    const first = await write(backend, [configMap('a'), '1'])
    await write(backend, [configMap('a'), '2'])
    const last = await write(backend, [configMap('a'), '3'])
    await backend.compact(last)
    const seen = watcher()
    cache.watch({ address: configMaps, after: first, ...seen.request })
    await turn()
    expect(seen.told()).toEqual(['MODIFIED default/a 2', 'MODIFIED default/a 3'])
  })

  it('that does not keep up is cut off, and no one else notices', async () => {
    const { backend, cache } = await setUp()
    const [good, bad] = [watcher(), watcher()]
    cache.watch({ address: configMaps, after: 'now', ...bad.request, onEvents: () => false })
    cache.watch({ address: configMaps, after: 'now', ...good.request })
    await write(backend, [configMap('a'), '1'])
    await turn()
    await write(backend, [configMap('b'), '1'])
    await turn()
    expect(bad.ended()).toBe('slow')
    expect(good.told()).toEqual(['ADDED default/a 1', 'ADDED default/b 1'])
    expect(cache.stats().watches).toBe(1)
  })

  it('whose owner throws ends alone', async () => {
    const { backend, cache } = await setUp()
    const [good, bad] = [watcher(), watcher()]
    let cause: unknown
    cache.watch({
      address: configMaps,
      after: 'now',
      onEvents: () => {
        throw new Error('a bug')
      },
      onClose: (reason, error) => {
        bad.request.onClose(reason)
        cause = error
      },
    })
    cache.watch({ address: configMaps, after: 'now', ...good.request })
    await write(backend, [configMap('a'), '1'])
    await turn()
    expect(bad.ended()).toBe('failed')
    expect(cause).toMatchObject({ message: 'a bug' })
    expect(good.told()).toHaveLength(1)
  })

  it('is told nothing after it was closed, live or while it catches up', async () => {
    const { backend, cache } = await setUp(windowOfAFew)
    for (let i = 0; i < 50; i++) await write(backend, [configMap(`c${i}`), String(i)])
    const [live, behind] = [watcher(), watcher()]
    const liveWatch = cache.watch({ address: configMaps, after: 'now', ...live.request })
    const behindWatch = cache.watch({ address: configMaps, after: 1, ...behind.request })
    const writing = write(backend, [configMap('a'), '1'])
    behindWatch.close()
    behindWatch.close()
    await writing
    liveWatch.close()
    for (let i = 0; i < 10; i++) await turn()
    expect([live.told(), behind.told()]).toEqual([[], []])
    expect([live.ended(), behind.ended()]).toEqual([undefined, undefined])
    expect(cache.stats().watches).toBe(0)
  })

  it('ends as closed with the cache', async () => {
    const { cache } = await setUp()
    const seen = watcher()
    cache.watch({ address: configMaps, after: 'now', ...seen.request })
    cache.close()
    expect(seen.ended()).toBe('closed')
  })

  it('never says that it is further than what it was told', async () => {
    const { backend, cache } = await setUp()
    const seen = watcher()
    const watch = cache.watch({ address: configMaps, after: 'now', ...seen.request })
    const before = watch.revision
    const revision = await write(backend, [configMap('a'), '1'])
    expect(watch.revision).toBe(before)
    const late = cache.watch({ address: configMaps, after: 'now', ...watcher().request })
    expect(late.revision).toBe(revision)
    await turn()
    expect(watch.revision).toBe(revision)
    const elsewhere = await write(backend, [configMap('a', 'ns', 'elsewhere'), '1'])
    expect(watch.revision).toBe(elsewhere)
    expect(seen.told()).toHaveLength(1)
    await backend.advanceRevision(5000)
    expect(watch.revision).toBe(5000)
  })

  it('that begins between a write and its telling hears of it exactly once', async () => {
    const { backend, cache } = await setUp()
    const first = watcher()
    cache.watch({ address: configMaps, after: 'now', ...first.request })
    const before = cache.revision
    await write(backend, [configMap('a'), '1'])
    const [now, earlier] = [watcher(), watcher()]
    cache.watch({ address: configMaps, after: 'now', ...now.request })
    cache.watch({ address: configMaps, after: before, ...earlier.request })
    await turn()
    await turn()
    expect([first.told(), now.told(), earlier.told()]).toEqual([['ADDED default/a 1'], [], ['ADDED default/a 1']])
  })

  it('after a revision that is still to come begins behind it', async () => {
    const { backend, cache } = await setUp()
    const seen = watcher()
    cache.watch({ address: configMaps, after: cache.revision + 2, ...seen.request })
    for (const data of ['1', '2', '3']) await write(backend, [configMap('a'), data])
    await turn()
    expect(seen.told()).toEqual(['MODIFIED default/a 3'])
  })

  it('of thousands shares the time with others, and misses nothing', async () => {
    const { backend, cache } = await setUp()
    const count = { told: 0, turns: 0 }
    const watches = Array.from({ length: 3000 }, () =>
      cache.watch({
        address: configMaps,
        after: 'now',
        onEvents: (events) => {
          count.told += events.length
          for (let end = performance.now() + 0.02; performance.now() < end;);
        },
        onClose: () => {},
      }),
    )
    const revision = await write(backend, [configMap('a'), '1'])
    void write(backend, [configMap('a'), '2'])
    while (count.told < 6000) {
      if (count.told < 3000) expect(watches.at(-1)!.revision).toBeLessThan(revision)
      await turn()
      count.turns++
    }
    expect(count.told).toBe(6000)
    expect(count.turns).toBeGreaterThan(3)
    expect(cache.stats().watches).toBe(3000)
  })

  it('does not wait for the thousands of another collection', async () => {
    const { backend, cache } = await setUp()
    let told = 0
    const onEvents = (events: readonly unknown[]): void => {
      told += events.length
      for (let end = performance.now() + 0.02; performance.now() < end;);
    }
    for (let n = 0; n < 3000; n++) cache.watch({ address: configMaps, after: 'now', onEvents, onClose: () => {} })
    const other = watcher()
    cache.watch({ address: { ...configMaps, logicalCluster: 'elsewhere' }, after: 'now', ...other.request })
    await write(backend, [configMap('a'), '1'])
    await oneTurn()
    await write(backend, [configMap('b', 'default', 'elsewhere'), '1'])
    while (other.told().length === 0) await oneTurn()
    expect(told).toBeLessThan(3000)
    while (told < 3000) await oneTurn()
  })

  it('of many tells in order, and once, what is written while they are told', async () => {
    const { backend, cache } = await setUp()
    const seen = Array.from({ length: 100 }, () => watcher())
    for (const { request } of seen) {
      const onEvents: typeof request.onEvents = (events) => {
        for (let end = performance.now() + 0.1; performance.now() < end;);
        return request.onEvents(events)
      }
      cache.watch({ address: configMaps, after: 'now', ...request, onEvents })
    }
    const data = Array.from({ length: 20 }, (_, n) => String(n))
    for (const one of data) {
      await write(backend, [configMap('a'), one])
      await oneTurn()
    }
    const wanted = data.map((one, n) => `${n === 0 ? 'ADDED' : 'MODIFIED'} default/a ${one}`)
    while (seen.some(({ told }) => told().length < wanted.length)) await oneTurn()
    for (const { told } of seen) expect(told()).toEqual(wanted)
    for (const { calls } of seen) expect(calls.length).toBeLessThan(wanted.length)
  })

  it('on a replica goes on where a list read ahead of the feed', async () => {
    const store = createSharedMemory()
    const writer = store.open()
    const replica = store.open({ holdFeed: true })
    const { cache } = await setUp({ backend: replica })
    await write(writer, [configMap('a'), '1'])
    await write(writer, [configMap('b'), '1'])
    const snapshot = (await cache.collection(configMaps))!
    expect(contents(snapshot)).toEqual({ 'default/a': '1', 'default/b': '1' })
    const [seen, old] = [watcher(), watcher()]
    cache.watch({ address: configMaps, after: snapshot.revision, ...seen.request })
    cache.watch({ address: configMaps, after: 1, ...old.request })
    await write(writer, [configMap('b'), '2'])
    replica.releaseFeed()
    await turn()
    expect(seen.told()).toEqual(['MODIFIED default/b 2'])
    expect(old.told()).toEqual(['ADDED default/a 1', 'ADDED default/b 1', 'MODIFIED default/b 2'])
  })

  it('gives the previous version of an object that the cache has never seen', async () => {
    const backend = createMemoryBackend()
    const created = await write(backend, [configMap('a'), '1'])
    const { cache } = await setUp({ backend })
    const seen = watcher()
    cache.watch({ address: configMaps, after: 'now', ...seen.request })
    await write(backend, [configMap('a'), '2'])
    await turn()
    const previous: CachedObject = seen.calls[0]![0]!.previous!
    expect(previous).toMatchObject({ revision: created, createRevision: created })
    expect(previous.parsed.metadata.resourceVersion).toBe(String(created))
  })
})

describe('the window of recent events', () => {
  it('holds nothing for collections whose events have left it', async () => {
    const { backend, cache } = await setUp(windowOfAFew)
    for (let i = 0; i < 200; i++) await write(backend, [configMap('a', 'ns', `cluster-${i}`), 'x'])
    expect(cache.stats().windowEvents).toBeLessThan(10)
    expect(cache.stats().windowBytes).toBeLessThanOrEqual(windowOfAFew.watchBudgetBytes)
  })
})
