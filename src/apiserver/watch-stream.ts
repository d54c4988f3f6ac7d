import { isPromise, type MaybePromise } from '../base/maybe-promise.ts'
import type { ByteSink } from '../client/transport.ts'
import { expired, toStatus } from '../meta/api-errors.ts'
import type { ResourceScope, StoreWatch } from '../registry/generic/object-store.ts'
import type { ServedResource } from '../registry/resource-catalog.ts'
import type { Selection } from '../registry/generic/selection.ts'
import type { CachedObject, CacheEvent, WatchEnd } from '../storage/object-cache.ts'
import type { OpenWatch, ServerParts } from './server-parts.ts'
import type { ChangeType, WatchEncoding } from './watch-encoding.ts'

export interface WatchPlan {
  readonly scope: ResourceScope
  readonly namespace: string | undefined
  readonly selection: Selection | undefined
  /** Send what is there first. */
  readonly initial: boolean
  readonly after: number | 'now'
  readonly bookmarks: boolean
  readonly timeoutMs: number
  readonly encoding: WatchEncoding
}

const bookmarkEveryMs = 60_000
const lastBookmarkBeforeEndMs = 2_000
/** What a reader may leave unread: beyond, it is cut off and lists again. */
const maxBufferedBytes = 4 * 1024 * 1024
const lowBufferedBytes = 1024 * 1024 // while old events are replayed, reading waits at this

/** One open watch, from its first frame to its end. */
export class WatchStream implements OpenWatch {
  readonly #parts: ServerParts
  readonly #plan: WatchPlan
  readonly #sink: ByteSink
  readonly #endsAtMs: number
  #watch: StoreWatch | undefined
  #cancelTimer: () => void = () => {}
  #ended = false
  #initialSent: boolean

  constructor(parts: ServerParts, plan: WatchPlan, sink: ByteSink) {
    this.#parts = parts
    this.#plan = plan
    this.#sink = sink
    this.#endsAtMs = parts.clock.now() + plan.timeoutMs
    this.#initialSent = !plan.initial
  }

  start(): void {
    const { scope, namespace, selection, initial, after } = this.#plan
    this.#parts.openWatches.add(this)
    this.#sink.onClose(() => this.#stop())
    if (this.#ended) return
    this.#schedule()
    this.#watch = this.#parts.store.watch(scope, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(selection ? { selection } : {}),
      initial,
      after,
      onInitial: (chunk) => this.#sendInitial(chunk),
      onInitialEnd: (revision) => this.#endInitial(revision),
      onEvents: (events) => this.#send(events),
      onClose: (reason, error) => this.#close(reason, error),
      drained: () => this.#drained(),
    })
    // The peer may have gone while the watch was opened.
    if (this.#ended) this.#watch.close()
  }

  /** A clean end, as at the watch's timeout. */
  end(): void {
    if (this.#ended) return
    this.#stop()
    this.#sink.end()
  }

  recheck(logicalCluster: string): void {
    const { scope } = this.#plan
    const { definition, version } = scope
    if (!definition.custom || scope.logicalCluster !== logicalCluster) return
    const { group, resource } = definition
    const served = this.#parts.catalog.resolve(logicalCluster, group, version.version, resource)
    const compare = (now: ServedResource | undefined): void => {
      if (now?.version !== version) this.end()
    }
    if (isPromise(served)) served.then(compare, () => this.end())
    else compare(served)
  }

  #sendInitial(chunk: readonly CachedObject[]): MaybePromise<void> {
    const { encoding } = this.#plan
    let room = true
    for (const object of chunk) room = this.#sink.write(encoding.initial(object))
    if (!room) return this.#drained()
  }

  #endInitial(revision: number): void {
    this.#initialSent = true
    if (this.#plan.bookmarks) this.#sink.write(this.#plan.encoding.bookmark(revision, true))
  }

  #drained(): MaybePromise<void> {
    if (this.#sink.closed || this.#sink.bufferedBytes < lowBufferedBytes) return undefined
    return new Promise((resolve) => {
      this.#sink.onDrain(resolve)
      this.#sink.onClose(resolve)
    })
  }

  #send(events: readonly CacheEvent[]): boolean {
    const { selection, encoding } = this.#plan
    const areJoined = events.length > 1 && !selection && this.#sink.keepsMessages !== true
    const pieces = areJoined ? encoding.batch?.(events) : undefined
    if (pieces) for (const piece of pieces) this.#sink.write(piece)
    else this.#sendEach(events)
    return this.#sink.bufferedBytes <= maxBufferedBytes
  }

  #sendEach(events: readonly CacheEvent[]): void {
    const { selection, encoding } = this.#plan
    for (const event of events) {
      if (this.#ended) return
      const type = selection ? transition(event, selection) : event.type
      if (!type) continue
      const object = type === 'DELETED' ? event.departed : event.current
      if (object) this.#sink.write(encoding.event(type, event, object))
    }
  }

  #schedule(): void {
    const { clock } = this.#parts
    const leftMs = this.#endsAtMs - clock.now()
    const untilLastMs = leftMs - lastBookmarkBeforeEndMs
    const wantsBookmark = this.#plan.bookmarks && untilLastMs > 0
    const delayMs = wantsBookmark ? Math.min(bookmarkEveryMs, untilLastMs) : leftMs
    this.#cancelTimer = clock.after(Math.max(0, delayMs), () => {
      if (!wantsBookmark) return this.end()
      const revision = this.#watch?.revision ?? 0
      if (this.#initialSent && revision > 0) this.#sink.write(this.#plan.encoding.bookmark(revision, false))
      this.#schedule()
    })
  }

  #close(reason: WatchEnd, error: unknown): void {
    if (this.#ended) return
    if (reason !== 'closed') {
      const { after } = this.#plan
      const tooOld = expired(`too old resource version: ${after} (${this.#watch?.revision ?? 0})`)
      const cause = reason === 'failed' ? error : tooOld
      const status = toStatus(cause, (unknown) => this.#parts.logger.error('watch failed', { error: String(unknown) }))
      this.#sink.write(this.#plan.encoding.error(status))
    }
    this.end()
  }

  #stop(): void {
    this.#ended = true
    this.#cancelTimer()
    this.#watch?.close()
    this.#parts.openWatches.delete(this)
  }
}

/** What an event is to somebody who sees only a selection; undefined when it is nothing to them. */
function transition(event: CacheEvent, selection: Selection): ChangeType | undefined {
  const was = event.previous !== undefined && selection.matches(event.previous)
  const is = event.current !== undefined && selection.matches(event.current)
  if (is) return was ? 'MODIFIED' : 'ADDED'
  return was ? 'DELETED' : undefined
}
