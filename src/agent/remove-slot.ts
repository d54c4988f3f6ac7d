import { isConflict, isForbidden } from '../meta/api-errors.ts'
import type { Delivery } from '../meta/fleet/delivery.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import { NotActingError } from './child-api.ts'
import { deliveryMark } from './child-names.ts'
import type { Again } from './deliver-slot.ts'
import { textAt } from './json-access.ts'
import { gvrOf } from './prepare-manifest.ts'
import type { SlotParts } from './slot-parts.ts'
import type { DeliveryReason } from '../meta/fleet/delivery.ts'
import type { SlotRecord } from './slot-record.ts'
import { deliveryAnnotation } from '../meta/fleet/fleet-names.ts'

const goingRetryMs = 1_000
const forbiddenRetryMs = 10_000

/** How a slot's object leaves: `release` takes our marks off and leaves it standing. */
export type Removal = 'delete' | 'release'

/**
 * Carries out what the slot says: the object that it recorded goes, by its uid, or is let go. `record.removed` is set
 * when there is nothing of ours left.
 */
export async function removeSlot(
  parts: SlotParts,
  delivery: Delivery,
  record: SlotRecord,
  removal: Removal,
): Promise<Again> {
  const gvr = await findType(parts, delivery)
  const { spec, status } = delivery
  const name = { ...(spec.targetNamespace === '' ? {} : { namespace: spec.targetNamespace }), name: spec.source.name }
  const recordedUid = record.appliedUid ?? status?.appliedUid
  const live =
    gvr &&
    (await parts.child.get(gvr, name).catch((error: unknown) => {
      // A kind that the agent may not even read, and nothing was applied: it was refused.
      if (isForbidden(error) && recordedUid === undefined) return undefined
      throw error
    }))
  if (!gvr || !live || !isRecorded(delivery, live, recordedUid)) return finish(record, 'Removed')
  const actor = spec.applyAs === 'workspace' ? spec.source.logicalCluster : undefined
  try {
    if (removal === 'release' || (record.adopted ?? status?.adopted)) {
      await parts.child.release(gvr, live, actor)
      return finish(record, 'Released')
    }
    const gone =
      live.metadata.deletionTimestamp === undefined &&
      (await parts.child.delete(gvr, name, live.metadata.uid ?? '', actor))
    if (gone) return finish(record, 'Removed')
  } catch (error) {
    // Another object has taken the name, or this one has changed since it was read: look again.
    if (isConflict(error)) return { requeueAfterMs: 0 }
    const { message } = error as Error
    if (!isForbidden(error)) {
      if (!(error instanceof NotActingError)) record.outcome = { status: 'False', reason: 'Pending', message }
      throw error
    }
    parts.spaces.forget(spec)
    await parts.spaces.ensure(spec)
    record.outcome = { status: 'False', reason: 'ForbiddenByChild', message }
    return { requeueAfterMs: forbiddenRetryMs }
  }
  record.outcome = { status: 'False', reason: 'Pending', message: 'the object is on its way out' }
  parts.watches.follow(gvr) // its last event leads back here
  return { requeueAfterMs: goingRetryMs }
}

function finish(record: SlotRecord, reason: DeliveryReason): Again {
  record.removed = true
  record.outcome = { status: 'False', reason, message: '' }
  delete record.conflict
  return undefined
}

/** Ours is the object whose uid was recorded, or, when a crash came before the record, the one with this slot's mark. */
function isRecorded(delivery: Delivery, { metadata }: KubeObject, recordedUid: string | undefined): boolean {
  return metadata.uid === recordedUid || metadata.annotations?.[deliveryAnnotation] === deliveryMark(delivery)
}

/** An Absent slot has no manifest any more, and the version that it was applied in may not be served any longer. */
async function findType({ servedVersion }: SlotParts, delivery: Delivery): Promise<GroupVersionResource | undefined> {
  const { group, resource } = delivery.spec.source
  const asWritten = gvrOf(delivery)
  if (asWritten && textAt(delivery.spec.manifest, 'apiVersion') === 'v1') return asWritten
  const version = await servedVersion(group, resource)
  return version === undefined ? undefined : { group, version, resource }
}
