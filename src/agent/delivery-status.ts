import { withTransition } from '../meta/conditions.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import type { Condition } from '../meta/object.ts'
import { formatTime } from '../meta/time.ts'
import { availabilityOf, type ObservedStatus } from './availability.ts'
import type { SlotRecord } from './slot-record.ts'

type DeliveryStatus = NonNullable<Delivery['status']>

const maxChildStatusBytes = 262_144 // a status that is larger is not copied: the slot must fit the hub's store

/** What the slot is to say now. Times are taken over from `status` where nothing else has changed. */
export function nextStatus(
  { spec, status = {} }: Delivery,
  record: SlotRecord,
  observed: ObservedStatus | undefined,
  nowMs: number,
): DeliveryStatus {
  const now = formatTime(nowMs)
  const conditions = conditionsOf(spec, record, observed).map((condition) =>
    withTransition(condition, status.conditions ?? [], nowMs),
  )
  const childStatus = observed?.status
  const copied = childStatus && JSON.stringify(childStatus).length <= maxChildStatusBytes ? childStatus : undefined
  const next: DeliveryStatus = {
    observedEpoch: spec.epoch,
    ...defined({
      appliedGeneration: record.appliedGeneration ?? status.appliedGeneration,
      appliedHash: record.appliedHash ?? status.appliedHash,
      appliedUid: record.appliedUid ?? status.appliedUid,
      appliedSourceUid: record.appliedSourceUid ?? status.appliedSourceUid,
      appliedChildGeneration: record.appliedChildGeneration ?? status.appliedChildGeneration,
    }),
    ...((record.adopted ?? status.adopted) ? { adopted: true } : {}),
    ...((record.handedOver ?? status.handedOver) ? { handedOver: true } : {}),
    ...(record.removed ? { removed: true } : {}),
    ...(copied ? { childStatus: copied } : {}),
    ...(observed && observed.generation > 0 ? { childGeneration: observed.generation } : {}),
    conditions,
  }
  const { observedTime = now, ...before } = status
  return { ...next, observedTime: withoutTimes(next) === withoutTimes(before) ? observedTime : now }
}

/** Two statuses that say the same are equal. */
export function withoutTimes(status: DeliveryStatus): string {
  const { observedTime: _, conditions = [], ...rest } = status
  const said = conditions.map(({ type, status: value, reason, message }) => [type, value, reason, message])
  return canonical([rest, said])
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

function conditionsOf(
  { source, desired }: Delivery['spec'],
  { outcome, conflict }: SlotRecord,
  observed: ObservedStatus | undefined,
): Omit<Condition, 'lastTransitionTime'>[] {
  const conditions: Omit<Condition, 'lastTransitionTime'>[] = [{ type: 'Applied', ...outcome }]
  if (desired === 'Present' && observed)
    conditions.push({ type: 'Available', ...availabilityOf(source.group, source.kind, observed) })
  else if (desired === 'Present')
    conditions.push({ type: 'Available', status: 'False', reason: 'NotPresent', message: '' })
  if (conflict) conditions.push({ type: 'Conflict', ...conflict })
  return conditions
}

function defined<T extends Record<string, unknown>>(record: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
