import { parseTime } from '../../meta/time.ts'
import type { Pod } from '../workload-types.ts'
import { isReady } from './pod-facts.ts'

/** The pods to take away first when there are too many: those that are missed the least. */
export function inDeletionOrder(pods: readonly Pod[]): Pod[] {
  return [...pods].sort((a, b) => {
    const [left, right] = [rankOf(a), rankOf(b)]
    for (const [index, rank] of left.entries()) {
      const difference = rank - (right[index] ?? 0)
      if (difference !== 0) return difference
    }
    return 0
  })
}

/** Unbound before bound, pending before running, unready before ready, cheap before dear, young before old. */
function rankOf(pod: Pod): number[] {
  const { metadata, spec, status } = pod
  const cost = Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  return [
    spec.nodeName ? 1 : 0,
    status?.phase === 'Running' ? 1 : 0,
    isReady(pod) ? 1 : 0,
    Number.isFinite(cost) ? cost : 0,
    -(parseTime(metadata.creationTimestamp ?? '') ?? 0),
  ]
}
