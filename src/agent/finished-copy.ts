import type { Delivery } from '../meta/fleet/delivery.ts'
import type { JsonObject } from '../meta/object.ts'
import type { ObservedStatus } from './availability.ts'
import type { ObservedObject } from './child-watches.ts'
import { recordsAt, textAt } from './json-access.ts'
import type { SlotRecord } from './slot-record.ts'

/** How a copy was when it was last seen. */
export interface LastSeen extends ObservedStatus {
  uid: string
}

/**
 * A copy that has run to its end and is gone, or on its way out: its child's TTL controller takes it, or people tidy up.
 * To make it again would be to run it again. Undefined while it is there, and for what was applied for another source.
 */
export function finishedCopy(
  { spec, status }: Delivery,
  record: SlotRecord,
  observed: ObservedObject | undefined,
): LastSeen | undefined {
  const { appliedUid: uid, appliedSourceUid } = { ...status, ...record }
  if (uid === undefined || appliedSourceUid !== spec.sourceUid) return undefined
  if (observed && !(observed.deleting && observed.uid === uid)) return undefined
  const said: LastSeen = { uid, generation: status?.childGeneration ?? 0, status: status?.childStatus }
  const last = [observed, record.lastSeen].find((one) => one?.uid === uid) ?? said
  return hasFinished(spec.source.group, spec.source.kind, last.status) ? last : undefined
}

function hasFinished(group: string, kind: string, status: JsonObject | undefined): boolean {
  switch (`${group}/${kind}`) {
    case 'batch/Job':
      return recordsAt(status, 'conditions').some(
        (condition) =>
          textAt(condition, 'status') === 'True' && ['Complete', 'Failed'].includes(textAt(condition, 'type') ?? ''),
      )
    case '/Pod':
      return ['Succeeded', 'Failed'].includes(textAt(status, 'phase') ?? '')
    default:
      return false
  }
}
