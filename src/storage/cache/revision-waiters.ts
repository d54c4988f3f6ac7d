import type { Clock } from '../../base/clock.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'

interface Waiter {
  revision: number
  done: (reached: boolean) => void
}

/** Where the feed stands, and who waits for it to come further. */
export class RevisionWaiters {
  readonly #clock: Clock
  readonly #waiters = new Set<Waiter>()
  #revision: number

  constructor(revision: number, clock: Clock) {
    this.#revision = revision
    this.#clock = clock
  }

  get revision(): number {
    return this.#revision
  }

  reach(revision: number): void {
    if (revision <= this.#revision) return
    this.#revision = revision
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.done(true)
  }

  /** Without a timeout, waits as long as it takes; false after the timeout, or when waiting has become pointless. */
  waitFor(revision: number, timeoutMs?: number): MaybePromise<boolean> {
    if (revision <= this.#revision) return true
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        done: (reached) => {
          this.#waiters.delete(waiter)
          cancel()
          resolve(reached)
        },
      }
      const cancel = timeoutMs === undefined ? () => {} : this.#clock.after(timeoutMs, () => waiter.done(false))
      this.#waiters.add(waiter)
    })
  }

  giveUp(): void {
    for (const waiter of this.#waiters) waiter.done(false)
  }
}
