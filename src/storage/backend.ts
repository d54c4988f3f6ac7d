import type { MaybePromise } from '../base/maybe-promise.ts'

/** 1 to `maxKeyBytes` characters of printable ASCII (0x20–0x7e), compared as bytes (layout: `storage/keys.ts`). */
export type Key = string

export const maxKeyBytes = 4096
/** Guards, puts and deletes of one transaction together. */
export const maxTxnOperations = 100

export interface KeyValue {
  key: Key
  value: Uint8Array
  /** Revision of the transaction that wrote this value. */
  revision: number
  /** Revision of the transaction that created the key (a delete and a new put start anew). */
  createRevision: number
}

/** Holds when the key's current revision is exactly `revision`; 0 means that the key is absent. */
export interface Guard {
  key: Key
  revision: number
}

export interface Put {
  key: Key
  value: Uint8Array
  /**
   * Nothing stands there: the key comes and goes with one that the transaction guards. Then a driver need not look.
   * Untrue, it costs the key its history and no more.
   */
  isNew?: boolean
}

export interface TxnRequest {
  guards?: readonly Guard[]
  puts?: readonly Put[]
  /** Deleting an absent key is no error and makes no event. */
  deletes?: readonly Key[]
  /**
   * What stood at some of the keys at `revision`, as a range told it or as follows from what it told. A driver that can
   * tell that nobody has written them since need not look. Untrue, it falsifies the history of those keys.
   */
  known?: { revision: number; items: readonly KeyValue[] }
}

export type TxnResult =
  /** A transaction that changes nothing takes no revision of its own and answers the newest one that it saw. */
  | { ok: true; revision: number }
  /** The first guard that did not hold, and what stands there instead. */
  | { ok: false; lost: Guard; current: KeyValue | undefined }

export interface RangeRequest {
  /** First key, inclusive. To begin behind a key, append `\0` to it. */
  start: Key
  /** Exclusive. */
  end: Key
  /** At most this many, at least 1; without it, all of them. */
  limit?: number
  /** Read as of this revision; without it, as of the newest. */
  revision?: number
  /** Leave `value` empty: cheaper for index and count reads. */
  keysOnly?: boolean
}

export interface RangePage {
  items: KeyValue[]
  /** True when keys remain behind the last one. */
  more: boolean
  /** The revision that the page was read at: never less than any item's. */
  revision: number
}

/** One change of one key. A transaction makes one event a key, all with its revision. */
export interface FeedEvent {
  type: 'put' | 'delete'
  key: Key
  revision: number
  /** Revision that created the key; equal to `revision` for the put that did. */
  createRevision: number
  /** The new value; for a delete, undefined. */
  value: Uint8Array | undefined
  /** What stood there before; undefined for a key that was absent. */
  previous: { value: Uint8Array; revision: number } | undefined
}

/**
 * All events of one or more whole transactions, in order of revision; those of one transaction as it named them, puts
 * first. `revision` is the newest one in it.
 */
export interface FeedBatch {
  revision: number
  events: readonly FeedEvent[]
}

export interface HistoryRequest {
  /** Events after this revision, exclusive; not above the newest revision (else throws `future-revision`). */
  after: number
  /** Only keys that start with this. */
  prefix?: string
  /** About how many events at most; a transaction is never split, so a page can be a little longer. */
  limit: number
}

export interface HistoryPage {
  events: FeedEvent[]
  /** Everything up to here has been seen, also where no event matched the prefix: continue with `after: revision`. */
  revision: number
  /** False when the page reaches the newest revision that was durable at the time of the call. */
  more: boolean
}

/**
 * Durable bytes under one global, monotonically increasing revision (gaps are allowed). A new store is at revision 1.
 *
 * Promises of every driver (the suite in `storage/testing/backend-contract.ts` holds them to it):
 * - A transaction is all or nothing, has one revision, and is visible to any read, history or feed only when it is
 *   durable; `txn` resolves after that. Also a lost guard is answered only when what beat it is durable.
 * - Transactions are applied in the order of the `txn` calls of one handle.
 * - `get` and `range` without a revision see every transaction that was acknowledged on this handle before the call.
 * - Arguments and results are structured-cloneable. Returned arrays belong to the caller, bytes are never written again.
 * - Errors are `StorageError`, thrown or as a rejection where a promise is due; a lost guard is a value.
 * - After a failed write to disk every `txn`, `compact` and `advanceRevision` throws `read-only` until restart; reads go
 *   on. What was in that write was never visible; whether it is there after the restart is not known.
 */
export interface Backend {
  /** The value of one key, now or as of `revision` (throws `compacted` / `future-revision`). */
  get(key: Key, revision?: number): MaybePromise<KeyValue | undefined>
  /** Keys in byte order. Throws `compacted` or `future-revision` for a revision out of reach. */
  range(request: RangeRequest): MaybePromise<RangePage>
  /**
   * At most `maxTxnOperations`, each key at most once among puts and deletes, keys well-formed (else throws `invalid-txn`).
   * The values are copied before the call returns. Guards are decided in the order of the calls, each against everything
   * that was accepted before it.
   */
  txn(request: TxnRequest): Promise<TxnResult>
  /**
   * Past events, oldest first. Throws `compacted` when `after` is below what is kept.
   * To watch: `subscribe` first, page through `history` second, then drop from the feed what has been sent.
   */
  history(request: HistoryRequest): MaybePromise<HistoryPage>
  /**
   * Calls `listener` with each batch as it becomes visible, in order, without gaps, until the returned function is
   * called; on the handle that wrote it, before `txn` resolves. Listeners must not throw and must not block; a read made
   * inside the call sees the batch. A batch without events tells that the revision has moved.
   */
  subscribe(listener: (batch: FeedBatch) => void): () => void
  /** The newest durable revision. A replica asks its peers, so this can wait; beside LevelDB it is there. */
  confirmedRevision(): MaybePromise<number>
  /** The newest revision that is no longer readable; 0 at first. */
  compactedRevision(): MaybePromise<number>
  /**
   * Forgets history up to and including `revision`; current values stay, and so does the newest revision, which is never
   * compacted: what was just listed can be continued. A smaller or equal revision is no error, one above the newest
   * throws `future-revision`. Resolves when the history is gone; it is out of reach from the start.
   */
  compact(revision: number): Promise<void>
  /**
   * Makes `revision` the newest, durably, if it is not below it already (a restored hub jumps past what its agents have
   * seen). The feed tells it by a batch without events.
   */
  advanceRevision(revision: number): Promise<void>
  /** Waits for accepted transactions, then releases everything. Idempotent; afterwards every call throws `closed`. */
  close(): Promise<void>
}
