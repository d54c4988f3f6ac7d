import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { ResourceClient } from '../client/client.ts'
import { isExpired, isNotFound } from '../meta/api-errors.ts'
import { logicalClusterOf } from '../meta/logical-cluster.ts'
import type { KubeObject } from '../meta/object.ts'
import type { ReconcileRequest, Source, SourceSink } from './controller.ts'

/** Remembers, over restarts, up to where a controller has worked through the feed. */
export interface CursorStore {
  load(name: string): Promise<string | undefined>
  save(name: string, resourceVersion: string): Promise<void>
}

export interface WildcardSourceOptions<T extends KubeObject> {
  /** Identifies the cursor; unique per controller and resource. */
  name: string
  /** A client whose base is `/clusters/*`. */
  client: ResourceClient<T>
  cursors: CursorStore
  clock: Clock
  logger: Logger
  metadataOnly?: boolean
  labelSelector?: string
  /** By default the object itself. Deleted objects are told too: what is gone may have to be cleaned up. */
  toRequests?: (
    object: T,
    logicalCluster: string,
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
  ) => readonly ReconcileRequest[]
}

const saveEveryMs = 2_000 // what is replayed after a crash; reconciling twice is harmless

/**
 * Changes of one resource over all workspaces, held nowhere but in the queue: a durable cursor on the feed. Without a
 * cursor, or when its history is gone, every object that exists is enqueued once, page by page.
 */
export function wildcardSource<T extends KubeObject>(options: WildcardSourceOptions<T>): Source {
  const { client, cursors, clock, name } = options
  const logger = options.logger.with({ cursor: name })
  const backoff = createBackoff({ firstMs: 200, maxMs: 30_000 })
  const selection = {
    ...(options.metadataOnly === undefined ? {} : { metadataOnly: options.metadataOnly }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
  }

  function enqueue(sink: SourceSink, object: T, type: 'ADDED' | 'MODIFIED' | 'DELETED', revision?: number): void {
    const logicalCluster = logicalClusterOf(object) ?? ''
    const own = [{ logicalCluster, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' }]
    for (const request of options.toRequests?.(object, logicalCluster, type) ?? own) sink.enqueue(request, revision)
  }

  async function listAll(sink: SourceSink, signal: AbortSignal): Promise<number> {
    let next: string | undefined
    let listedAt: string | undefined
    do {
      const page = await client.list({ ...selection, limit: 500, signal, ...(next ? { continue: next } : {}) })
      listedAt ??= page.metadata.resourceVersion
      // The list itself is the event: until each is reconciled, the cursor may not pass it.
      for (const object of page.items) enqueue(sink, object, 'ADDED', Number(listedAt ?? 0))
      next = page.metadata.continue
    } while (next)
    return Number(listedAt ?? 0)
  }

  return {
    start(sink, signal) {
      return new Promise((resolveStarted) => void follow(sink, signal, resolveStarted))
    },
  }

  async function follow(sink: SourceSink, signal: AbortSignal, onStarted: () => void): Promise<void> {
    let seen: number | undefined
    let saved: number | undefined
    let failures = 0
    const save = async () => {
      if (seen === undefined) return
      const settled = sink.settledRevision(seen)
      if (settled <= 0 || settled === saved) return
      await cursors.save(name, String(settled))
      saved = settled
    }
    void saveRegularly()
    while (!signal.aborted) {
      try {
        if (seen === undefined && saved === undefined) {
          const cursor = await cursors.load(name)
          if (cursor !== undefined) saved = seen = Number(cursor)
        }
        seen ??= await listAll(sink, signal)
        onStarted()
        const watch = { ...selection, resourceVersion: String(seen), allowWatchBookmarks: true, signal }
        for await (const event of client.watch(watch)) {
          failures = 0
          seen = Number(event.object.metadata.resourceVersion)
          if (event.type !== 'BOOKMARK') enqueue(sink, event.object, event.type, seen)
        }
        await sleep(backoff.delayMs(failures++), signal, clock)
      } catch (error) {
        if (signal.aborted) break
        if (isExpired(error) || isNotFound(error)) seen = undefined
        if (isExpired(error)) {
          saved = 0 // do not load the stale cursor again
          continue
        }
        logger.debug('wildcard watch interrupted', { error })
        await sleep(backoff.delayMs(failures++), signal, clock)
      }
    }
    onStarted()

    async function saveRegularly(): Promise<void> {
      while (!signal.aborted) {
        await sleep(saveEveryMs, signal, clock)
        // Lost saves cost a replay, nothing more.
        await save().catch((error: unknown) => logger.debug('cursor not saved', { error }))
      }
    }
  }
}
