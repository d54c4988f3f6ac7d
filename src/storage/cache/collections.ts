import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Backend, FeedEvent } from '../backend.ts'
import type { ByteLru } from './byte-lru.ts'
import { Collection, type LoadedCollection } from './collection.ts'
import { loadCollection } from './collection-loader.ts'
import type { ParsedMemory, StoredObject } from './stored-object.ts'

/** A collection that was too large is not tried again for so long. */
const tooLargeForMs = 60_000
const tooLargeRemembered = 1_000

export interface CollectionsOptions {
  backend: Backend
  memory: ParsedMemory
  lru: ByteLru
  /** A larger collection is not kept. */
  maxBytes: number
  clock: Clock
  logger: Logger
}

/** What the feed says about a collection while it is read. */
type Missed = { event: FeedEvent; current: StoredObject | undefined }[]

/** The collections in memory: read when first wanted, kept current by the feed, given up by last use. */
export class Collections {
  readonly #options: CollectionsOptions
  readonly #ready = new Map<string, Collection>()
  readonly #loading = new Map<string, Promise<Collection | undefined>>()
  readonly #missing = new Map<string, Set<Missed>>()
  /** Until when not to try. */
  readonly #tooLarge = new LRUCache<string, number>({ max: tooLargeRemembered })
  #isClosed = false

  constructor(options: CollectionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#ready.size
  }

  has(prefix: string): boolean {
    return this.#ready.has(prefix)
  }

  /** A collection that is in memory, marked as used. */
  use(prefix: string): Collection | undefined {
    const collection = this.#ready.get(prefix)
    if (collection) this.#options.lru.touch(collection)
    return collection
  }

  /** For the feed: without marking it as used. */
  peek(prefix: string): Collection | undefined {
    return this.#ready.get(prefix)
  }

  /** Reads a collection and keeps it; undefined when it is too large. Who comes meanwhile shares the reading. */
  load(prefix: string): Promise<Collection | undefined> {
    const running = this.#loading.get(prefix)
    if (running) return running
    if ((this.#tooLarge.get(prefix) ?? 0) > this.#options.clock.now()) return Promise.resolve(undefined)
    const loading = this.#read(prefix).finally(() => this.#loading.delete(prefix))
    this.#loading.set(prefix, loading)
    return loading
  }

  /** For whoever reads a whole collection anyway: what `read` answers is kept, unless it answers undefined. */
  async adopt(prefix: string, read: () => Promise<LoadedCollection | undefined>): Promise<Collection | undefined> {
    const missed: Missed = []
    let all = this.#missing.get(prefix)
    if (!all) this.#missing.set(prefix, (all = new Set()))
    all.add(missed)
    try {
      const loaded = await read()
      return loaded && this.#add(prefix, loaded, missed)
    } finally {
      all.delete(missed)
      if (all.size === 0) this.#missing.delete(prefix)
    }
  }

  apply(prefix: string, event: FeedEvent, current: StoredObject | undefined): void {
    const collection = this.#ready.get(prefix)
    if (collection) {
      collection.apply(event.key, current, event.revision)
      this.#resize(collection)
    }
    for (const missed of this.#missing.get(prefix) ?? []) missed.push({ event, current })
  }

  close(): void {
    this.#isClosed = true
    this.#ready.clear()
  }

  #read(prefix: string): Promise<Collection | undefined> {
    const { backend, memory, maxBytes, clock, logger } = this.#options
    return this.adopt(prefix, async () => {
      const loaded = await loadCollection({ backend, memory, prefix, maxBytes })
      if (loaded) return loaded
      this.#tooLarge.set(prefix, clock.now() + tooLargeForMs)
      logger.debug('a collection is too large for the cache, it is read in pages', { collection: prefix })
      return undefined
    })
  }

  #add(prefix: string, loaded: LoadedCollection, missed: Missed): Collection {
    const ready = this.#ready.get(prefix)
    if (ready) return ready
    const collection = new Collection(prefix, loaded, () => void this.#ready.delete(prefix))
    for (const { event, current } of missed) collection.apply(event.key, current, event.revision)
    collection.bytes = collection.weight
    if (this.#isClosed || collection.bytes > this.#options.maxBytes) return collection
    this.#ready.set(prefix, collection)
    this.#options.lru.add(collection)
    return collection
  }

  #resize(collection: Collection): void {
    const { lru, maxBytes } = this.#options
    if (collection.weight <= maxBytes) return lru.resize(collection, collection.weight)
    lru.remove(collection)
    collection.evict()
  }
}
