import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Informer } from '../informer/informer.ts'
import type { Delivery, DeliverySource } from '../meta/fleet/delivery.ts'
import type { ChildApi } from './child-api.ts'
import type { ChildWatches } from './child-watches.ts'
import type { ServedVersion } from './served-versions.ts'
import type { TargetSpaces } from './target-spaces.ts'

/** What delivering and removing one slot need. */
export interface SlotParts {
  child: ChildApi
  watches: ChildWatches
  spaces: TargetSpaces
  servedVersion: ServedVersion
  deliveries: Informer<Delivery>
  clock: Clock
  logger: Logger
}

/** Indexes of the deliveries. */
export const slotIndexes = {
  /** The object in the child, by `childObjectKey`. */
  childObject: 'childObject',
  /** The workload that an autoscaler's slot scales, and the slots of workloads, by `workloadKey`. */
  autoscaled: 'autoscaled',
  workload: 'workload',
  /** Slots that wait for a slot, by its name. */
  after: 'after',
  targetNamespace: 'targetNamespace',
  /** `widgets.example.com`: as the name of its CRD. */
  type: 'type',
} as const

export function childObjectKey(group: string, resource: string, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`
}

export function workloadKey(source: DeliverySource, kind: string, name: string): string {
  return `${source.logicalCluster}/${source.namespace}/${kind}/${name}`
}
