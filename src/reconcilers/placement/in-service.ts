import type { Delivery } from '../../meta/fleet/delivery.ts'
import { hasReplicas, replicasOf } from './placeable.ts'

/**
 * True when a copy does what its object is there for, in the version that its slot asks for now: what it is to replace may
 * go. Of what has replicas all of its share must be available, unless an autoscaler says how many there are.
 */
export function isInService({ spec, status }: Delivery, isAutoscaled: boolean): boolean {
  const isTrue = (type: string) => status?.conditions?.find((one) => one.type === type)?.status === 'True'
  // A status is about an epoch: right after a new decision it tells of the one before.
  if (status?.observedEpoch !== spec.epoch || !isTrue('Applied') || !isTrue('Available')) return false
  const { childStatus = {}, appliedChildGeneration = 0 } = status
  const counted = hasReplicas(spec.source.group, spec.source.resource)
  const seen = childStatus['observedGeneration'] ?? (counted ? 0 : undefined)
  if (typeof seen === 'number' && seen < appliedChildGeneration) return false
  if (!counted || isAutoscaled) return true
  const available = childStatus['availableReplicas']
  const share = replicasOf({ metadata: {}, spec: spec.manifest?.['spec'] }) ?? 1
  return (typeof available === 'number' ? available : 0) >= share
}
