import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { sleep } from '../../base/sleep.ts'
import type { ReconcileRequest } from '../../controller/controller.ts'

export interface RescanOptions {
  /** Everything of one logical cluster that is to be looked at. */
  scan(logicalCluster: string): AsyncIterable<ReconcileRequest>
  enqueue(request: ReconcileRequest): void
  signal: AbortSignal
  clock: Clock
  logger: Logger
}

const retryMs = 1_000

/**
 * Looks through logical clusters, one after the other. One that is asked for again before its turn, however often, is
 * looked through once; one that cannot be read is tried again.
 */
export function createRescan({ scan, enqueue, signal, clock, logger }: RescanOptions): (name: string) => void {
  const waiting = new Set<string>()
  let isRunning = false

  async function run(): Promise<void> {
    // A set that grows while it is walked through is walked to its end; what comes again comes last.
    for (const logicalCluster of waiting) {
      if (signal.aborted) return
      waiting.delete(logicalCluster)
      try {
        for await (const request of scan(logicalCluster)) enqueue(request)
      } catch (error) {
        if (signal.aborted) return
        logger.warn('a logical cluster could not be looked through, and will be tried again', { logicalCluster, error })
        waiting.add(logicalCluster)
        await sleep(retryMs, signal, clock)
      }
    }
    isRunning = false // at once, so that nothing is added between the end of the walk and this
  }

  return (logicalCluster) => {
    waiting.add(logicalCluster)
    if (isRunning) return
    isRunning = true
    void run()
  }
}
