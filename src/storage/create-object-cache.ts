import { isPromise, type MaybePromise } from '../base/maybe-promise.ts'
import { systemClock, type Clock } from '../base/clock.ts'
import { silentLogger, type Logger } from '../base/logger.ts'
import type { Backend, FeedBatch, FeedEvent, KeyValue } from './backend.ts'
import { ByteLru } from './cache/byte-lru.ts'
import { SharedCacheEvent } from './cache/cache-event.ts'
import { catchUp, joinAtOnce } from './cache/catch-up.ts'
import type { Collection, LoadedCollection } from './cache/collection.ts'
import { Collections } from './cache/collections.ts'
import { shareConfirmations } from './cache/confirmations.ts'
import { EventWindow } from './cache/event-window.ts'
import { collectionOf, isWildcard, typeOf, wholeCollection } from './cache/key-parts.ts'
import { RevisionWaiters } from './cache/revision-waiters.ts'
import { SingleObjects } from './cache/single-objects.ts'
import { SortedChunks } from './cache/sorted-chunks.ts'
import { currentOf, fromKeyValue, ParsedMemory } from './cache/stored-object.ts'
import { Dispatcher, Watcher } from './cache/watchers.ts'
import { collectionPrefix, objectKey, prefixEnd, type CollectionAddress, type ObjectAddress } from './keys.ts'
import type { CachedListPage, CachedListRequest, CachedObject, CacheEvent, CacheWatch } from './object-cache.ts'
import type { CacheWatchRequest, CollectionSnapshot, ObjectCache, ObjectCacheStats } from './object-cache.ts'
import { StorageError } from './storage-error.ts'

export interface ObjectCacheOptions {
  backend: Backend
  /** For objects and collections; a quarter of it for what of them is parsed. */
  budgetBytes: number
  /** For the window of recent events, from which watches are resumed. */
  watchBudgetBytes: number
  clock?: Clock
  logger?: Logger
}

/** One collection may take this much of the budget; a larger one is read from the backend page by page. */
const largestCollection = 0.5
const parsedShare = 0.25

export async function createObjectCache(options: ObjectCacheOptions): Promise<ObjectCache> {
  const { backend } = options
  // Subscribe first: what comes between the question and the answer is kept for the cache.
  const early: FeedBatch[] = []
  let cache: BackendCache | undefined
  const unsubscribe = backend.subscribe((batch) => void (cache ? cache.apply(batch) : early.push(batch)))
  try {
    cache = new BackendCache(options, await backend.confirmedRevision(), unsubscribe)
  } catch (error) {
    unsubscribe()
    throw error
  }
  for (const batch of early) cache.apply(batch)
  return cache
}

/**
 * The cache over one backend. Everything that the feed changes is changed within the feed's call, before the writer is
 * answered; watchers are told right after it.
 */
class BackendCache implements ObjectCache {
  readonly #backend: Backend
  readonly #memory: ParsedMemory
  readonly #lru: ByteLru
  readonly #singles: SingleObjects
  readonly #collections: Collections
  readonly #window: EventWindow
  readonly #dispatcher: Dispatcher
  readonly #watchers = new Set<Watcher>()
  readonly #waiters: RevisionWaiters
  readonly #confirm: () => MaybePromise<number>
  readonly #unsubscribe: () => void
  #isClosed = false

  constructor(options: ObjectCacheOptions, revision: number, unsubscribe: () => void) {
    const { backend, budgetBytes, watchBudgetBytes, clock = systemClock, logger = silentLogger } = options
    const memory = new ParsedMemory(budgetBytes * parsedShare)
    const lru = new ByteLru(budgetBytes * (1 - parsedShare))
    const maxBytes = budgetBytes * (1 - parsedShare) * largestCollection
    this.#backend = backend
    this.#memory = memory
    this.#lru = lru
    this.#singles = new SingleObjects(lru)
    this.#collections = new Collections({ backend, memory, lru, maxBytes, clock, logger })
    this.#window = new EventWindow(watchBudgetBytes, revision, collectionOf)
    this.#dispatcher = new Dispatcher(revision)
    this.#waiters = new RevisionWaiters(revision, clock)
    this.#confirm = shareConfirmations(() => backend.confirmedRevision())
    this.#unsubscribe = unsubscribe
  }

  get revision(): number {
    return this.#waiters.revision
  }

  fresh(): MaybePromise<number> {
    this.#checkOpen()
    const confirmed = this.#confirm()
    if (!isPromise(confirmed) && confirmed <= this.revision) return this.revision
    return this.#reach(confirmed)
  }

  waitForRevision(revision: number, timeoutMs: number): MaybePromise<boolean> {
    this.#checkOpen()
    return this.#waiters.waitFor(revision, timeoutMs)
  }

  get(address: ObjectAddress): MaybePromise<CachedObject | undefined> {
    this.#checkOpen()
    const key = objectKey(address)
    const collection = this.#collections.use(wholeCollection(address))
    if (collection) return collection.get(key)
    const single = this.#singles.use(key)
    if (single) return single
    const seen = this.revision
    const found = this.#backend.get(key)
    return isPromise(found) ? found.then((item) => this.#admit(item, seen)) : this.#admit(found, seen)
  }

  collection(address: CollectionAddress): MaybePromise<CollectionSnapshot | undefined> {
    this.#checkOpen()
    const prefix = wholeCollection(address)
    const ready = this.#collections.use(prefix)
    if (ready) return this.#snapshot(ready, address)
    return this.#collections.load(prefix).then((loaded) => loaded && this.#snapshot(loaded, address))
  }

  list(request: CachedListRequest): MaybePromise<CachedListPage> {
    this.#checkOpen()
    const { address, startAfter, revision } = request
    const prefix = wholeCollection(address)
    const collection = this.#collections.use(prefix)
    if (collection && this.#holds(collection, revision)) return this.#pageOf(collection, request)
    const isWhole = startAfter === undefined && revision === undefined && address.namespace === undefined
    return isWhole ? this.#readWhole(prefix, request) : this.#readPage(request)
  }

  watch(request: CacheWatchRequest): CacheWatch {
    this.#checkOpen()
    const { address } = request
    const after = request.after === 'now' ? this.revision : request.after
    const group = isWildcard(address) ? `${address.group}/${address.resource}/` : collectionPrefix(address)
    const matches = isWildcard(address) ? address.matches : undefined
    const ended = (watcher: Watcher) => void this.#watchers.delete(watcher)
    const watcher = new Watcher({ group, after, request, matches, dispatcher: this.#dispatcher, ended })
    this.#watchers.add(watcher)
    const wants = isWildcard(address)
      ? (event: CacheEvent) => typeOf(collectionOf(event.key)) === group
      : (event: CacheEvent) => event.key.startsWith(group)
    const options = {
      watcher,
      selector: { collection: isWildcard(address) ? undefined : wholeCollection(address), wants },
      prefix: isWildcard(address) ? 'o/' : group,
      backend: this.#backend,
      window: this.#window,
      memory: this.#memory,
      revision: () => this.revision,
      drained: () => request.drained?.(),
    }
    if (!joinAtOnce(options)) setImmediate(() => void catchUp(options))
    return watcher
  }

  stats(): ObjectCacheStats {
    return {
      bytes: this.#lru.bytes,
      objects: this.#singles.size,
      collections: this.#collections.size,
      windowBytes: this.#window.bytes,
      windowEvents: this.#window.length,
      watches: this.#watchers.size,
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unsubscribe()
    for (const watcher of this.#watchers) watcher.end('closed')
    this.#waiters.giveUp()
    this.#singles.close()
    this.#collections.close()
  }

  /** A batch of the feed. */
  apply({ revision, events }: FeedBatch): void {
    // A feed that lags may tell what was confirmed before the cache began: every read has seen that already.
    const seen = this.revision
    if (revision <= seen) return
    for (const event of events) if (event.revision > seen && event.key.startsWith('o/')) this.#applyEvent(event)
    this.#waiters.reach(revision)
    this.#dispatcher.advance(revision)
  }

  #applyEvent(event: FeedEvent): void {
    const { key } = event
    const prefix = collectionOf(key)
    const current = currentOf(event, this.#memory)
    const known = this.#collections.peek(prefix)?.get(key) ?? this.#singles.peek(key)
    const shared = new SharedCacheEvent(event, current, known, this.#memory)
    this.#collections.apply(prefix, event, current)
    this.#singles.apply(event, current, this.#collections.has(prefix))
    this.#window.add(shared, prefix)
    this.#dispatcher.add(shared, prefix)
  }

  /** What the backend answered; kept when no change can have come in between. */
  #admit(item: KeyValue | undefined, seen: number): CachedObject | undefined {
    if (!item) return undefined
    const kept = this.#singles.use(item.key)
    if (kept && kept.revision >= item.revision) return kept
    const object = fromKeyValue(item, this.#memory)
    const isCurrent = this.revision === seen || this.revision <= item.revision
    if (isCurrent && !this.#collections.has(collectionOf(item.key)) && !this.#isClosed) this.#singles.keep(object)
    return object
  }

  #snapshot(collection: Collection, { namespace, ...whole }: CollectionAddress): CollectionSnapshot {
    const revision = Math.max(this.revision, collection.loadedAt)
    if (namespace === undefined) return { ...collection.snapshot(), revision }
    const prefix = collectionPrefix({ ...whole, namespace })
    return { ...collection.between(prefix, prefixEnd(prefix)), revision }
  }

  /** Whether the collection is now as it was at a revision. */
  #holds(collection: Collection, revision: number | undefined): boolean {
    if (revision === undefined) return true
    return revision >= collection.changedAt && revision <= Math.max(this.revision, collection.loadedAt)
  }

  #pageOf(collection: Collection, { address, startAfter, limit, revision }: CachedListRequest): CachedListPage {
    const prefix = collectionPrefix(address)
    const start = startAfter === undefined ? prefix : `${startAfter}\0`
    const at = revision ?? Math.max(this.revision, collection.loadedAt)
    return { ...collection.page(start, prefixEnd(prefix), limit), revision: at }
  }

  /** When all of it fits on the page, it has become a collection at no further cost. */
  async #readWhole(prefix: string, request: CachedListRequest): Promise<CachedListPage> {
    let page: CachedListPage | undefined
    await this.#collections.adopt(prefix, async () => {
      page = await this.#readPage(request)
      return page.more ? undefined : toLoaded(page)
    })
    return page!
  }

  async #readPage({ address, startAfter, limit, revision }: CachedListRequest): Promise<CachedListPage> {
    const prefix = collectionPrefix(address)
    const start = startAfter === undefined ? prefix : `${startAfter}\0`
    const range = { start, end: prefixEnd(prefix), limit }
    const page = await this.#backend.range(revision === undefined ? range : { ...range, revision })
    const items = page.items.map((item) => fromKeyValue(item, this.#memory))
    return { items, more: page.more, revision: page.revision, ...(page.more ? {} : { remaining: 0 }) }
  }

  async #reach(confirmed: MaybePromise<number>): Promise<number> {
    await this.#waiters.waitFor(await confirmed)
    this.#checkOpen()
    return this.revision
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StorageError('closed', 'the object cache is closed')
  }
}

function toLoaded({ items, revision }: CachedListPage): LoadedCollection {
  const objects = new SortedChunks<CachedObject>()
  objects.append(items)
  return { objects, itemBytes: items.reduce((sum, { item }) => sum + item.length, 0), revision }
}
