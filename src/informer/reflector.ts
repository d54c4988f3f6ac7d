import { createBackoff } from '../base/backoff.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { ResourceClient } from '../client/client.ts'
import { isExpired, isNotFound } from '../meta/api-errors.ts'
import type { KubeObject } from '../meta/object.ts'

/** What a reflector keeps up to date. Calls come one at a time, in order. */
export interface ReflectorTarget<T extends KubeObject> {
  /** The whole set, as of a list; everything else is gone. */
  replace(objects: readonly T[]): void
  upsert(object: T): void
  remove(object: T): void
}

export interface ReflectorOptions<T extends KubeObject> {
  client: ResourceClient<T>
  target: ReflectorTarget<T>
  logger: Logger
  signal: AbortSignal
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  metadataOnly?: boolean
  /** Others are passed over, and never held. */
  wants?(object: T): boolean
  /** Called after each complete list. */
  onSynced?: () => void
}

const watchTimeoutSeconds = 290 // below the five minutes that proxies like to cut at

/**
 * Keeps a target equal to a collection: lists, watches from there, lists again when the history is gone (410).
 * Runs until the signal is aborted; trouble is retried with backoff (0.2 s to 30 s), never thrown.
 */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> {
  const { client, target, logger, signal, wants = () => true } = options
  const backoff = createBackoff({ firstMs: 200, maxMs: 30_000 })
  const selection = {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    ...(options.metadataOnly === undefined ? {} : { metadataOnly: options.metadataOnly }),
    signal,
  }
  let failures = 0
  let resourceVersion: string | undefined

  async function listOnce(): Promise<void> {
    const objects: T[] = []
    let next: string | undefined
    do {
      const page = await client.list({ ...selection, limit: 500, ...(next ? { continue: next } : {}) })
      objects.push(...page.items.filter(wants))
      next = page.metadata.continue
      resourceVersion = page.metadata.resourceVersion ?? '0'
    } while (next)
    target.replace(objects)
    options.onSynced?.()
  }

  async function watchOnce(): Promise<void> {
    const from = resourceVersion === undefined ? {} : { resourceVersion }
    const watch = { ...selection, ...from, allowWatchBookmarks: true, timeoutSeconds: watchTimeoutSeconds }
    for await (const event of client.watch(watch)) {
      failures = 0
      resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion
      if (event.type === 'DELETED') target.remove(event.object)
      else if (event.type !== 'BOOKMARK' && wants(event.object)) target.upsert(event.object)
    }
  }

  while (!signal.aborted) {
    const startedMs = Date.now()
    try {
      if (resourceVersion === undefined) await listOnce()
      await watchOnce()
      // A watch that ends at once is not an error, and must not become a busy loop either.
      if (Date.now() - startedMs < 1_000) await sleep(backoff.delayMs(failures++), signal)
    } catch (error) {
      if (signal.aborted) return
      if (isExpired(error)) {
        resourceVersion = undefined
        // A server that has nothing but this answer must not be asked without a pause.
        if (failures++ === 0) continue
      }
      // An absent type may come back (a CRD); its objects are then listed anew.
      if (isNotFound(error)) resourceVersion = undefined
      logger.debug('watch interrupted', { error: String(error) })
      await sleep(backoff.delayMs(failures++), signal)
    }
  }
}
