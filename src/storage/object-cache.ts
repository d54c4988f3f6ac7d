import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KubeObject, ObjectMeta } from '../meta/object.ts'
import type { Key } from './backend.ts'
import type { CollectionAddress, ObjectAddress } from './keys.ts'

/**
 * One version of one object, shared by everyone who reads it: never change what it gives out.
 */
export interface CachedObject {
  readonly key: Key
  /** Revision that wrote this version: its resourceVersion. */
  readonly revision: number
  readonly createRevision: number
  /**
   * The object's JSON in the storage version with resourceVersion, without apiVersion and kind; it begins
   * `{"metadata":{"resourceVersion":"<revision>"`. Lists of built-ins send it as it is.
   */
  readonly item: Uint8Array
  /** `item` parsed: at first use, remembered while the memory budget allows. */
  readonly parsed: KubeObject
  /** Only the metadata, parsed without the rest of the object: for selectors. */
  readonly metadata: ObjectMeta
}

/** The objects of one collection at one revision, ordered by key. A later write does not change it. */
export interface CollectionSnapshot {
  readonly revision: number
  readonly count: number
  /** Sum of the items' lengths. */
  readonly bytes: number
  /**
   * The objects, a few hundred an array, so that a long list is written in slices. An array is replaced, never
   * changed, and shared between snapshots: derived bytes can be remembered in a WeakMap by array.
   */
  readonly chunks: readonly (readonly CachedObject[])[]
}

export interface CachedListRequest {
  address: CollectionAddress
  /** At most this many. */
  limit: number
  /** Only keys behind this one: the last key of the page before. */
  startAfter?: Key
  /** As of this revision; without it, as of the newest. */
  revision?: number
}

export interface CachedListPage {
  items: CachedObject[]
  /** True when objects remain behind the last one. */
  more: boolean
  /** Where the page was read: give it to the next page. */
  revision: number
  /** How many remain behind the page, where that is known at no cost. */
  remaining?: number
}

/** One change of one object, shared by all watchers. */
export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  readonly key: Key
  readonly address: ObjectAddress
  /** Undefined for DELETED. */
  readonly current: CachedObject | undefined
  /** Undefined for ADDED. */
  readonly previous: CachedObject | undefined
  /**
   * The previous version under this event's revision: what a watcher is sent as DELETED, when the object is gone or
   * has left the watcher's selection. Undefined for ADDED.
   */
  readonly departed: CachedObject | undefined
  /**
   * The event as it goes over the wire, by output form (the apiserver chooses the names): serialised by the first
   * watcher that needs the form, shared with all others.
   */
  readonly encoded: Map<string, Uint8Array>
}

/** All logical clusters at once. */
export interface WildcardAddress {
  group: string
  resource: string
  /** Which events belong: a resource name can mean different types in different logical clusters. */
  matches?: (event: CacheEvent) => boolean
}

/** Why a watch ended. `expired`: its revision is compacted, list again. `slow`: it did not keep up. */
export type WatchEnd = 'expired' | 'slow' | 'closed' | 'failed'

export interface CacheWatchRequest {
  /** One resource in one logical cluster (or one namespace of it), or the resource in all of them. */
  address: CollectionAddress | WildcardAddress
  /** Events behind this revision, exclusive; `now` begins with what comes. */
  after: number | 'now'
  /**
   * Called with events in order of revision, never inside `watch` itself and never inside a write. All events of one
   * revision come in one call. It must not throw and must not block; returning false ends the watch as `slow`.
   * The array is shared: do not keep or change it.
   */
  onEvents(events: readonly CacheEvent[]): boolean | void
  /** Called once when the watch ends by itself, not after `close()`. */
  onClose(reason: WatchEnd, error?: unknown): void
  /** Awaited between the pages of a replay, so that old events are read no faster than they are sent. */
  drained?: () => MaybePromise<void>
}

export interface CacheWatch {
  /** Everything up to here has been given to `onEvents`: the resourceVersion of a bookmark. */
  readonly revision: number
  /** Idempotent. Nothing is called afterwards. */
  close(): void
}

export interface ObjectCacheStats {
  /** Held by objects and collections, against the budget. */
  bytes: number
  objects: number
  collections: number
  /** Held by the window of recent events. */
  windowBytes: number
  windowEvents: number
  watches: number
}

/**
 * The hub's one cache between the request path and the `Backend`: bounded by bytes, kept current by one subscription.
 *
 * - What the backend has acknowledged on this process is seen by every call that begins afterwards. A replica of a
 *   shared store awaits `fresh()` first.
 * - Nothing is held for a logical cluster that nobody reads, watches or writes.
 * - Errors are the backend's `StorageError`.
 */
export interface ObjectCache {
  /** The newest revision seen on the feed. */
  readonly revision: number
  /** Waits until the cache has seen everything that was confirmed when this was called; answers its revision. */
  fresh(): MaybePromise<number>
  /** True when `revision` has been reached, false after `timeoutMs` without it. */
  waitForRevision(revision: number, timeoutMs: number): MaybePromise<boolean>
  /** One object as it is now. */
  get(address: ObjectAddress): MaybePromise<CachedObject | undefined>
  /**
   * All objects of one resource (or one namespace of it) in one logical cluster. The first call reads them from the
   * backend and keeps them current. Undefined when they are too large for the cache: page through `list` instead.
   */
  collection(address: CollectionAddress): MaybePromise<CollectionSnapshot | undefined>
  /** One page, from memory when it is there, else from the backend. Throws `compacted` / `future-revision`. */
  list(request: CachedListRequest): MaybePromise<CachedListPage>
  watch(request: CacheWatchRequest): CacheWatch
  stats(): ObjectCacheStats
  /** Ends every watch with `closed` and gives up the subscription. The backend stays open: it belongs to the caller. */
  close(): void
}
