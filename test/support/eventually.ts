import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  /** What is awaited, for the error: "the rollout finishes". */
  readonly what: string
  readonly timeoutMs?: number
  readonly intervalMs?: number
}

/**
 * Asks again and again until the answer is neither undefined nor false, and returns it. An error of the question counts as
 * "not yet" and is the cause of the final one.
 */
export async function eventually<T>(
  question: () => Promise<T | undefined | false> | T | undefined | false,
  options: EventuallyOptions,
): Promise<T> {
  const { what, timeoutMs = 60_000, intervalMs = 100 } = options
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const answer = await question()
      if (answer !== undefined && answer !== false) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    await sleep(intervalMs)
  } while (performance.now() < deadline)
  throw new Error(`after ${timeoutMs} ms still not so: ${what}`, { cause })
}
