import type { Key } from '../backend.ts'
import type { CachedListPage, CachedObject, CollectionSnapshot } from '../object-cache.ts'
import type { LruEntry } from './byte-lru.ts'
import type { SortedChunks } from './sorted-chunks.ts'
import { objectOverheadBytes } from './stored-object.ts'

const collectionOverheadBytes = 1000

/** All objects of one resource in one logical cluster, kept current by the feed. */
export class Collection implements LruEntry {
  readonly prefix: string
  /** What the feed says up to here is in it already. */
  readonly loadedAt: number
  /** It has been the same since. */
  changedAt: number
  older: LruEntry | undefined
  newer: LruEntry | undefined
  /** As the list of last use counts it; `weight` is what it has become meanwhile. */
  bytes: number
  readonly evict: () => void
  readonly #objects: SortedChunks<CachedObject>
  #itemBytes: number
  #snapshot: Omit<CollectionSnapshot, 'revision'> | undefined

  constructor(prefix: string, loaded: LoadedCollection, evict: () => void) {
    this.prefix = prefix
    this.loadedAt = loaded.revision
    this.changedAt = loaded.revision
    this.evict = evict
    this.#objects = loaded.objects
    this.#itemBytes = loaded.itemBytes
    this.bytes = this.weight
  }

  get weight(): number {
    return collectionOverheadBytes + weightOf(this.#objects.count, this.#itemBytes)
  }

  get(key: Key): CachedObject | undefined {
    return this.#objects.get(key)
  }

  /** The object of a key has changed; undefined when it is gone. */
  apply(key: Key, object: CachedObject | undefined, revision: number): void {
    if (revision <= this.loadedAt) return
    const before = object ? this.#objects.set(object) : this.#objects.delete(key)
    this.#itemBytes += (object?.item.length ?? 0) - (before?.item.length ?? 0)
    this.changedAt = revision
    this.#snapshot = undefined
  }

  snapshot(): Omit<CollectionSnapshot, 'revision'> {
    this.#snapshot ??= { count: this.#objects.count, bytes: this.#itemBytes, chunks: this.#objects.snapshot() }
    return this.#snapshot
  }

  between(start: Key, end: Key): Omit<CollectionSnapshot, 'revision'> {
    const chunks = this.#objects.between(start, end)
    let count = 0
    let bytes = 0
    for (const chunk of chunks) {
      count += chunk.length
      for (const { item } of chunk) bytes += item.length
    }
    return { count, bytes, chunks }
  }

  page(start: Key, end: Key, limit: number): Omit<CachedListPage, 'revision'> {
    const items: CachedObject[] = []
    let count = 0
    for (const chunk of this.#objects.between(start, end)) {
      count += chunk.length
      if (items.length < limit) items.push(...chunk.slice(0, limit - items.length))
    }
    return { items, more: count > items.length, remaining: count - items.length }
  }
}

export interface LoadedCollection {
  objects: SortedChunks<CachedObject>
  itemBytes: number
  revision: number
}

export function weightOf(count: number, itemBytes: number): number {
  return count * objectOverheadBytes + itemBytes
}
