import type { CacheEvent, CacheWatch, CacheWatchRequest, WatchEnd } from '../object-cache.ts'
import { namespaceOf, typeOf } from './key-parts.ts'
import type { SharedCacheEvent } from './cache-event.ts'

/** Watchers that want the same events share one array of them. */
interface Group {
  watchers: Set<Watcher>
  pending: SharedCacheEvent[]
}

interface Delivery {
  events: readonly SharedCacheEvent[]
  watchers: readonly Watcher[]
  next: number
}

const sliceMs = 5 // then others of this process have their turn
const watchersBetweenLooks = 16
const longestRestMs = 20

/**
 * Hands events from the feed to the watchers that have caught up. Not within the feed's call, where writers wait for
 * their answers, but right after it, a few milliseconds at a time. After a long round it rests as long as it has worked:
 * requests keep half of the process, and the events that come meanwhile go out together, which costs each watcher one
 * write instead of several.
 */
export class Dispatcher {
  readonly #groups = new Map<string, Group>()
  #touched: Group[] = []
  /** What is being handed over, the first one next; `#roundRevision` when all of it is. */
  #round: Delivery[] = []
  #roundRevision: number
  #workedMs = 0
  #restUntilMs = 0
  #scheduled = false
  #fed: number
  #dispatched: number

  constructor(revision: number) {
    this.#fed = revision
    this.#roundRevision = revision
    this.#dispatched = revision
  }

  /** Everything up to here has been handed to every watcher that is live. */
  get dispatched(): number {
    return this.#dispatched
  }

  join(watcher: Watcher): void {
    let group = this.#groups.get(watcher.group)
    if (!group) this.#groups.set(watcher.group, (group = { watchers: new Set(), pending: [] }))
    group.watchers.add(watcher)
  }

  leave(watcher: Watcher): void {
    const group = this.#groups.get(watcher.group)
    if (group?.watchers.delete(watcher) && group.watchers.size === 0) this.#groups.delete(watcher.group)
  }

  add(event: SharedCacheEvent, collection: string): void {
    if (this.#groups.size === 0) return
    this.#addTo(this.#groups.get(collection), event)
    this.#addTo(this.#groups.get(namespaceOf(event.key, collection)), event)
    this.#addTo(this.#groups.get(typeOf(collection)), event)
  }

  /** The feed has come to a revision; its events have been added. */
  advance(revision: number): void {
    this.#fed = revision
    if (this.#touched.length === 0 && this.#round.length === 0) this.#dispatched = revision
    else if (!this.#scheduled) this.#schedule(this.#restUntilMs - performance.now())
  }

  #addTo(group: Group | undefined, event: SharedCacheEvent): void {
    if (!group) return
    if (group.pending.length === 0) this.#touched.push(group)
    group.pending.push(event)
  }

  #schedule(afterMs: number): void {
    this.#scheduled = true
    const drain = (): void => {
      this.#scheduled = false
      this.#drain()
    }
    if (afterMs < 1) setImmediate(drain)
    else setTimeout(drain, afterMs)
  }

  /** One slice of a round: what was there at its beginning, and nothing that has come since. */
  #drain(): void {
    const startedMs = performance.now()
    if (this.#round.length === 0) this.#begin()
    const isWhole = this.#deliverUntil(startedMs + sliceMs)
    const nowMs = performance.now()
    this.#workedMs += nowMs - startedMs
    if (!isWhole) return this.#schedule(0)
    this.#dispatched = this.#roundRevision
    const restMs = Math.min(longestRestMs, this.#workedMs)
    this.#restUntilMs = nowMs + restMs
    if (this.#touched.length > 0) this.#schedule(restMs)
    else this.#dispatched = this.#fed
  }

  #begin(): void {
    this.#workedMs = 0
    this.#roundRevision = this.#fed
    this.#round = this.#touched.map((group) => {
      const events = group.pending
      group.pending = []
      return { events, watchers: [...group.watchers], next: 0 }
    })
    this.#touched = []
  }

  /** False when the time was over before the round was. */
  #deliverUntil(untilMs: number): boolean {
    for (let delivery = this.#round[0]; delivery; delivery = this.#round[0]) {
      const { events, watchers } = delivery
      while (delivery.next < watchers.length) {
        watchers[delivery.next++]!.deliver(events)
        if (delivery.next % watchersBetweenLooks === 0 && performance.now() >= untilMs) return false
      }
      this.#round.shift()
    }
    return true
  }
}

/** One watch: first on its own, catching up, then live in its group. */
export class Watcher implements CacheWatch {
  readonly group: string
  readonly #request: CacheWatchRequest
  readonly #dispatcher: Dispatcher
  readonly #ended: (watcher: Watcher) => void
  readonly #matches: ((event: CacheEvent) => boolean) | undefined
  #position: number
  #isLive = false
  #isOver = false

  constructor(options: {
    group: string
    after: number
    request: CacheWatchRequest
    matches: ((event: CacheEvent) => boolean) | undefined
    dispatcher: Dispatcher
    ended: (watcher: Watcher) => void
  }) {
    this.group = options.group
    this.#position = options.after
    this.#request = options.request
    this.#matches = options.matches
    this.#dispatcher = options.dispatcher
    this.#ended = options.ended
  }

  get revision(): number {
    return this.#isLive ? Math.max(this.#position, this.#dispatcher.dispatched) : this.#position
  }

  /** Events up to here have been seen, or were not wanted. */
  get position(): number {
    return this.#position
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** From now on the dispatcher delivers what comes behind the position. */
  goLive(): void {
    this.#isLive = true
    this.#dispatcher.join(this)
  }

  /** Events of a replay, already selected; everything up to `revision` has been looked at. */
  replay(events: readonly SharedCacheEvent[], revision: number): void {
    this.deliver(events)
    this.#position = Math.max(this.#position, revision)
  }

  deliver(events: readonly SharedCacheEvent[]): void {
    if (this.#isOver) return
    const wanted = this.#select(events)
    const last = wanted.at(-1)
    if (!last) return
    this.#position = last.revision
    try {
      if (this.#request.onEvents(wanted) === false) this.end('slow')
    } catch (error) {
      this.end('failed', error)
    }
  }

  end(reason: WatchEnd, error?: unknown): void {
    if (this.#isOver) return
    this.close()
    this.#request.onClose(reason, error)
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#dispatcher.leave(this)
    this.#ended(this)
  }

  #select(events: readonly SharedCacheEvent[]): readonly SharedCacheEvent[] {
    const isNew = events.length > 0 && events[0]!.revision > this.#position
    if (isNew && !this.#matches) return events
    return events.filter((event) => event.revision > this.#position && (this.#matches?.(event) ?? true))
  }
}
