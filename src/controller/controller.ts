import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { isConflict } from '../meta/api-errors.ts'
import { createWorkQueue } from './work-queue.ts'

/** The key of one object to look at. It carries no state: the reconciler asks what is. */
export interface ReconcileRequest {
  logicalCluster: string
  namespace: string
  name: string
}

export interface ReconcileResult {
  /** Look again after this time; absent: only when something changes. */
  requeueAfterMs?: number
}

export type Reconcile = (request: ReconcileRequest, signal: AbortSignal) => Promise<ReconcileResult | void>

/** Where requests come from. Runs until the signal is aborted; retries by itself and never throws. */
export interface Source {
  /** Resolves when what existed at the start has been enqueued and changes from then on are followed. */
  start(sink: SourceSink, signal: AbortSignal): Promise<void>
  /** Called at the end, when no work is under way any more. */
  stop?(): Promise<void>
}

export interface SourceSink {
  /**
   * `revision` is that of the event behind the request: a source that keeps a cursor may pass it once the request
   * has been reconciled without an error (see `settledRevision`).
   */
  enqueue(request: ReconcileRequest, revision?: number): void
  /** Every event up to this revision whose request was enqueued is reconciled, given that the source saw all up to `seen`. */
  settledRevision(seen: number): number
}

export interface Controller {
  /** Starts sources and workers; resolves when all sources have started. */
  start(): Promise<void>
  enqueue(request: ReconcileRequest): void
  /** Stops taking work and waits for what is under way. */
  stop(): Promise<void>
  readonly pending: number
}

export interface ControllerOptions {
  name: string
  reconcile: Reconcile
  sources: readonly Source[]
  logger: Logger
  clock: Clock
  /** Requests under way at once. Default 4. */
  workers?: number
  /** Backoff of a failing request. Default 50 ms to 5 min. */
  firstBackoffMs?: number
  maxBackoffMs?: number
}

export function toRequestId({ logicalCluster, namespace, name }: ReconcileRequest): string {
  return `${logicalCluster}/${namespace}/${name}`
}

/**
 * Level-triggered: a request is worked on by one worker at a time, again after every change, and again with backoff
 * until it succeeds. An error is logged and counted, never fatal.
 */
export function createController(options: ControllerOptions): Controller {
  const { reconcile, clock } = options
  const logger = options.logger.with({ controller: options.name })
  const backoff = createBackoff({ firstMs: options.firstBackoffMs ?? 50, maxMs: options.maxBackoffMs ?? 300_000 })
  const queue = createWorkQueue<ReconcileRequest>({
    idOf: toRequestId,
    laneOf: (request) => request.logicalCluster,
    clock,
    backoff,
  })
  const abort = new AbortController()
  // Request → the oldest event that it has not yet been reconciled for; kept apart so that a new event during work counts.
  const waiting = new Map<string, number>()
  const underway = new Map<string, number>()
  let workers: Promise<void>[] = []

  const sink: SourceSink = {
    enqueue(request, revision) {
      const id = toRequestId(request)
      if (revision !== undefined && !waiting.has(id)) waiting.set(id, revision)
      queue.add(request)
    },
    settledRevision(seen) {
      let settled = seen
      for (const revisions of [waiting, underway])
        for (const revision of revisions.values()) settled = Math.min(settled, revision - 1)
      return settled
    },
  }

  async function workOn(request: ReconcileRequest): Promise<void> {
    const id = toRequestId(request)
    const oldest = waiting.get(id)
    waiting.delete(id)
    if (oldest !== undefined) underway.set(id, oldest)
    const keepUnsettled = () => {
      if (oldest !== undefined) waiting.set(id, Math.min(oldest, waiting.get(id) ?? oldest))
    }
    try {
      const result = await reconcile(request, abort.signal)
      queue.forget(request)
      if (result?.requeueAfterMs !== undefined) {
        keepUnsettled()
        queue.addAfter(request, result.requeueAfterMs)
      }
    } catch (error) {
      keepUnsettled()
      if (abort.signal.aborted) return
      // Somebody else wrote first: that is what the retry is for.
      if (isConflict(error)) logger.debug('reconcile met a conflict', { request: id })
      else logger.warn('reconcile failed', { request: id, error })
      queue.addRateLimited(request)
    } finally {
      underway.delete(id)
      queue.done(request)
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      const request = await queue.take()
      if (request === undefined) return
      await workOn(request)
    }
  }

  return {
    async start() {
      workers = Array.from({ length: options.workers ?? 4 }, work)
      await Promise.all(options.sources.map((source) => source.start(sink, abort.signal)))
    },
    enqueue: (request) => queue.add(request),
    async stop() {
      abort.abort()
      queue.close()
      await Promise.all(workers)
      for (const source of options.sources) await source.stop?.()
    },
    get pending() {
      return queue.pending
    },
  }
}
