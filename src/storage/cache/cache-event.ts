import type { FeedEvent, Key } from '../backend.ts'
import { parseObjectKey, type ObjectAddress } from '../keys.ts'
import type { CacheEvent, CachedObject } from '../object-cache.ts'
import { previousOf, type ParsedMemory, type StoredObject } from './stored-object.ts'

const eventOverheadBytes = 400

/** One change, made once from the feed and shared by the window and all watchers; most of it only when asked for. */
export class SharedCacheEvent implements CacheEvent {
  readonly type: CacheEvent['type']
  readonly revision: number
  readonly key: Key
  readonly current: StoredObject | undefined
  /** What it takes in the window, about: twice the new version, for it will be sent in some form. */
  readonly bytes: number
  readonly #memory: ParsedMemory
  /** The previous version as the feed gave it, until it is asked for. */
  #stored: FeedEvent | undefined
  #previous: CachedObject | undefined
  #departed: CachedObject | undefined
  #address: ObjectAddress | undefined
  #encoded: Map<string, Uint8Array> | undefined

  /** `known`: the cached form of the previous version, if there is one. */
  constructor(
    event: FeedEvent,
    current: StoredObject | undefined,
    known: CachedObject | undefined,
    memory: ParsedMemory,
  ) {
    this.type = event.type === 'delete' ? 'DELETED' : event.previous ? 'MODIFIED' : 'ADDED'
    this.revision = event.revision
    this.key = event.key
    this.current = current
    this.bytes = eventOverheadBytes + 2 * (current?.item.length ?? 0) + (event.previous?.value.length ?? 0)
    this.#memory = memory
    if (known?.revision === event.previous?.revision) this.#previous = known
    else if (event.previous) this.#stored = { ...event, value: undefined }
  }

  get previous(): CachedObject | undefined {
    if (this.#stored) {
      this.#previous = previousOf(this.#stored, this.#memory)
      this.#stored = undefined
    }
    return this.#previous
  }

  get departed(): CachedObject | undefined {
    this.#departed ??= (this.previous as StoredObject | undefined)?.at(this.revision)
    return this.#departed
  }

  get address(): ObjectAddress {
    this.#address ??= parseObjectKey(this.key)
    if (!this.#address) throw new Error(`not the key of an object: ${this.key}`)
    return this.#address
  }

  get encoded(): Map<string, Uint8Array> {
    this.#encoded ??= new Map()
    return this.#encoded
  }
}
