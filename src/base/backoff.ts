/** Exponential backoff: `delayMs(n)` for the n-th failure in a row (0-based), with up to 20 % of jitter. */
export interface Backoff {
  delayMs(failures: number): number
}

export interface BackoffOptions {
  firstMs: number
  maxMs: number
  /** In [0, 1); injected in tests. */
  random?: () => number
}

export function createBackoff({ firstMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  return {
    delayMs(failures) {
      const plain = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30))
      return plain * (1 + 0.2 * random())
    },
  }
}
