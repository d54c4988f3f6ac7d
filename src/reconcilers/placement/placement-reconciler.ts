import { canonicalJson } from '../../base/canonical-json.ts'
import type { Reconcile, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import type { Delivery, DeliverySource } from '../../meta/fleet/delivery.ts'
import {
  placedFinalizer,
  placementLabel,
  selectedByAnnotation,
  targetsAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { aggregateStatus, type Share } from './aggregate-status.ts'
import { chooseChildClusters, isOfferedTo, matchesTerms, type RegisteredChildCluster } from './choose-child-clusters.ts'
import { divideEvenly } from './divide-replicas.ts'
import { hasReplicas, isDeliverableObject } from './placeable.ts'
import { renderManifest } from './render-manifest.ts'
import { deliveryName, mappedNamespace } from './slot-names.ts'

/** A placed object by its stored resource. */
export interface SourceAddress {
  logicalCluster: string
  group: string
  resource: string
  namespace: string
  name: string
}

export interface Source {
  object: KubeObject
  kind: string
  hasStatus: boolean
}

/** What placement writes on a source object, so that nothing is delivered that its deletion would forget. */
export interface SourceMark {
  /** Hold the object until its copies are gone. */
  finalizer: boolean
  /** uids of the child clusters that have, or may have, a slot for it; sorted. */
  targets: readonly string[]
  /** The Placement that chose it by a selector. */
  selectedBy: string | undefined
}

export interface PlacementSteps {
  /**
   * Undefined when it is gone; `unserved` when its workspace does not serve its type, and so nobody can tell. The object
   * carries apiVersion and kind.
   */
  getSource(address: SourceAddress): Promise<Source | 'unserved' | undefined>
  namespaceLabels(logicalCluster: string, namespace: string): Promise<Readonly<Record<string, string>>>
  placements(logicalCluster: string): readonly Placement[]
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  workspacePath(logicalCluster: string): Promise<string>
  getDelivery(childClusterUid: string, name: string): Promise<Delivery | undefined>
  /** Creates it, or updates the spec of the one that stands there (guarded by its resourceVersion). */
  putDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  /** Removes a slot whose removal was acknowledged. */
  deleteDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  /** Sets or removes our finalizer and annotations, guarded by the source's resourceVersion. */
  markSource(address: SourceAddress, source: Source, mark: SourceMark): Promise<void>
  updateStatus(address: SourceAddress, source: Source, status: JsonObject): Promise<void>
  /** Slots that an object's copies must wait for: the CRD of a published type. */
  dependencies(address: SourceAddress): Promise<readonly string[]>
  /** Milliseconds since the child was last heard of; undefined while it is reachable. */
  unreachableForMs(childClusterUid: string): number | undefined
  hub(): { id: string }
  /** The hub's incarnation as that child counts it. */
  incarnationOf(childClusterUid: string): number
  now(): number
}

const abandonAfterMs = 60_000 // how long a deleted source waits for a child that cannot be reached
const lookAgainMs = 5_000

/** A request about one source object. */
export function sourceRequest({ logicalCluster, group, resource, namespace, name }: SourceAddress): ReconcileRequest {
  return { logicalCluster, namespace, name: `${group}/${resource}/${name}` }
}

export function fromSourceRequest({ logicalCluster, namespace, name }: ReconcileRequest): SourceAddress {
  const [group = '', resource = '', objectName = ''] = name.split('/')
  return { logicalCluster, group, resource, namespace, name: objectName }
}

/**
 * From one source object to one slot for each child cluster that it belongs to, and back from what the slots say to the
 * object's status. A slot is told `Absent` only when the object is deleted or unplaced by its owner.
 */
export function createPlacementReconciler(steps: PlacementSteps): Reconcile {
  return async (request): Promise<ReconcileResult | void> => {
    const address = fromSourceRequest(request)
    const source = await steps.getSource(address)
    if (source === 'unserved') return removeAcknowledged(steps, address)
    if (!source) return removeCopies(steps, address, undefined)
    const known = targetsOf(source.object)
    if (source.object.metadata.deletionTimestamp) return removeCopies(steps, address, source)
    const choice = await choosePlacement(steps, address, source)
    if (choice.type === 'none') return known.length === 0 ? undefined : removeCopies(steps, address, source)
    if (choice.type === 'undecided') return report(steps, address, source, known, false)
    return place(steps, address, source, choice)
  }
}

interface Chosen {
  type: 'placement'
  placement: Placement
  selectedBy: string | undefined
}
type Choice = Chosen | { type: 'none' } | { type: 'undecided' }

/**
 * The object's label, then its namespace's, then selectors. A tie, or a Placement that does not exist (any more), changes
 * nothing.
 */
async function choosePlacement(steps: PlacementSteps, address: SourceAddress, { object }: Source): Promise<Choice> {
  if (!isDeliverableObject(address.group, address.resource, object)) return { type: 'none' }
  const placements = steps.placements(address.logicalCluster)
  const own = object.metadata.labels?.[placementLabel]
  const inherited =
    own ??
    (address.namespace === ''
      ? undefined
      : (await steps.namespaceLabels(address.logicalCluster, address.namespace))[placementLabel])
  if (inherited) {
    const placement = placements.find(({ metadata }) => metadata.name === inherited)
    return isStanding(placement) ? { type: 'placement', placement, selectedBy: undefined } : { type: 'undecided' }
  }
  const selecting = placements.filter((placement) => isSelectedBy(placement, address, object))
  const [only] = selecting
  if (selecting.length > 1) return { type: 'undecided' }
  if (only) return { type: 'placement', placement: only, selectedBy: only.metadata.name }
  const before = object.metadata.annotations?.[selectedByAnnotation]
  const isOrphaned = before !== undefined && !placements.some(({ metadata }) => metadata.name === before)
  return { type: isOrphaned ? 'undecided' : 'none' }
}

function isStanding(placement: Placement | undefined): placement is Placement {
  return placement !== undefined && !placement.metadata.deletionTimestamp
}

function isSelectedBy(
  { spec }: Placement,
  { group, namespace }: SourceAddress,
  { kind, metadata }: KubeObject,
): boolean {
  return (spec.resourceSelectors ?? []).some(
    (selector) =>
      selector.kind === kind &&
      (selector.apiGroup ?? '') === group &&
      (selector.namespace === undefined || selector.namespace === namespace) &&
      matchesTerms(selector.labelSelector, metadata.labels ?? {}),
  )
}

async function place(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  { placement, selectedBy }: Chosen,
): Promise<ReconcileResult | void> {
  const known = targetsOf(source.object)
  const path = await steps.workspacePath(address.logicalCluster)
  const registered = await steps.childClusters()
  const offered = registered.filter((childCluster) => isOfferedTo(childCluster, path))
  const selected = chooseChildClusters(placement, offered, new Set(known))
    .filter((decision) => decision.selected)
    .map(({ childCluster }) => childCluster)
  const divided = isDivided(address, placement)
  const targets = [...new Set([...known, ...selected.map(({ uid }) => uid)])].sort()
  if (targets.length === 0) return
  // First the mark, then the slots: whatever happens in between, nothing is delivered that deletion would forget.
  if (!isMarked(source.object, targets, selectedBy)) {
    await steps.markSource(address, source, { finalizer: true, targets, selectedBy })
    return { requeueAfterMs: 0 }
  }
  const total = replicasOf(source.object)
  const shares = divided && total !== undefined ? divideEvenly(total, Math.max(1, selected.length)) : undefined
  for (const [index, childCluster] of selected.entries())
    await deliver(steps, address, source, childCluster, placement, shares?.[index])
  // Of a child that is not known, or whose workspace is not, nobody has decided that it is to be left.
  const left = registered.filter(
    ({ uid, homePath }) => homePath !== '' && known.includes(uid) && !selected.some((one) => one.uid === uid),
  )
  if (placement.spec.deletionPolicy === 'Delete') await retire(steps, address, left, selected)
  return report(steps, address, source, targets, divided)
}

function isDivided({ group, resource }: SourceAddress, { spec }: Placement): boolean {
  return spec.replicas?.strategy === 'Divide' && hasReplicas(group, resource)
}

function replicasOf({ spec }: KubeObject): number | undefined {
  const replicas = (spec as { replicas?: unknown } | undefined)?.replicas
  return typeof replicas === 'number' ? replicas : undefined
}

async function deliver(
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

/** Makes before it breaks: copies that are no longer wanted go once every wanted one is Available. */
async function retire(
  steps: PlacementSteps,
  address: SourceAddress,
  left: readonly RegisteredChildCluster[],
  selected: readonly RegisteredChildCluster[],
): Promise<void> {
  if (left.length === 0) return
  const name = deliveryName({ ...address, kind: '' })
  for (const { uid } of selected) {
    const delivery = await steps.getDelivery(uid, name)
    const available = delivery?.status?.conditions?.find(({ type }) => type === 'Available')
    if (available?.status !== 'True') return
  }
  for (const { uid } of left) await makeAbsent(steps, uid, name)
}

/** Tells a slot to be Absent. True when nothing of it is left. */
async function makeAbsent(steps: PlacementSteps, uid: string, name: string): Promise<boolean> {
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

/** Of a source that nobody can see: slots whose removal was decided and carried out go, and no others are touched. */
async function removeAcknowledged(steps: PlacementSteps, address: SourceAddress): Promise<void> {
  const name = deliveryName({ ...address, kind: '' })
  for (const { uid } of await steps.childClusters()) {
    const delivery = await steps.getDelivery(uid, name)
    if (delivery?.spec.desired === 'Absent') await makeAbsent(steps, uid, name)
  }
}

/**
 * The source is deleted, gone or unplaced: its copies go. A child that cannot be reached holds nothing hostage: after a
 * minute the source is let go, and the slot stays for when the child returns.
 */
async function removeCopies(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source | undefined,
): Promise<ReconcileResult | void> {
  const name = deliveryName({ ...address, kind: '' })
  const candidates = source ? targetsOf(source.object) : (await steps.childClusters()).map(({ uid }) => uid)
  const waiting: string[] = []
  for (const uid of candidates) {
    if (await makeAbsent(steps, uid, name)) continue
    if ((steps.unreachableForMs(uid) ?? 0) < abandonAfterMs) waiting.push(uid)
  }
  if (!source) return waiting.length > 0 ? { requeueAfterMs: lookAgainMs } : undefined
  if (waiting.length > 0) {
    if (waiting.length < candidates.length)
      await steps.markSource(address, source, { ...markOf(source.object), finalizer: true, targets: waiting })
    return { requeueAfterMs: lookAgainMs }
  }
  if (markOf(source.object).finalizer)
    await steps.markSource(address, source, { finalizer: false, targets: [], selectedBy: undefined })
}

async function report(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  targets: readonly string[],
  divided: boolean,
): Promise<ReconcileResult | void> {
  const name = deliveryName({ ...address, kind: '' })
  const byUid = new Map((await steps.childClusters()).map((childCluster) => [childCluster.uid, childCluster]))
  const shares: Share[] = []
  const finished: string[] = []
  for (const uid of targets) {
    const delivery = await steps.getDelivery(uid, name)
    if (delivery?.spec.desired === 'Absent' && (await makeAbsent(steps, uid, name))) finished.push(uid)
    if (!delivery) finished.push(uid)
    if (delivery?.spec.desired !== 'Present') continue
    const stale = steps.unreachableForMs(uid) !== undefined
    shares.push({ childCluster: byUid.get(uid)?.name ?? uid, delivery, stale })
  }
  if (finished.length > 0) {
    const kept = targets.filter((uid) => !finished.includes(uid))
    await steps.markSource(address, source, {
      ...markOf(source.object),
      finalizer: kept.length > 0,
      targets: kept,
    })
    return { requeueAfterMs: 0 }
  }
  if (!source.hasStatus) return
  const { object } = source
  const status = aggregateStatus(shares, { source: object, ...address, divided, nowMs: steps.now() })
  if (status && canonicalJson(status) !== canonicalJson(object['status'] ?? {}))
    await steps.updateStatus(address, source, status)
}

function targetsOf({ metadata }: KubeObject): string[] {
  const text = metadata.annotations?.[targetsAnnotation] ?? ''
  return text === '' ? [] : text.split(',')
}

function markOf(object: KubeObject): SourceMark {
  return {
    finalizer: object.metadata.finalizers?.includes(placedFinalizer) === true,
    targets: targetsOf(object),
    selectedBy: object.metadata.annotations?.[selectedByAnnotation],
  }
}

function isMarked(object: KubeObject, targets: readonly string[], selectedBy: string | undefined): boolean {
  const mark = markOf(object)
  return mark.finalizer && mark.selectedBy === selectedBy && mark.targets.join(',') === targets.join(',')
}
