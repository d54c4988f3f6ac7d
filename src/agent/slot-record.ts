import type { Condition } from '../meta/object.ts'
import type { DeliveryReason } from '../meta/fleet/delivery.ts'
import type { LastSeen } from './finished-copy.ts'

export type Outcome = Pick<Condition, 'status' | 'message'> & { reason: DeliveryReason }
export type ConflictOutcome = Pick<Condition, 'status' | 'reason' | 'message'>

/** What the syncer remembers of one slot while it runs; everything that must survive is in the slot's status. */
export interface SlotRecord {
  deliveryUid: string
  /** The version of the slot that was last applied; see `versionOf`. */
  appliedVersion?: string
  appliedUid?: string
  appliedSourceUid?: string
  /** See the slot's status of the same name. */
  handedOver?: boolean
  adopted?: boolean
  appliedHash?: string
  appliedGeneration?: number
  appliedChildGeneration?: number
  /** The copy as it was when it went. */
  lastSeen?: LastSeen
  /** It had run to its end, and is not made again: see `finishedCopy`. */
  finished?: LastSeen
  /** Our fields after the last apply; see `ownedFields`. */
  owned?: string
  outcome: Outcome
  conflict?: ConflictOutcome
  removed?: boolean
  /** Times at which a field was put back, by path, within the last minute. */
  repairs: Map<string, number[]>
  /** Somebody changes what we put back: nothing is applied for this version until then. */
  stopped?: { version: string; untilMs: number }
  lastStatusMs: number
  /** The status as last written, without times; and the part of it that is not to wait. */
  written: string
  urgent: string
}

export function newSlotRecord(deliveryUid: string): SlotRecord {
  return {
    deliveryUid,
    outcome: { status: 'False', reason: 'Pending', message: '' },
    repairs: new Map(),
    lastStatusMs: 0,
    written: '',
    urgent: '',
  }
}

const repairWindowMs = 60_000
const repairsAllowed = 3

/** Counts a repair of each path; answers the paths that have been put back too often within a minute. */
export function countRepairs(record: SlotRecord, paths: readonly string[], nowMs: number): string[] {
  for (const [path, times] of record.repairs) {
    const recent = times.filter((time) => nowMs - time < repairWindowMs)
    if (recent.length === 0) record.repairs.delete(path)
    else record.repairs.set(path, recent)
  }
  const fought = paths.filter((path) => (record.repairs.get(path)?.length ?? 0) >= repairsAllowed)
  if (fought.length > 0) return fought
  for (const path of paths) record.repairs.set(path, [...(record.repairs.get(path) ?? []), nowMs])
  return []
}
