import type { MaybePromise } from '../../base/maybe-promise.ts'
import { silentLogger, type Logger } from '../../base/logger.ts'
import type { Backend, FeedBatch, HistoryPage, HistoryRequest, Key, KeyValue } from '../backend.ts'
import type { RangePage, RangeRequest, TxnRequest, TxnResult } from '../backend.ts'
import { checkReadable, checkReplayable, futureRevision } from '../check-revision.ts'
import { createFeed } from '../feed.ts'
import { StorageError } from '../storage-error.ts'
import { validateTxn } from '../validate-txn.ts'
import { CommitQueue, toKeyValue } from './commit-queue.ts'
import { removeHistory } from './compaction.ts'
import { batchWriter, readFailure, type Database, type WriteBatch } from './database.ts'
import { currentKey, decodeVersion, metaKey, type Version } from './layout.ts'
import { openStore, type OpenStore } from './open-store.ts'
import { readHistory } from './read-history.ts'
import { readRange, readReplacedVersion } from './read-range.ts'

export interface LeveldbOptions {
  /** Made when it is missing. It holds nothing but the store, and belongs to one process at a time. */
  directory: string
  logger?: Logger
  /** LevelDB's cache of uncompressed blocks. */
  cacheBytes?: number
  /** What LevelDB gathers in memory before it writes a table file; it may hold two of them. */
  writeBufferBytes?: number
  /** Stands between the driver and the disk: how tests make a disk fail. */
  wrapWriter?: (write: WriteBatch) => WriteBatch
}

/** Throws `locked`, `corrupt` or `unavailable`. */
export async function openLeveldbBackend({
  directory,
  logger = silentLogger,
  cacheBytes = 8 * 1024 * 1024,
  writeBufferBytes = 8 * 1024 * 1024,
  wrapWriter = (write) => write,
}: LeveldbOptions): Promise<Backend> {
  const store = await openStore({ directory, cacheBytes, writeBufferBytes })
  return new LeveldbBackend(store, wrapWriter(batchWriter(store.database)), logger)
}

/** Reads come straight from LevelDB, with what is not durable yet covered; writes go through the commit queue. */
class LeveldbBackend implements Backend {
  readonly #database: Database
  readonly #write: WriteBatch
  readonly #commits: CommitQueue
  readonly #feed = createFeed()
  #compacted: number
  /** Up to here the history is not only out of reach but gone, as far as this process knows. */
  #removed = 0
  #compaction: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor({ database, revision, compacted }: OpenStore, write: WriteBatch, logger: Logger) {
    this.#database = database
    this.#write = write
    this.#compacted = compacted
    this.#commits = new CommitQueue({
      revision,
      read: (key) => this.#read(key),
      write,
      publish: (batch) => this.#feed.publish(batch),
      failed: (error) => logger.error('a write to disk failed, the store is read-only until restart', { error }),
    })
  }

  get(key: Key, revision?: number): MaybePromise<KeyValue | undefined> {
    this.#checkOpen()
    if (revision !== undefined) this.#checkReadable(revision)
    const version = this.#commits.durable(key)
    if (revision === undefined || (version && version.revision <= revision)) return toKeyValue(key, version)
    return readReplacedVersion(this.#database, key, revision).then((replaced) => toKeyValue(key, replaced))
  }

  range(request: RangeRequest): MaybePromise<RangePage> {
    this.#checkOpen()
    const newest = this.#commits.visible
    const { revision = newest, start, end } = request
    if (request.revision !== undefined) this.#checkReadable(revision)
    if (revision < newest) return readRange({ database: this.#database, revision }, request)
    const shadowed = this.#commits.shadowed(start, end)
    return readRange({ database: this.#database, revision, shadowed }, request)
  }

  // async: also what is wrong with the request is a rejection
  async txn(request: TxnRequest): Promise<TxnResult> {
    this.#checkOpen()
    validateTxn(request)
    return this.#commits.accept(request)
  }

  history(request: HistoryRequest): MaybePromise<HistoryPage> {
    this.#checkOpen()
    const newest = this.#commits.visible
    checkReplayable(request.after, { compacted: this.#compacted, newest })
    if (request.after === newest) return { events: [], revision: newest, more: false }
    return readHistory(this.#database, newest, request)
  }

  subscribe(listener: (batch: FeedBatch) => void): () => void {
    this.#checkOpen()
    return this.#feed.subscribe(listener)
  }

  confirmedRevision(): number {
    this.#checkOpen()
    return this.#commits.visible
  }

  compactedRevision(): number {
    this.#checkOpen()
    return this.#compacted
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    if (revision > this.#commits.visible) throw futureRevision(revision, this.#commits.visible)
    this.#commits.checkWritable()
    const upTo = Math.min(revision, this.#commits.visible - 1)
    if (upTo > this.#compacted) {
      this.#compacted = upTo
      this.#compaction = this.#compaction.then(() => this.#removeHistory(upTo))
    }
    await this.#compaction
  }

  async advanceRevision(revision: number): Promise<void> {
    this.#checkOpen()
    await this.#commits.advance(revision)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#commits.idle()
    await this.#compaction.catch(() => {})
    await this.#database.close()
  }

  async #removeHistory(upTo: number): Promise<void> {
    if (this.#closing) return
    try {
      await this.#write([{ key: metaKey.compacted, value: Buffer.from(String(upTo)) }], true)
      const stopped = () => this.#closing !== undefined
      await removeHistory({ database: this.#database, write: this.#write, from: this.#removed, upTo, stopped })
      this.#removed = upTo
    } catch (error) {
      this.#commits.fail(error)
      this.#commits.checkWritable()
    }
  }

  #read(key: Key): Version | undefined {
    try {
      const record = this.#database.getSync(currentKey(key))
      return record && decodeVersion(key, record)
    } catch (error) {
      throw readFailure(error)
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new StorageError('closed', 'the store is closed')
  }

  #checkReadable(revision: number): void {
    checkReadable(revision, { compacted: this.#compacted, newest: this.#commits.visible })
  }
}
