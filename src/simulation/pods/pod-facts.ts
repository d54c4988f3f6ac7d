import { parseTime } from '../../meta/time.ts'
import type { Pod } from '../workload-types.ts'

/** Counts towards its owner's replicas: neither ended nor being deleted. */
export function isActive({ metadata, status }: Pod): boolean {
  return !metadata.deletionTimestamp && !hasEnded(status?.phase)
}

export function hasEnded(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Ready for so long that it counts as available; 0 when it is not ready, else the milliseconds that are left. */
export function availableInMs(pod: Pod, minReadySeconds: number | undefined, nowMs: number): number | undefined {
  const ready = readyCondition(pod)
  if (ready?.status !== 'True') return undefined
  if (!minReadySeconds) return 0
  const sinceMs = parseTime(ready.lastTransitionTime) ?? nowMs
  return Math.max(0, sinceMs + minReadySeconds * 1_000 - nowMs)
}

export function isAvailable(pod: Pod, minReadySeconds: number | undefined, nowMs: number): boolean {
  return availableInMs(pod, minReadySeconds, nowMs) === 0
}

/** When the next of these pods becomes available just by being ready; undefined when none will. */
export function nextAvailableInMs(pods: readonly Pod[], minReadySeconds: number | undefined, nowMs: number) {
  const waits = pods.flatMap((pod) => availableInMs(pod, minReadySeconds, nowMs) || [])
  return waits.length === 0 ? undefined : Math.min(...waits)
}

function readyCondition({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}
