import type { SharedCacheEvent } from './cache-event.ts'

/** Events in order of revision; the oldest ones leave at the front. */
export class EventQueue {
  #events: (SharedCacheEvent | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#events.length - this.#first
  }

  push(event: SharedCacheEvent): void {
    this.#events.push(event)
  }

  shift(): SharedCacheEvent | undefined {
    const event = this.#events[this.#first]
    if (!event) return undefined
    this.#events[this.#first++] = undefined
    if (this.#first > 64 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
    return event
  }

  /** Calls `visit` for each event after a revision, until it returns false. */
  visitAfter(revision: number, visit: (event: SharedCacheEvent) => boolean): void {
    let low = this.#first
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    for (; low < this.#events.length; low++) if (!visit(this.#events[low]!)) return
  }
}

/** Which events a watcher wants. */
export interface EventSelector {
  /** Of this collection only; without it, of all. */
  collection: string | undefined
  wants: (event: SharedCacheEvent) => boolean
}

/** The newest events of the whole hub, as many as fit into the budget, also to be had by collection. */
export class EventWindow {
  readonly #budgetBytes: number
  readonly #all = new EventQueue()
  readonly #byCollection = new Map<string, EventQueue>()
  readonly #collectionOf: (key: string) => string
  #bytes = 0
  #start: number

  /** Nothing is known of `start` and before. */
  constructor(budgetBytes: number, start: number, collectionOf: (key: string) => string) {
    this.#budgetBytes = budgetBytes
    this.#start = start
    this.#collectionOf = collectionOf
  }

  /** Every event after this revision is here. */
  get start(): number {
    return this.#start
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#all.length
  }

  add(event: SharedCacheEvent, collection: string): void {
    this.#all.push(event)
    let queue = this.#byCollection.get(collection)
    if (!queue) this.#byCollection.set(collection, (queue = new EventQueue()))
    queue.push(event)
    this.#bytes += event.bytes
    while (this.#bytes > this.#budgetBytes) this.#dropOldest()
  }

  /** At most about `limit` events after a revision, no revision split; `more` when some remain. */
  read(
    { collection, wants }: EventSelector,
    after: number,
    limit: number,
  ): { events: SharedCacheEvent[]; more: boolean } {
    const queue = collection === undefined ? this.#all : this.#byCollection.get(collection)
    const events: SharedCacheEvent[] = []
    let more = false
    queue?.visitAfter(after, (event) => {
      if (!wants(event)) return true
      more = events.length >= limit && event.revision !== events.at(-1)!.revision
      if (!more) events.push(event)
      return !more
    })
    return { events, more }
  }

  #dropOldest(): void {
    const event = this.#all.shift()!
    const collection = this.#collectionOf(event.key)
    const queue = this.#byCollection.get(collection)!
    queue.shift()
    if (queue.length === 0) this.#byCollection.delete(collection)
    this.#bytes -= event.bytes
    this.#start = event.revision
  }
}
