import * as fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Backend } from './backend.ts'
import { createObjectCache } from './create-object-cache.ts'
import type { CollectionAddress } from './keys.ts'
import { collectionPrefix } from './keys.ts'
import { openLeveldbBackend } from './leveldb/leveldb-backend.ts'
import { createMemoryBackend } from './memory/memory-backend.ts'
import type { CacheEvent, CacheWatch, ObjectCache } from './object-cache.ts'
import { configMap, configMaps, known, turn, write, type Known } from './testing/stored-objects.ts'

const name = fc.constantFrom('a', 'b', 'c', 'd')
const namespace = fc.constantFrom('one', 'two')
const change = fc.record({ name, namespace, logicalCluster: fc.constantFrom('root', 'other'), isDelete: fc.boolean() })
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      txns: fc.array(
        fc.uniqueArray(change, {
          minLength: 1,
          maxLength: 3,
          selector: (c) => `${c.logicalCluster}/${c.namespace}/${c.name}`,
        }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('watch' as const), namespace: fc.option(namespace), list: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), limit: fc.integer({ min: 1, max: 5 }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A client as an informer is one: lists, watches from there, applies what it is told. */
class Client {
  readonly address: CollectionAddress
  readonly #cache: ObjectCache
  #known: Known = new Map()
  #revision = 0
  #watch: CacheWatch | undefined
  /** Why the watch ended by itself, if it did. */
  failure: unknown

  constructor(cache: ObjectCache, address: CollectionAddress) {
    this.#cache = cache
    this.address = address
  }

  get known(): Known {
    return this.#known
  }

  async start(isFromList: boolean): Promise<void> {
    if (isFromList) {
      const snapshot = (await this.#cache.collection(this.address))!
      this.#known = known(snapshot, this.address)
      this.#revision = snapshot.revision
    } else this.#revision = 1
    this.resume()
  }

  stop(): void {
    this.#watch?.close()
  }

  resume(): void {
    this.stop()
    this.#watch = this.#cache.watch({
      address: this.address,
      after: this.#revision,
      onEvents: (events) => this.#apply(events),
      onClose: (reason, error) => {
        this.failure = error ?? reason
      },
    })
  }

  #apply(events: readonly CacheEvent[]): void {
    const prefix = collectionPrefix(this.address)
    for (const { type, key, revision, current, previous } of events) {
      if (revision < this.#revision) throw new Error('revisions went back')
      const name = key.slice(prefix.length)
      const had = this.#known.get(name)
      expect([type, had]).toEqual([type, previous?.parsed.metadata.resourceVersion])
      expect(had === undefined).toBe(type === 'ADDED')
      if (current) this.#known.set(name, String(current.revision))
      else this.#known.delete(name)
      this.#revision = revision
    }
  }
}

async function run(backend: Backend, steps: readonly Step[]): Promise<void> {
  const cache = await createObjectCache({ backend, budgetBytes: 20_000, watchBudgetBytes: 8_000 })
  const clients: Client[] = []
  let writes: Promise<unknown>[] = []
  for (const step of steps) {
    if (step.kind === 'write') {
      for (const txn of step.txns)
        writes.push(
          write(
            backend,
            ...txn.map(({ name, namespace, logicalCluster, isDelete }): Parameters<typeof write>[1] => [
              configMap(name, namespace, logicalCluster),
              isDelete ? undefined : 'x'.repeat(100),
            ]),
          ),
        )
      if (step.wait) await Promise.all(writes.splice(0))
    } else if (step.kind === 'watch') {
      const client = new Client(
        cache,
        step.namespace === null ? configMaps : { ...configMaps, namespace: step.namespace },
      )
      clients.push(client)
      await client.start(step.list)
    } else if (step.kind === 'resume') clients[step.which % (clients.length || 1)]?.resume()
    else if (step.kind === 'turn') await turn()
    else await comparePages(cache, step.limit)
  }
  await Promise.all(writes)
  writes = []
  await turn()
  for (const client of clients) {
    expect(client.failure).toBeUndefined()
    const expected = known(await cache.collection(client.address), client.address)
    await expect.poll(() => new Map(client.known)).toEqual(expected)
    const stored = await backend.range({
      start: collectionPrefix(client.address),
      end: `${collectionPrefix(client.address)}~`,
    })
    expect([...expected.values()]).toEqual(stored.items.map(({ revision }) => String(revision)))
  }
  for (const client of clients) {
    client.stop()
    expect(client.failure).toBeUndefined()
  }
  cache.close()
}

/** Pages at one revision are what the backend holds at that revision, whoever writes in between. */
async function comparePages(cache: ObjectCache, limit: number): Promise<void> {
  const page = await cache.list({ address: configMaps, limit })
  const again = await cache.list({ address: configMaps, limit, revision: page.revision })
  expect(again.items.map(({ key, revision }) => [key, revision])).toEqual(
    page.items.map(({ key, revision }) => [key, revision]),
  )
}

describe('what a watcher makes of its events', () => {
  it('is always what a list shows, over memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => run(createMemoryBackend(), steps)),
      { numRuns: 100 },
    )
  })

  it('is always what a list shows, over LevelDB', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const directory = await mkdtemp(join(tmpdir(), 'atoll-cache-'))
        const backend = await openLeveldbBackend({ directory })
        try {
          await run(backend, steps)
        } finally {
          await backend.close()
          await rm(directory, { recursive: true })
        }
      }),
      { numRuns: 30 },
    )
  })
})
