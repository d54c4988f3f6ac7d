import type { FeedEvent, Key } from '../backend.ts'
import type { ByteLru, LruEntry } from './byte-lru.ts'
import { objectOverheadBytes, type StoredObject } from './stored-object.ts'

interface Single extends LruEntry {
  object: StoredObject
}

/** Objects that were read or written one by one, by last use. */
export class SingleObjects {
  readonly #lru: ByteLru
  readonly #singles = new Map<Key, Single>()

  constructor(lru: ByteLru) {
    this.#lru = lru
  }

  get size(): number {
    return this.#singles.size
  }

  /** Marked as used. */
  use(key: Key): StoredObject | undefined {
    const single = this.#singles.get(key)
    if (single) this.#lru.touch(single)
    return single?.object
  }

  /** For the feed: without marking it as used. */
  peek(key: Key): StoredObject | undefined {
    return this.#singles.get(key)?.object
  }

  keep(object: StoredObject): void {
    this.forget(object.key)
    const single: Single = {
      object,
      bytes: object.item.length + objectOverheadBytes + 2 * object.key.length,
      older: undefined,
      newer: undefined,
      evict: () => void this.#singles.delete(object.key),
    }
    this.#singles.set(object.key, single)
    this.#lru.add(single)
  }

  /** What was just written is kept, for it is likely to be read; unless a collection holds it. */
  apply({ key, revision }: FeedEvent, current: StoredObject | undefined, isHeld: boolean): void {
    // A version from ahead of a lagging feed: forgotten, for nobody knows whether it is still the newest.
    const isAhead = (this.#singles.get(key)?.object.revision ?? 0) > revision
    if (current && !isHeld && !isAhead) this.keep(current)
    else this.forget(key)
  }

  forget(key: Key): void {
    const single = this.#singles.get(key)
    if (!single) return
    this.#lru.remove(single)
    this.#singles.delete(key)
  }

  close(): void {
    this.#singles.clear()
  }
}
