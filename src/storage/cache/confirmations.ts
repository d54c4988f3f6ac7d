import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'

/**
 * Shares the backend's confirmations: a question that is under way was asked too early for who comes now, so all who
 * come meanwhile share the next one.
 */
export function shareConfirmations(ask: () => MaybePromise<number>): () => MaybePromise<number> {
  let running: Promise<number> | undefined
  let next: Promise<number> | undefined

  function start(answer: Promise<number>): Promise<number> {
    running = answer.finally(() => {
      running = undefined
    })
    return running
  }

  async function askAfter(before: Promise<number>): Promise<number> {
    await before.catch(() => {})
    next = undefined
    const answer = ask()
    return isPromise(answer) ? start(answer) : answer
  }

  return () => {
    if (running) return (next ??= askAfter(running))
    const answer = ask()
    return isPromise(answer) ? start(answer) : answer
  }
}
