import { canonicalJson } from '../../base/canonical-json.ts'
import type { Delivery, DeliverySource } from '../../meta/fleet/delivery.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { RegisteredChildCluster } from './choose-child-clusters.ts'
import { isInService } from './in-service.ts'
import type { AwaitedChild } from './placement-problems.ts'
import type { PlacementSteps, Source, SourceAddress } from './placement-steps.ts'
import { renderManifest } from './render-manifest.ts'
import { deliveryName, mappedNamespace } from './slot-names.ts'

export async function deliver(
  steps: PlacementSteps,
  address: SourceAddress,
  { object, kind }: Source,
  childCluster: RegisteredChildCluster,
  placement: Placement,
  replicas: number | undefined,
): Promise<void> {
  const hub = steps.hub()
  const slot: DeliverySource = { ...address, kind }
  const name = deliveryName(slot)
  const manifest = renderManifest(object, replicas)
  const current = await steps.getDelivery(childCluster.uid, name)
  const after = await steps.dependencies(address)
  const mapping = childCluster.object.spec.namespaceMapping
  const spec: Omit<Delivery['spec'], 'epoch' | 'incarnation'> = {
    source: slot,
    desired: 'Present',
    sourceUid: object.metadata.uid ?? '',
    sourceGeneration: object.metadata.generation ?? 1,
    manifest,
    applyAs: 'workspace',
    targetNamespace:
      mapping?.mode === 'Identity' || address.namespace === ''
        ? address.namespace
        : mappedNamespace(hub.id, address.logicalCluster, address.namespace),
    conflictPolicy: placement.spec.conflictPolicy ?? 'Refuse',
    driftPolicy: 'Enforce',
    placement: placement.metadata.name ?? '',
    ...(after.length > 0 ? { after: [...after] } : {}),
  }
  await writeSlot(steps, childCluster.uid, name, current, spec)
}

/** Writes a slot when it says something new; every new decision is a new epoch. */
async function writeSlot(
  steps: PlacementSteps,
  uid: string,
  name: string,
  current: Delivery | undefined,
  wanted: Omit<Delivery['spec'], 'epoch' | 'incarnation'>,
): Promise<void> {
  const incarnation = steps.incarnationOf(uid)
  if (current) {
    const { epoch, incarnation: _, ...before } = current.spec
    if (canonicalJson(before) === canonicalJson(wanted)) return
    await steps.putDelivery(uid, { ...current, spec: { ...wanted, epoch: epoch + 1, incarnation } })
    return
  }
  await steps.putDelivery(uid, {
    apiVersion: 'fleet.atoll.dev/v1alpha1',
    kind: 'Delivery',
    metadata: { name },
    spec: { ...wanted, epoch: 1, incarnation },
  })
}

/**
 * Makes before it breaks: copies that are no longer wanted go once every wanted one is there, available, and on a child
 * that is heard of. What is waited for, the longest wait first; empty when they have been told to go.
 */
export async function retire(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  left: readonly RegisteredChildCluster[],
  selected: readonly RegisteredChildCluster[],
): Promise<AwaitedChild[]> {
  const name = deliveryName({ ...address, kind: '' })
  const isAutoscaled = await steps.isAutoscaled(address, source)
  const awaited: AwaitedChild[] = []
  for (const { uid, name: childCluster } of selected) {
    const delivery = await steps.getDelivery(uid, name)
    const trouble = steps.troubleOf(uid)
    // A child is in trouble only after a time of grace.
    if (trouble) awaited.push({ childCluster, why: trouble.message, sinceMs: 0 })
    else if (!delivery || !isInService(delivery, isAutoscaled))
      awaited.push({ childCluster, sinceMs: delivery && lastNewsMs(delivery) })
  }
  if (awaited.length > 0) return awaited.sort((a, b) => (a.sinceMs ?? Infinity) - (b.sinceMs ?? Infinity))
  for (const { uid } of left) await makeAbsent(steps, uid, name)
  return []
}

/** When the child last told something new of the version that its slot asks for. */
function lastNewsMs({ spec, status }: Delivery): number | undefined {
  if (status?.observedEpoch !== spec.epoch) return undefined
  const transitions = (status.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime)
  const times = [status.observedTime ?? '', ...transitions].map((time) => Date.parse(time))
  const known = times.filter((time) => !Number.isNaN(time))
  return known.length > 0 ? Math.max(...known) : undefined
}

/** Tells a slot to be Absent. True when nothing of it is left. */
export async function makeAbsent(steps: PlacementSteps, uid: string, name: string): Promise<boolean> {
  const delivery = await steps.getDelivery(uid, name)
  if (!delivery) return true
  const { spec, status } = delivery
  if (spec.desired === 'Absent') {
    const acknowledged = status?.removed === true && status.observedEpoch === spec.epoch
    if (acknowledged) await steps.deleteDelivery(uid, delivery)
    return acknowledged
  }
  const { manifest: _, epoch, incarnation: __, ...kept } = spec
  const incarnation = steps.incarnationOf(uid)
  await steps.putDelivery(uid, { ...delivery, spec: { ...kept, desired: 'Absent', epoch: epoch + 1, incarnation } })
  return false
}

/** Those of the targets that have a copy: one that is only marked, or told to go, has nothing that would have to stay. */
export async function withCopies(
  { getDelivery }: PlacementSteps,
  address: SourceAddress,
  targets: readonly string[],
): Promise<string[]> {
  const name = deliveryName({ ...address, kind: '' })
  const found: string[] = []
  for (const uid of targets) if ((await getDelivery(uid, name))?.spec.desired === 'Present') found.push(uid)
  return found
}

/** True when no slot of a source is left at a child; one whose removal was acknowledged is taken away. */
export async function isGone(steps: PlacementSteps, uid: string, name: string): Promise<boolean> {
  const delivery = await steps.getDelivery(uid, name)
  if (!delivery) return true
  return delivery.spec.desired === 'Absent' && makeAbsent(steps, uid, name)
}
