import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { ReconcileRequest, Source, SourceSink } from '../controller/controller.ts'
import type { Backend, FeedEvent } from '../storage/backend.ts'
import { hubKey } from '../storage/keys.ts'
import { isStorageError } from '../storage/storage-error.ts'

export interface FeedSourceOptions {
  /** Names the durable cursor; unique per source. */
  name: string
  backend: Backend
  clock: Clock
  logger: Logger
  /** The requests that an event leads to; called for every event of the store, so it must be cheap. */
  toRequests(event: FeedEvent): readonly ReconcileRequest[]
  /** Everything there is to look at, when the cursor's history is gone or there is no cursor yet. */
  resync(enqueue: (request: ReconcileRequest) => void, signal: AbortSignal): Promise<void>
}

const saveEveryMs = 2_000 // what is replayed after a crash; reconciling twice is harmless
const historyPage = 1_000 // events read at once while catching up
const retryBackoff = createBackoff({ firstMs: 100, maxMs: 30_000 })
const idleRevisions = 1_000 // the cursor follows a feed that does not concern it in steps of this, not with every write

/**
 * Changes over all workspaces, held nowhere but in the controller's queue: a cursor on the feed that survives restarts.
 * The cursor never passes an event whose request has not been reconciled.
 */
export function feedSource(options: FeedSourceOptions): Source {
  let follower: ReturnType<typeof createFollower> | undefined
  return {
    async start(sink, signal) {
      follower = createFollower(options, sink, signal)
      await follower.catchUp()
      void follower.saveRegularly()
    },
    // An orderly end leaves nothing to be looked at again.
    stop: async () => follower?.save(),
  }
}

function createFollower(options: FeedSourceOptions, sink: SourceSink, signal: AbortSignal) {
  const { backend, clock } = options
  const logger = options.logger.with({ cursor: options.name })
  const cursorKey = hubKey(`cursor/${options.name}`.replaceAll('/', ':'))
  let seen = 0
  let lastMatch = 0
  let saved = 0

  function take(events: readonly FeedEvent[]): void {
    for (const event of events) {
      if (event.revision <= seen) continue
      for (const request of options.toRequests(event)) {
        lastMatch = event.revision
        sink.enqueue(request, event.revision)
      }
    }
  }

  async function loadCursor(): Promise<number | undefined> {
    const stored = await backend.get(cursorKey)
    return stored && Number(new TextDecoder().decode(stored.value))
  }

  async function resync(): Promise<void> {
    const revision = await backend.confirmedRevision()
    await options.resync((request) => sink.enqueue(request, revision), signal)
    seen = revision
    lastMatch = revision
  }

  async function replay(): Promise<void> {
    for (;;) {
      const page = await backend.history({ after: seen, limit: historyPage })
      take(page.events)
      seen = page.revision
      if (!page.more || signal.aborted) return
    }
  }

  async function resume(): Promise<void> {
    const cursor = await loadCursor()
    if (cursor === undefined) return resync()
    seen = saved = cursor
    try {
      await replay()
    } catch (error) {
      if (!isStorageError(error, 'compacted') && !isStorageError(error, 'future-revision')) throw error
      logger.info('the cursor cannot be resumed, everything is looked at again')
      await resync()
    }
  }

  /** A list that expires or a store that is busy at the start must not leave a controller that never looks again. */
  async function resumeInTheEnd(onBegin: () => void): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      onBegin()
      try {
        return await resume()
      } catch (error) {
        if (signal.aborted) return
        logger.warn('what happened before the start could not be looked at, it is tried again', { error })
        await sleep(retryBackoff.delayMs(failures), signal, clock)
      }
    }
  }

  async function save(settled = sink.settledRevision(seen)): Promise<void> {
    if (settled <= saved) return
    try {
      await backend.txn({ puts: [{ key: cursorKey, value: new TextEncoder().encode(String(settled)) }] })
      saved = settled
    } catch (error) {
      logger.debug('cursor not saved', { error })
    }
  }

  return {
    /** Subscribes first, replays second, then joins: nothing in between is missed. */
    async catchUp(): Promise<void> {
      let joined = false
      let waiting: { revision: number; events: readonly FeedEvent[] }[] = []
      const unsubscribe = backend.subscribe((batch) => {
        if (!joined) {
          waiting.push(batch)
          return
        }
        take(batch.events)
        seen = batch.revision
      })
      signal.addEventListener('abort', unsubscribe, { once: true })
      // What was published before a try began, the try reads.
      await resumeInTheEnd(() => (waiting = []))
      for (const batch of waiting) {
        take(batch.events)
        seen = Math.max(seen, batch.revision)
      }
      waiting = []
      joined = true
    },

    async saveRegularly(): Promise<void> {
      while (!signal.aborted) {
        await sleep(saveEveryMs, signal, clock)
        if (signal.aborted) return
        const settled = sink.settledRevision(seen)
        // A save is a write, and so an event: without this, idle controllers would keep each other busy.
        const worthIt = settled >= lastMatch ? lastMatch > saved || settled - saved > idleRevisions : settled > saved
        if (worthIt) await save(settled)
      }
    },

    save,
  }
}
