import type {
  Backend,
  FeedBatch,
  FeedEvent,
  HistoryPage,
  KeyValue,
  RangePage,
  TxnRequest,
  TxnResult,
} from '../backend.ts'
import type { HistoryRequest, Key, RangeRequest } from '../backend.ts'
import { checkReadable, checkReplayable, futureRevision } from '../check-revision.ts'
import { createFeed } from '../feed.ts'
import { StorageError } from '../storage-error.ts'
import { validateTxn } from '../validate-txn.ts'
import { MemoryStore } from './memory-store.ts'

/** A handle on a store in memory: for tests, and for a hub that may forget. */
export interface MemoryBackend extends Backend {
  /** Hands the held batches to the listeners of a handle opened with `holdFeed`, at most `count` of them. */
  releaseFeed(count?: number): void
}

export interface SharedMemory {
  /** Handles share one store. With `holdFeed`, the handle's feed waits for `releaseFeed`, as a replica's would. */
  open(options?: { holdFeed?: boolean }): MemoryBackend
}

export function createMemoryBackend(): MemoryBackend {
  return createSharedMemory().open()
}

export function createSharedMemory(): SharedMemory {
  const store = new MemoryStore()
  const handles = new Set<{ deliver(batch: FeedBatch): void }>()
  /** Each applies itself, adds its events, and returns what answers its caller. */
  let accepted: ((events: FeedEvent[]) => () => void)[] = []

  /** All writes of one turn become visible together, and not within the call: as beside a disk. */
  function flush(): void {
    const before = store.revision
    const events: FeedEvent[] = []
    const answers = accepted.map((apply) => apply(events))
    accepted = []
    if (store.revision > before) for (const handle of handles) handle.deliver({ revision: store.revision, events })
    for (const answer of answers) answer()
  }

  function accept<T>(apply: (events: FeedEvent[]) => T): Promise<T> {
    if (accepted.length === 0) setImmediate(flush)
    return new Promise((resolve) => {
      accepted.push((events) => {
        const result = apply(events)
        return () => resolve(result)
      })
    })
  }

  return {
    open({ holdFeed = false } = {}) {
      const feed = createFeed()
      const held: FeedBatch[] = []
      const handle = { deliver: (batch: FeedBatch) => void (holdFeed ? held.push(batch) : feed.publish(batch)) }
      handles.add(handle)
      let closed = false
      const pending = new Set<Promise<unknown>>()

      function checkOpen(): void {
        if (closed) throw new StorageError('closed', 'the store is closed')
      }

      function waitFor<T>(write: Promise<T>): Promise<T> {
        pending.add(write)
        return write.finally(() => pending.delete(write))
      }

      return {
        get(key: Key, revision?: number): KeyValue | undefined {
          checkOpen()
          if (revision !== undefined) checkReadable(revision, { compacted: store.compacted, newest: store.revision })
          return store.at(key, revision ?? store.revision)
        },

        range(request: RangeRequest): RangePage {
          checkOpen()
          if (request.revision !== undefined)
            checkReadable(request.revision, { compacted: store.compacted, newest: store.revision })
          return readRange(store, request)
        },

        async txn(request: TxnRequest): Promise<TxnResult> {
          checkOpen()
          validateTxn(request)
          const puts = (request.puts ?? []).map(({ key, value }) => ({ key, value: new Uint8Array(value) }))
          return waitFor(accept((events) => store.commit({ ...request, puts }, events)))
        },

        history(request: HistoryRequest): HistoryPage {
          checkOpen()
          checkReplayable(request.after, { compacted: store.compacted, newest: store.revision })
          return readHistory(store, request)
        },

        subscribe(listener) {
          checkOpen()
          return feed.subscribe(listener)
        },

        confirmedRevision() {
          checkOpen()
          return store.revision
        },

        compactedRevision() {
          checkOpen()
          return store.compacted
        },

        async compact(revision: number): Promise<void> {
          checkOpen()
          if (revision > store.revision) throw futureRevision(revision, store.revision)
          store.compact(revision)
        },

        async advanceRevision(revision: number): Promise<void> {
          checkOpen()
          await waitFor(accept(() => store.advance(revision)))
        },

        async close(): Promise<void> {
          closed = true
          await Promise.all(pending)
          handles.delete(handle)
        },

        releaseFeed(count = held.length) {
          for (const batch of held.splice(0, count)) feed.publish(batch)
        },
      }
    },
  }
}

function readRange(
  store: MemoryStore,
  { start, end, limit, revision = store.revision, keysOnly }: RangeRequest,
): RangePage {
  const items: KeyValue[] = []
  for (let i = store.position(start); i < store.keys.length; i++) {
    const key = store.keys[i]!
    if (key >= end) break
    const found = store.at(key, revision)
    if (!found) continue
    if (items.length === limit) return { items, more: true, revision }
    items.push(keysOnly ? { ...found, value: new Uint8Array(0) } : found)
  }
  return { items, more: false, revision }
}

function readHistory(store: MemoryStore, { after, prefix = '', limit }: HistoryRequest): HistoryPage {
  const events: FeedEvent[] = []
  const first = store.log.findIndex((event) => event.revision > after)
  for (let i = first === -1 ? store.log.length : first; i < store.log.length; i++) {
    const event = store.log[i]!
    const before = store.log[i - 1]?.revision ?? after
    if (events.length >= limit && event.revision !== before) return { events, revision: before, more: true }
    if (event.key.startsWith(prefix)) events.push(event)
  }
  return { events, revision: store.revision, more: false }
}
