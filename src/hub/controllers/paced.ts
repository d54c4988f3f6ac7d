import type { Clock } from '../../base/clock.ts'
import type { ReconcileRequest } from '../../controller/controller.ts'

/** Passes requests on together, `intervalMs` after the first of them, each once however often it came. */
export function paced(
  enqueue: (request: ReconcileRequest) => void,
  clock: Clock,
  intervalMs: number,
  signal: AbortSignal,
): (request: ReconcileRequest) => void {
  const waiting = new Map<string, ReconcileRequest>()
  return (request) => {
    if (signal.aborted) return
    if (waiting.size === 0)
      clock.after(intervalMs, () => {
        const due = [...waiting.values()]
        waiting.clear()
        for (const one of due) enqueue(one)
      })
    waiting.set(`${request.logicalCluster}/${request.namespace}/${request.name}`, request)
  }
}
