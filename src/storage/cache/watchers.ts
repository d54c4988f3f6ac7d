import type { CacheEvent, CacheWatch, CacheWatchRequest, WatchEnd } from '../object-cache.ts'
import { namespaceOf, typeOf } from './key-parts.ts'
import type { SharedCacheEvent } from './cache-event.ts'

/** Watchers that want the same events share one array of them. */
interface Group {
  readonly watchers: Set<Watcher>
  pending: SharedCacheEvent[]
  /** Events are on their way to its watchers: the next ones wait, for their order. */
  isBusy: boolean
  /** What had been handed over before the events that are pending or on their way. */
  dispatched: number
  restUntilMs: number
}

interface Delivery {
  readonly group: Group
  readonly events: readonly SharedCacheEvent[]
  readonly watchers: readonly Watcher[]
  next: number
  /** Where the feed stood when the events were taken. */
  readonly revision: number
  workedMs: number
}

const sliceMs = 5 // then others of this process have their turn
const watchersBetweenLooks = 16
const longestRestMs = 20

/**
 * Hands events from the feed to the watchers that have caught up. Not within the feed's call, where writers wait for
 * their answers, but right after it, a few milliseconds at a time, in turn between the groups. A group that took long
 * rests as long as it has worked: requests and other groups keep half of the process, and the events that come meanwhile
 * go out together, which costs each watcher one write instead of several.
 */
export class Dispatcher {
  readonly #groups = new Map<string, Group>()
  /** Those with pending events. */
  #touched: Group[] = []
  /** What is being handed over, the first one next. */
  readonly #deliveries: Delivery[] = []
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #fed: number

  constructor(revision: number) {
    this.#fed = revision
  }

  /** Everything up to here has been handed to the watchers of this group. */
  dispatchedTo(key: string): number {
    const group = this.#groups.get(key)
    return group && isOwed(group) ? group.dispatched : this.#fed
  }

  join(watcher: Watcher): void {
    let group = this.#groups.get(watcher.group)
    if (!group) this.#groups.set(watcher.group, (group = newGroup()))
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
    this.#schedule()
  }

  #addTo(group: Group | undefined, event: SharedCacheEvent): void {
    if (!group) return
    if (!isOwed(group)) group.dispatched = this.#fed
    if (group.pending.length === 0) this.#touched.push(group)
    group.pending.push(event)
  }

  #schedule(): void {
    if (this.#isScheduled || (this.#touched.length === 0 && this.#deliveries.length === 0)) return
    const waitMs = this.#deliveries.length > 0 ? 0 : this.#earliestMs() - performance.now()
    if (waitMs >= 1) {
      this.#timer ??= setTimeout(() => this.#drain(), waitMs)
      return
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isScheduled = true
    setImmediate(() => this.#drain())
  }

  #earliestMs(): number {
    return this.#touched.reduce((earliest, { restUntilMs }) => Math.min(earliest, restUntilMs), Infinity)
  }

  #drain(): void {
    this.#isScheduled = false
    this.#timer = undefined
    const startedMs = performance.now()
    this.#take(startedMs)
    this.#deliverUntil(startedMs + sliceMs)
    this.#schedule()
  }

  /** Pending events of the groups that are neither busy nor at rest begin their way. */
  #take(nowMs: number): void {
    const waiting: Group[] = []
    for (const group of this.#touched) {
      if (group.isBusy || group.restUntilMs - nowMs >= 1) {
        waiting.push(group)
        continue
      }
      const { pending: events, watchers } = group
      group.pending = []
      group.isBusy = true
      this.#deliveries.push({ group, events, watchers: [...watchers], next: 0, revision: this.#fed, workedMs: 0 })
    }
    this.#touched = waiting
  }

  #deliverUntil(untilMs: number): void {
    for (let delivery = this.#deliveries.shift(); delivery; delivery = this.#deliveries.shift()) {
      if (deliver(delivery, untilMs)) continue
      this.#deliveries.push(delivery) // at the end: the others' turn
      return
    }
  }
}

function newGroup(): Group {
  return { watchers: new Set(), pending: [], isBusy: false, dispatched: 0, restUntilMs: 0 }
}

function isOwed({ pending, isBusy }: Group): boolean {
  return isBusy || pending.length > 0
}

/** False when the time was over first. */
function deliver(delivery: Delivery, untilMs: number): boolean {
  const { group, events, watchers } = delivery
  const startedMs = performance.now()
  let nowMs = startedMs
  while (delivery.next < watchers.length && nowMs < untilMs) {
    const stop = Math.min(delivery.next + watchersBetweenLooks, watchers.length)
    while (delivery.next < stop) watchers[delivery.next++]!.deliver(events)
    nowMs = performance.now()
  }
  delivery.workedMs += nowMs - startedMs
  if (delivery.next < watchers.length) return false
  group.isBusy = false
  group.dispatched = delivery.revision
  group.restUntilMs = nowMs + Math.min(longestRestMs, delivery.workedMs)
  return true
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
    return this.#isLive ? Math.max(this.#position, this.#dispatcher.dispatchedTo(this.group)) : this.#position
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
