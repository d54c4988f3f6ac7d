import { LRUCache } from 'lru-cache'
import type { FeedBatch, FeedEvent, Guard, Key, KeyValue, Put, TxnRequest, TxnResult } from '../backend.ts'
import { StorageError } from '../storage-error.ts'
import type { WriteBatch, WriteOperation } from './database.ts'
import { currentKey, encodeLogRecord, encodeVersion, historyKey, logKey, metaKey } from './layout.ts'
import type { LogOperation, Version } from './layout.ts'
import { RecentVersions } from './recent-versions.ts'

/** One disk write takes what has gathered while the one before was under way, up to about this much. */
export const maxBatchBytes = 4 * 1024 * 1024
const recentBytes = 4 * 1024 * 1024 // some 3,000 writes of 1 KB
const rememberedGuards = 10_000 // guards on keys that seldom change: lifecycle, leadership; ~150 bytes each

export interface CommitQueueOptions {
  /** The newest revision on disk. */
  revision: number
  /** The current version on disk. */
  read: (key: Key) => Version | undefined
  write: WriteBatch
  /** Called after a batch became durable and visible, before anyone is answered. */
  publish: (batch: FeedBatch) => void
  /** Called once, when a write has failed. */
  failed: (error: unknown) => void
}

/** A key that accepted but not yet durable transactions write. */
interface PendingKey {
  /** What readers see. */
  durable: Version | undefined
  /** What the next transaction's guards see. */
  newest: Version | undefined
  /** Operations on this key that are not durable. */
  operations: number
}

/** A decided transaction on its way to the disk, and then to its caller. */
interface Accepted {
  writes: WriteOperation[]
  events: FeedEvent[]
  /** What stands at each event's key afterwards. */
  versions: (Version | undefined)[]
  bytes: number
  revision: number
  answer: () => void
  fail: (error: StorageError) => void
}

/**
 * Group commit. A transaction is decided at once, in the order of the calls, against what is on disk and what is on its
 * way there; then it waits for the one disk write that is under way, and shares the next with all who wait.
 *
 * Every answer, also that a guard is lost, goes through the queue: so none is given before what it rests on is durable.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions
  readonly #pending = new Map<Key, PendingKey>()
  readonly #guardRevisions = new LRUCache<Key, number>({ max: rememberedGuards })
  readonly #recent: RecentVersions
  /** What the transaction in hand has read from disk, or knows that it would. */
  readonly #readNow = new Map<Key, Version | undefined>()
  #queued: Accepted[] = []
  #inFlight: Accepted[] = []
  #accepted: number
  #visible: number
  #running: Promise<void> | undefined
  #failure: StorageError | undefined

  constructor(options: CommitQueueOptions) {
    this.#options = options
    this.#accepted = options.revision
    this.#visible = options.revision
    this.#recent = new RecentVersions(recentBytes, options.revision)
  }

  /** The newest durable revision. */
  get visible(): number {
    return this.#visible
  }

  /** Throws `read-only` after a failed write. */
  checkWritable(): void {
    if (this.#failure) throw this.#failure
  }

  /** The durable version of a key. */
  durable(key: Key): Version | undefined {
    const pending = this.#pending.get(key)
    return pending ? pending.durable : (this.#recent.get(key) ?? this.#options.read(key))
  }

  /** Keys in [start, end) that the write under way may have changed on disk already, with what readers shall see. */
  shadowed(start: Key, end: Key): { key: Key; version: Version | undefined }[] {
    const keys = new Set<Key>()
    for (const { events } of this.#inFlight) for (const { key } of events) if (key >= start && key < end) keys.add(key)
    return [...keys].sort().map((key) => ({ key, version: this.#pending.get(key)?.durable }))
  }

  /** The request has been validated. */
  accept(request: TxnRequest): Promise<TxnResult> {
    this.checkWritable()
    try {
      this.#take(request.known)
      const lost = this.#lostGuard(request)
      if (lost) return this.#enqueue(lost, emptyWrites())
      const writes = this.#apply(request)
      return this.#enqueue({ ok: true, revision: this.#accepted }, writes)
    } finally {
      this.#readNow.clear()
    }
  }

  advance(revision: number): Promise<unknown> {
    this.checkWritable()
    if (revision <= this.#accepted) return this.#enqueue(undefined, emptyWrites())
    return this.#enqueue(undefined, this.#finish(emptyWrites(), [], revision))
  }

  /** A write beside the queue has failed: the same as if one of its own had. */
  fail(cause: unknown): void {
    if (this.#failure) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `a write to disk failed, reads go on, writes need a restart: ${reason}`
    this.#failure = new StorageError('read-only', message, { cause })
    this.#options.failed(cause)
    // What was under way stays shadowed: nobody knows what of it is on disk, and nobody shall see it.
    for (const accepted of [...this.#inFlight, ...this.#queued]) accepted.fail(this.#failure)
    this.#queued = []
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  #take(known: TxnRequest['known']): void {
    for (const { key, value, revision, createRevision } of known?.items ?? [])
      if (this.#recent.isUnwrittenSince(known!.revision, key))
        this.#readNow.set(key, encodeVersion(key, value, revision, createRevision))
  }

  #newest(key: Key): Version | undefined {
    const pending = this.#pending.get(key)
    if (pending) return pending.newest
    const recent = this.#recent.get(key)
    if (recent) return recent
    if (this.#readNow.has(key)) return this.#readNow.get(key)
    const version = this.#options.read(key)
    this.#readNow.set(key, version)
    return version
  }

  #before({ key, isNew }: Put): Version | undefined {
    return isNew ? this.#pending.get(key)?.newest : this.#newest(key)
  }

  #lostGuard(request: TxnRequest): TxnResult | undefined {
    for (const guard of request.guards ?? []) {
      if (this.#revisionOf(guard.key, request) === guard.revision) continue
      const lost: Guard = { key: guard.key, revision: guard.revision }
      return { ok: false, lost, current: toKeyValue(guard.key, this.#newest(guard.key)) }
    }
    return undefined
  }

  #revisionOf(key: Key, request: TxnRequest): number {
    const pending = this.#pending.get(key)
    if (pending) return pending.newest?.revision ?? 0
    const remembered = this.#guardRevisions.get(key)
    if (remembered !== undefined) return remembered
    const revision = this.#newest(key)?.revision ?? 0
    if (!isWritten(key, request)) this.#guardRevisions.set(key, revision)
    return revision
  }

  #apply({ puts = [], deletes = [] }: TxnRequest): Writes {
    // All that can fail comes before the first change of state.
    for (const put of puts) this.#before(put)
    for (const key of deletes) this.#newest(key)
    const revision = this.#accepted + 1
    const writes = emptyWrites()
    const log: LogOperation[] = []
    for (const put of puts) {
      const { key, value } = put
      const before = this.#before(put)
      const createRevision = before?.createRevision ?? revision
      const version = encodeVersion(key, value, revision, createRevision)
      this.#write(writes, key, before, version, revision)
      writes.operations.push({ key: currentKey(key), value: version.record })
      log.push({ type: 'put', key, previous: before?.revision ?? 0, createRevision })
    }
    for (const key of deletes) {
      const before = this.#newest(key)
      if (!before) continue
      this.#write(writes, key, before, undefined, revision)
      writes.operations.push({ key: currentKey(key) }, { key: historyKey(key, revision), value: nothing })
      log.push({ type: 'delete', key, previous: before.revision, createRevision: before.createRevision })
    }
    return log.length === 0 ? writes : this.#finish(writes, log, revision)
  }

  #write(writes: Writes, key: Key, before: Version | undefined, after: Version | undefined, revision: number): void {
    if (before) writes.operations.push({ key: historyKey(key, before.revision), value: before.record })
    writes.versions.push(after)
    writes.events.push({
      type: after ? 'put' : 'delete',
      key,
      revision,
      createRevision: (after ?? before)!.createRevision,
      value: after?.value,
      previous: before && { value: before.value, revision: before.revision },
    })
    const pending = this.#pending.get(key)
    if (pending) {
      pending.newest = after
      pending.operations++
    } else this.#pending.set(key, { durable: before, newest: after, operations: 1 })
  }

  /** Gives the writes their revision and their place in the log. */
  #finish(writes: Writes, operations: LogOperation[], revision: number): Writes {
    for (const { key, value } of writes.operations) writes.bytes += key.length + (value?.length ?? 0)
    const previousRevision = this.#accepted
    const record = encodeLogRecord({ previousRevision, bytes: writes.bytes, operations })
    writes.operations.push({ key: logKey(revision), value: record })
    writes.bytes += record.length
    this.#accepted = revision
    return writes
  }

  #enqueue<T>(result: T, { operations, events, versions, bytes }: Writes): Promise<T> {
    const revision = this.#accepted
    return new Promise<T>((resolve, reject) => {
      const answer = () => resolve(result)
      this.#queued.push({ writes: operations, events, versions, bytes, revision, answer, fail: reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    await Promise.resolve() // whoever calls in the same turn shares the write
    while (this.#queued.length > 0) {
      this.#inFlight = this.#takeBatch()
      const operations = this.#inFlight.flatMap(({ writes }) => writes)
      const revision = this.#inFlight.at(-1)!.revision
      try {
        if (operations.length > 0) {
          operations.push({ key: metaKey.revision, value: Buffer.from(String(revision)) })
          await this.#options.write(operations, true)
        }
      } catch (error) {
        this.fail(error)
      }
      if (this.#failure) break
      this.#settle(revision)
    }
    this.#running = undefined
  }

  #takeBatch(): Accepted[] {
    let bytes = 0
    let count = 0
    while (count < this.#queued.length && (count === 0 || bytes + this.#queued[count]!.bytes <= maxBatchBytes))
      bytes += this.#queued[count++]!.bytes
    return this.#queued.splice(0, count)
  }

  /** Everything in flight is durable: show it, tell it, answer it, in this order. */
  #settle(revision: number): void {
    const settled = this.#inFlight
    this.#inFlight = []
    const events: FeedEvent[] = []
    for (const accepted of settled) {
      accepted.events.forEach((event, index) => {
        this.#show(event, accepted.versions[index])
        events.push(event)
      })
    }
    const moved = revision > this.#visible
    this.#visible = revision
    if (moved) this.#options.publish({ revision, events })
    for (const { answer } of settled) answer()
  }

  #show({ key, revision }: FeedEvent, version: Version | undefined): void {
    const pending = this.#pending.get(key)!
    pending.durable = version
    this.#recent.set(key, version, revision)
    if (--pending.operations === 0) this.#pending.delete(key)
    if (this.#guardRevisions.has(key)) this.#guardRevisions.set(key, version?.revision ?? 0)
  }
}

interface Writes {
  operations: WriteOperation[]
  events: FeedEvent[]
  versions: (Version | undefined)[]
  bytes: number
}

const nothing = Buffer.alloc(0)
const emptyWrites = (): Writes => ({ operations: [], events: [], versions: [], bytes: 0 })

function isWritten(key: Key, { puts = [], deletes = [] }: TxnRequest): boolean {
  return puts.some((put) => put.key === key) || deletes.includes(key)
}

export function toKeyValue(key: Key, version: Version | undefined): KeyValue | undefined {
  if (!version) return undefined
  return { key, value: version.value, revision: version.revision, createRevision: version.createRevision }
}
