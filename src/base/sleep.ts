import { systemClock, type Clock } from './clock.ts'

/** Resolves after `ms`, or at once when `signal` is aborted (it never rejects: callers look at the signal). */
export function sleep(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const stop = () => {
      cancel()
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    const cancel = clock.after(ms, stop, { keepAlive: true })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
