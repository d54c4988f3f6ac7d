import { scaleIntOrPercent } from '../../meta/int-or-string.ts'
import type { Deployment, ReplicaSet } from '../workload-types.ts'
import { maxReplicasOf } from './revision-annotations.ts'

/** How many replicas each ReplicaSet of a Deployment should have. Pure: numbers in, numbers out. */

export interface RolloutLimits {
  replicas: number
  /** Pods that may exist beyond `replicas`. */
  maxSurge: number
  /** Pods that may be missing; never 0 together with `maxSurge`. */
  maxUnavailable: number
}

export function rolloutLimits({ spec }: Deployment): RolloutLimits {
  const replicas = spec.replicas ?? 1
  if (spec.strategy?.type === 'Recreate') return { replicas, maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {}
  const surge = scaleIntOrPercent(maxSurge, replicas, 'up') ?? 0
  const unavailable = Math.min(replicas, scaleIntOrPercent(maxUnavailable, replicas, 'down') ?? 0)
  return { replicas, maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export function sizeOf({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1
}
export function availableOf({ status }: ReplicaSet): number {
  return status?.availableReplicas ?? 0
}
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** The size of the new ReplicaSet in the next step: as large as the surge allows, never beyond what is wanted. */
export function nextNewSize(current: ReplicaSet, all: readonly ReplicaSet[], limits: RolloutLimits): number {
  const size = sizeOf(current)
  if (size >= limits.replicas) return limits.replicas
  const room = limits.replicas + limits.maxSurge - sum(all.map(sizeOf))
  return room <= 0 ? size : size + Math.min(room, limits.replicas - size)
}

/**
 * The old ReplicaSets that shrink in the next step, by name. First what is not available anyway, then as much as keeps
 * the minimum available.
 */
export function nextOldSizes(
  old: readonly ReplicaSet[],
  current: ReplicaSet,
  limits: RolloutLimits,
): ReadonlyMap<string, number> {
  const sizes = new Map(old.map((replicaSet) => [nameOf(replicaSet), sizeOf(replicaSet)]))
  const all = [...old, current]
  const minAvailable = limits.replicas - limits.maxUnavailable
  const unavailableOfNew = sizeOf(current) - availableOf(current)
  let room = sum(all.map(sizeOf)) - minAvailable - unavailableOfNew
  if (room <= 0) return new Map()
  const byAge = old.toSorted((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1))
  for (const replicaSet of byAge) {
    const size = sizeOf(replicaSet)
    const cut = Math.min(room, Math.max(0, size - availableOf(replicaSet)))
    sizes.set(nameOf(replicaSet), size - cut)
    room -= cut
  }
  let spare = sum(all.map(availableOf)) - minAvailable
  for (const replicaSet of byAge) {
    const size = sizes.get(nameOf(replicaSet)) ?? 0
    const cut = Math.max(0, Math.min(spare, size))
    sizes.set(nameOf(replicaSet), size - cut)
    spare -= cut
  }
  return changed(old, sizes)
}

/**
 * Sizes after `replicas` was changed while several ReplicaSets have pods: the difference is shared out in proportion to
 * what each has, the remainder goes to the largest.
 */
export function proportionalSizes(active: readonly ReplicaSet[], limits: RolloutLimits): ReadonlyMap<string, number> {
  const { replicas, maxSurge } = limits
  const total = sum(active.map(sizeOf))
  const difference = (replicas > 0 ? replicas + maxSurge : 0) - total
  const growing = difference > 0
  // Of equal ones the newest grows first, and the oldest shrinks first.
  const ordered = active.toSorted(
    (a, b) => sizeOf(b) - sizeOf(a) || (ageKey(a) < ageKey(b) ? -1 : 1) * (growing ? -1 : 1),
  )
  const sizes = new Map(ordered.map((replicaSet) => [nameOf(replicaSet), sizeOf(replicaSet)]))
  let left = difference
  for (const replicaSet of ordered) {
    const size = sizeOf(replicaSet)
    const before = maxReplicasOf(replicaSet) || total || 1
    const share = Math.round((size * (replicas + maxSurge)) / before) - size
    const step = growing ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left)
    sizes.set(nameOf(replicaSet), Math.max(0, size + step))
    left -= step
  }
  const [largest] = ordered
  if (largest) sizes.set(nameOf(largest), Math.max(0, (sizes.get(nameOf(largest)) ?? 0) + left))
  return changed(active, sizes)
}

function changed(replicaSets: readonly ReplicaSet[], sizes: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const different = replicaSets.filter((replicaSet) => sizes.get(nameOf(replicaSet)) !== sizeOf(replicaSet))
  return new Map(different.map((replicaSet) => [nameOf(replicaSet), sizes.get(nameOf(replicaSet)) ?? 0]))
}

export function nameOf({ metadata }: ReplicaSet): string {
  return metadata.name ?? ''
}

/** Sorts from old to young; the name decides between equals. */
export function ageKey({ metadata }: ReplicaSet): string {
  return `${metadata.creationTimestamp ?? ''}/${metadata.name ?? ''}`
}
