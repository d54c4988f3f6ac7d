import type { Reconcile } from '../controller/controller.ts'
import type { Client } from '../client/client.ts'
import { isInvalid, isNotFound } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import { fleetGroup, fleetVersion } from '../meta/fleet/fleet-names.ts'
import type { JsonObject } from '../meta/object.ts'
import { NotActingError } from './child-api.ts'
import { type Again, deliverSlot } from './deliver-slot.ts'
import { nextStatus, withoutTimes } from './delivery-status.ts'
import type { EmptyNamespaces } from './empty-namespaces.ts'
import { removeSlot } from './remove-slot.ts'
import type { SlotParts } from './slot-parts.ts'
import { newSlotRecord, type SlotRecord } from './slot-record.ts'
import { gvrOf } from './prepare-manifest.ts'

export const deliveriesResource = { group: fleetGroup, version: fleetVersion, resource: 'deliveries' }

export interface SlotReconcilerOptions extends SlotParts {
  hub: Client
  records: Map<string, SlotRecord>
  emptyNamespaces: EmptyNamespaces
  /** Whether a slot points into the namespace, or something of one is still there. */
  isUsed(namespace: string): boolean
  /** Whether this slot may be worked on now; asked again before every write. */
  mayAct(delivery: Delivery): boolean
}

const clearDelaysMs = [1_000, 2_000, 5_000, 30_000, 60_000, 120_000] // pods are given 30 s to end
const statusIntervalMs = 250 // between two writes that only say how the object is doing

/** Looks at one slot: brings its object in or takes it away, and says in its status what is. */
export function createSlotReconciler(options: SlotReconcilerOptions): Reconcile {
  const { deliveries, records, clock, logger } = options
  const slots = options.hub.resource<Delivery>(deliveriesResource)

  async function carryOut(delivery: Delivery, record: SlotRecord): Promise<Again> {
    if (delivery.spec.desired === 'Present') {
      delete record.removed
      return deliverSlot(options, delivery, record)
    }
    if (record.removed) return undefined
    return removeSlot(options, delivery, record, delivery.spec.release ? 'release' : 'delete')
  }

  /** Says what has changed. Steady news of a status waits its turn; what was done is said at once. */
  async function report(delivery: Delivery, record: SlotRecord): Promise<Again> {
    const { spec, metadata, status } = delivery
    const gvr = gvrOf(delivery)
    const observed =
      spec.desired === 'Present' && gvr && record.appliedUid !== undefined
        ? options.watches.follow(gvr).get(spec.targetNamespace, spec.source.name)
        : undefined
    const ours = observed?.uid === record.appliedUid ? observed : undefined
    const next = nextStatus(delivery, record, ours ?? record.finished, clock.now())
    const said = withoutTimes(next)
    if (said === (record.written || withoutTimes(status ?? {}))) return undefined
    const urgent = record.urgent !== urgencyOf(next)
    const waitMs = record.lastStatusMs + statusIntervalMs - clock.now()
    if (!urgent && waitMs > 0) return { requeueAfterMs: waitMs }
    const body = [
      { op: 'test', path: '/metadata/uid', value: metadata.uid ?? '' },
      { op: 'add', path: '/status', value: next as JsonObject },
    ]
    try {
      await slots.patch({ name: metadata.name ?? '' }, { type: 'json', body }, { subresource: 'status' })
    } catch (error) {
      // The slot is gone or is another one by now: its own event leads here again.
      if (!isNotFound(error) && !isInvalid(error)) throw error
      logger.debug('a slot went away before its status was written', { delivery: metadata.name, error: String(error) })
    }
    record.written = said
    record.urgent = urgencyOf(next)
    record.lastStatusMs = clock.now()
    return undefined
  }

  /** What a controller made for the object goes a little later than the object: the namespace is looked at again. */
  async function clearNamespace(delivery: Delivery, attempt = 0): Promise<void> {
    const { spec } = delivery
    if (!options.mayAct(delivery)) return
    try {
      // Asked when nothing more can enter: a slot that came before is known, one that comes later waits.
      const settled = await options.spaces.whileClosed(
        spec.targetNamespace,
        async () =>
          options.isUsed(spec.targetNamespace) || (await options.emptyNamespaces.removeIfEmpty(spec)) === 'Gone',
      )
      if (settled) return
    } catch (error) {
      if (error instanceof NotActingError) return
      logger.debug('an empty namespace stays for now', { namespace: spec.targetNamespace, error: String(error) })
    }
    const delayMs = clearDelaysMs[attempt]
    if (delayMs !== undefined) clock.after(delayMs, () => void clearNamespace(delivery, attempt + 1))
  }

  return async ({ name }) => {
    const delivery = deliveries.get({ name })
    if (!delivery) {
      // A slot that is missing says nothing: what it brought stays, and is no longer looked after.
      records.delete(name)
      return
    }
    if (!options.mayAct(delivery)) return
    const { uid = '' } = delivery.metadata
    let record = records.get(name)
    if (record?.deliveryUid !== uid) records.set(name, (record = newSlotRecord(uid)))
    if (delivery.spec.desired === 'Absent' && isAcknowledged(delivery)) return
    const wasRemoved = record.removed === true
    let again: Again
    let failure: unknown
    try {
      again = await carryOut(delivery, record)
    } catch (error) {
      if (error instanceof NotActingError) return
      failure = error
    }
    const later = await report(delivery, record)
    if (failure !== undefined) throw failure
    if (record.removed && !wasRemoved && record.outcome.reason === 'Removed') void clearNamespace(delivery)
    return soonest(again, later)
  }
}

function isAcknowledged({ spec, status }: Delivery): boolean {
  return status?.removed === true && status.observedEpoch === spec.epoch
}

function urgencyOf(status: NonNullable<Delivery['status']>): string {
  const { childStatus: _, childGeneration: __, observedTime: ___, conditions = [], ...rest } = status
  const decisive = conditions
    .filter(({ type }) => type !== 'Available')
    .map(({ type, status: value, reason, message }) => [type, value, reason, message])
  return JSON.stringify([rest, decisive])
}

function soonest(a: Again, b: Again): { requeueAfterMs: number } | void {
  if (!a || !b) return a ?? b
  return a.requeueAfterMs < b.requeueAfterMs ? a : b
}
