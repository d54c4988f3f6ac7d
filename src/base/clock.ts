/** Time as a dependency, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /**
   * Calls `callback` once after `delayMs`; the returned function cancels it. Keeps the process alive only when asked to:
   * somebody awaits it.
   */
  after(delayMs: number, callback: () => void, options?: { keepAlive?: boolean }): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback, { keepAlive = false } = {}) {
    const timer = setTimeout(callback, delayMs)
    if (!keepAlive) timer.unref?.()
    return () => clearTimeout(timer)
  },
}

/** A clock that moves only when told to: `advance(ms)` fires what has become due, in order of due time. */
export interface ManualClock extends Clock {
  advance(byMs: number): void
}

export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs
  let timers: { dueMs: number; callback: () => void }[] = []
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const timer = { dueMs: nowMs + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(byMs) {
      const untilMs = nowMs + byMs
      for (;;) {
        const due = timers.filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
        if (!due) break
        timers = timers.filter((timer) => timer !== due)
        nowMs = Math.max(nowMs, due.dueMs)
        due.callback()
      }
      nowMs = untilMs
    },
  }
}
