import type { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'

/**
 * What a controller works from: an item is a key, never an event. An item is handed to one worker at a time; added while
 * it is being worked on, it comes again afterwards; added twice while it waits, it comes once. Lanes (workspaces) take
 * turns, so that a tenant with 100,000 items does not delay one with a single item.
 */
export interface WorkQueue<T> {
  add(item: T): void
  /** Adds it later; an earlier `add` wins, the delayed one then still comes. */
  addAfter(item: T, delayMs: number): void
  /** Adds it after the backoff of its failures so far. */
  addRateLimited(item: T): void
  /** Forgets the failures of an item. */
  forget(item: T): void
  /** The next item, marked as being worked on until `done`; undefined when the queue is closed. */
  take(): Promise<T | undefined>
  done(item: T): void
  close(): void
  /** Waiting, delayed or being worked on. */
  readonly pending: number
}

export interface WorkQueueOptions<T> {
  /** Equal ids are equal items. */
  idOf(item: T): string
  laneOf(item: T): string
  clock: Clock
  backoff: Backoff
}

export function createWorkQueue<T>({ idOf, laneOf, clock, backoff }: WorkQueueOptions<T>): WorkQueue<T> {
  const lanes = new Map<string, Map<string, T>>() // waiting items by lane; both in order of arrival
  const processing = new Map<string, T | undefined>() // value: added again meanwhile
  const delayed = new Map<string, { item: T; dueMs: number; cancel: () => void }>()
  const failures = new Map<string, number>()
  const takers: ((item: T | undefined) => void)[] = []
  let closed = false

  function next(): T | undefined {
    const first = lanes.entries().next()
    if (first.done) return undefined
    const [lane, items] = first.value
    const entry = items.entries().next()
    lanes.delete(lane)
    if (entry.done) return undefined
    const [id, item] = entry.value
    items.delete(id)
    if (items.size > 0) lanes.set(lane, items) // behind the others: that is the turn-taking
    processing.set(id, undefined)
    return item
  }
  function serve(): void {
    while (takers.length > 0 && lanes.size > 0) takers.shift()?.(next())
  }
  function add(item: T): void {
    if (closed) return
    const id = idOf(item)
    if (processing.has(id)) {
      processing.set(id, item)
      return
    }
    const lane = laneOf(item)
    const items = lanes.get(lane) ?? new Map<string, T>()
    if (items.has(id)) return
    items.set(id, item)
    if (!lanes.has(lane)) lanes.set(lane, items)
    serve()
  }
  function addAfter(item: T, delayMs: number): void {
    if (closed) return
    if (delayMs <= 0) return add(item)
    const id = idOf(item)
    const dueMs = clock.now() + delayMs
    const known = delayed.get(id)
    if (known && known.dueMs <= dueMs) return
    known?.cancel()
    const cancel = clock.after(delayMs, () => {
      delayed.delete(id)
      add(item)
    })
    delayed.set(id, { item, dueMs, cancel })
  }

  return {
    add,
    addAfter,
    addRateLimited(item) {
      const id = idOf(item)
      const count = failures.get(id) ?? 0
      failures.set(id, count + 1)
      addAfter(item, backoff.delayMs(count))
    },
    forget(item) {
      failures.delete(idOf(item))
    },
    take() {
      if (closed) return Promise.resolve(undefined)
      if (lanes.size > 0) return Promise.resolve(next())
      return new Promise((resolve) => takers.push(resolve))
    },
    done(item) {
      const id = idOf(item)
      const again = processing.get(id)
      processing.delete(id)
      if (again !== undefined) add(again)
    },
    close() {
      closed = true
      for (const { cancel } of delayed.values()) cancel()
      delayed.clear()
      lanes.clear()
      for (const taker of takers.splice(0)) taker(undefined)
    },
    get pending() {
      let waiting = 0
      for (const items of lanes.values()) waiting += items.size
      return waiting + delayed.size + processing.size
    },
  }
}
