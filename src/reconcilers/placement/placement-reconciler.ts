import { canonicalJson } from '../../base/canonical-json.ts'
import type { Reconcile, ReconcileRequest, ReconcileResult } from '../../controller/controller.ts'
import { type Delivery, type DeliverySource, maxDeliveredBytes } from '../../meta/fleet/delivery.ts'
import {
  placedFinalizer,
  placementLabel,
  placementStatusAnnotation,
  selectedByAnnotation,
  targetsAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import { aggregateStatus, type Share } from './aggregate-status.ts'
import {
  chooseChildClusters,
  type Decision,
  isOfferedTo,
  matchesTerms,
  type RegisteredChildCluster,
} from './choose-child-clusters.ts'
import { divideEvenly } from './divide-replicas.ts'
import { hasReplicas, whyNotDeliverable } from './placeable.ts'
import {
  type ChildTrouble,
  describeProblems,
  newProblems,
  type Problem,
  problemsOfShares,
  withDelivered,
} from './placement-problems.ts'
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

/** What the owner of a placed object is to hear of. */
export interface News extends Problem {
  type: 'Normal' | 'Warning'
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
  /** Writes `text` into the annotation that says what is wrong with an object's placement, or takes it away. */
  explain(address: SourceAddress, source: Source, text: string | undefined): Promise<void>
  /** Says it aloud: an Event beside the object. Never fails, and may leave one out when there are too many. */
  tell(address: SourceAddress, source: Source, news: News): Promise<void>
  /** Slots that an object's copies must wait for: the CRD of a published type. */
  dependencies(address: SourceAddress): Promise<readonly string[]>
  /** Milliseconds since the child was last heard of; undefined while it is reachable. */
  unreachableForMs(childClusterUid: string): number | undefined
  /** Why that child takes nothing now; undefined when it does. */
  troubleOf(childClusterUid: string): ChildTrouble | undefined
  hub(): { id: string }
  /** The hub's incarnation as that child counts it. */
  incarnationOf(childClusterUid: string): number
  now(): number
}

const abandonAfterMs = 60_000 // how long a deleted source waits for a child that cannot be reached
const lookAgainMs = 5_000
const namedDecisions = 5 // the Placement's status has all of them

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
    if (choice.type === 'placement') return place(steps, address, source, choice)
    if (choice.type === 'undecided')
      return report(steps, address, source, { targets: known, problems: [choice.problem] })
    if (known.length > 0) return removeCopies(steps, address, source)
    return explainUnplaced(steps, address, source, choice.problem)
  }
}

interface Chosen {
  type: 'placement'
  placement: Placement
  selectedBy: string | undefined
}
type Choice = Chosen | { type: 'none'; problem?: Problem } | { type: 'undecided'; problem: Problem }

/**
 * The object's label, then its namespace's, then selectors. A tie, or a Placement that does not exist (any more), changes
 * nothing.
 */
async function choosePlacement(steps: PlacementSteps, address: SourceAddress, { object }: Source): Promise<Choice> {
  const own = object.metadata.labels?.[placementLabel]
  const undeliverable = whyNotDeliverable(address.group, address.resource, object)
  if (undeliverable !== undefined)
    // What only happens to be in a labelled namespace stays without a word.
    return own ? { type: 'none', problem: { reason: 'NotPlaceable', message: undeliverable } } : { type: 'none' }
  const placements = steps.placements(address.logicalCluster)
  const inherited =
    own ??
    (address.namespace === ''
      ? undefined
      : (await steps.namespaceLabels(address.logicalCluster, address.namespace))[placementLabel])
  if (inherited) {
    const placement = placements.find(({ metadata }) => metadata.name === inherited)
    if (placement && isStanding(placement)) return { type: 'placement', placement, selectedBy: undefined }
    if (placement?.spec.deletionPolicy === 'Delete') return { type: 'none' }
    return { type: 'undecided', problem: placementNotFound(inherited, object) }
  }
  const claiming = placements.filter((placement) => isSelectedBy(placement, address, object))
  const selecting = claiming.filter(isStanding)
  const [only] = selecting
  if (selecting.length > 1) return { type: 'undecided', problem: ambiguous(selecting) }
  if (only) return { type: 'placement', placement: only, selectedBy: only.metadata.name }
  const before = object.metadata.annotations?.[selectedByAnnotation]
  const selector = placements.find(({ metadata }) => metadata.name === before)
  const isEnding = selector !== undefined && !isStanding(selector) && selector.spec.deletionPolicy !== 'Delete'
  const isOrphaned = before !== undefined && (!selector || isEnding)
  return isOrphaned ? { type: 'undecided', problem: placementNotFound(before, object) } : { type: 'none' }
}

function placementNotFound(name: string, object: KubeObject): Problem {
  const kept = targetsOf(object).length > 0 ? '; the copies that there are stay as they are' : ''
  return { reason: 'PlacementNotFound', message: `there is no Placement "${name}" in this workspace${kept}` }
}

function ambiguous(selecting: readonly Placement[]): Problem {
  const names = selecting
    .map(({ metadata }) => `"${metadata.name}"`)
    .sort()
    .join(' and ')
  const message = `selected by the Placements ${names}: nothing changes until the label ${placementLabel} names one, or only one selects it`
  return { reason: 'Ambiguous', message }
}

function isStanding({ metadata }: Placement): boolean {
  return metadata.deletionTimestamp === undefined
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

type DecisionSteps = Pick<PlacementSteps, 'placements' | 'childClusters' | 'workspacePath'>

/** Every child cluster with what a Placement decides about it, for an object that has copies on `current`. */
async function decide(
  steps: DecisionSteps,
  logicalCluster: string,
  placement: Placement,
  current: readonly string[],
): Promise<{
  registered: RegisteredChildCluster[]
  decisions: Decision[]
  selected: RegisteredChildCluster[]
}> {
  const path = await steps.workspacePath(logicalCluster)
  const registered = [...(await steps.childClusters())]
  const offered = registered.filter((childCluster) => isOfferedTo(childCluster, path))
  const decisions = chooseChildClusters(placement, offered, new Set(current))
  const selected = decisions.filter((decision) => decision.selected).map(({ childCluster }) => childCluster)
  return { registered, decisions, selected }
}

/**
 * What placement is going to mark a new object with, as targets, when a label of its own names the Placement; empty when
 * that cannot be told yet.
 */
export async function foreseeTargets(
  steps: DecisionSteps,
  { logicalCluster, group, resource }: Pick<SourceAddress, 'logicalCluster' | 'group' | 'resource'>,
  object: KubeObject,
): Promise<string[]> {
  const name = object.metadata.labels?.[placementLabel]
  const placement = steps.placements(logicalCluster).find(({ metadata }) => metadata.name === name)
  if (!placement || !isStanding(placement)) return []
  if (whyNotDeliverable(group, resource, object) !== undefined) return []
  const { selected } = await decide(steps, logicalCluster, placement, [])
  return selected.map(({ uid }) => uid).sort()
}

async function place(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  { placement, selectedBy }: Chosen,
): Promise<ReconcileResult | void> {
  const known = targetsOf(source.object)
  const current = await withSlots(steps, address, known)
  const { registered, decisions, selected } = await decide(steps, address.logicalCluster, placement, current)
  const divided = isDivided(address, placement)
  const targets = [...new Set([...known, ...selected.map(({ uid }) => uid)])].sort()
  if (targets.length === 0)
    return report(steps, address, source, { targets, problems: [noChildCluster(placement, decisions)] })
  const oversized = tooLarge(source.object)
  // A slot would hold it once more for every child, and each of them would refuse it.
  if (oversized) return report(steps, address, source, { targets: known, divided, problems: [oversized] })
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
    ({ uid, homePath }) => homePath !== '' && current.includes(uid) && !selected.some((one) => one.uid === uid),
  )
  const retires = placement.spec.deletionPolicy === 'Delete'
  if (retires) await retire(steps, address, left, selected)
  const problems = retires ? [] : left.map((childCluster) => kept(childCluster, decisions))
  return report(steps, address, source, { targets, divided, problems })
}

/** Those of the targets that have a slot: one that is only marked has nothing that would have to stay. */
async function withSlots(
  { getDelivery }: PlacementSteps,
  address: SourceAddress,
  targets: readonly string[],
): Promise<string[]> {
  const name = deliveryName({ ...address, kind: '' })
  const found: string[] = []
  for (const uid of targets) if (await getDelivery(uid, name)) found.push(uid)
  return found
}

function noChildCluster({ metadata }: Placement, decisions: readonly Decision[]): Problem {
  const reasons = decisions
    .slice(0, namedDecisions)
    .map(({ childCluster, message = '' }) => `${childCluster.name}: ${message}`)
  if (decisions.length > reasons.length) reasons.push(`and ${decisions.length - reasons.length} more`)
  const why = decisions.length === 0 ? 'no child cluster is offered to this workspace' : reasons.join('; ')
  return { reason: 'NoChildCluster', message: `the Placement "${metadata.name}" selects no child cluster: ${why}` }
}

function kept({ uid, name }: RegisteredChildCluster, decisions: readonly Decision[]): Problem {
  const decision = decisions.find(({ childCluster }) => childCluster.uid === uid)
  const why = decision ? (decision.message ?? decision.reason) : 'it is not offered to this workspace any more'
  return { childCluster: name, reason: 'Kept', message: `the copy stays there, by deletionPolicy Keep, though ${why}` }
}

const roomForMarks = 1_024 // of the syncer's label and annotations

function tooLarge(object: KubeObject): Problem | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(renderManifest(object)))
  if (bytes + roomForMarks <= maxDeliveredBytes) return undefined
  const message = `the object has ${bytes} bytes, and at most ${maxDeliveredBytes - roomForMarks} can be delivered`
  return { reason: 'TooLarge', message }
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
  const registered = await steps.childClusters()
  const names = new Map(registered.map((childCluster) => [childCluster.uid, childCluster.name]))
  const candidates = source ? targetsOf(source.object) : [...names.keys()]
  const waiting: string[] = []
  const gone = new Set<string>()
  for (const uid of candidates) {
    if (await makeAbsent(steps, uid, name)) gone.add(uid)
    else if ((steps.unreachableForMs(uid) ?? 0) < abandonAfterMs) waiting.push(uid)
  }
  if (!source) return waiting.length > 0 ? { requeueAfterMs: lookAgainMs } : undefined
  const left = candidates.filter((uid) => !gone.has(uid))
  const problems = left.flatMap((uid) => leavingProblem(steps, uid, names.get(uid) ?? uid, waiting.includes(uid)))
  if (waiting.length > 0) {
    if (waiting.length < candidates.length)
      await steps.markSource(address, source, { ...markOf(source.object), finalizer: true, targets: waiting })
    else await explain(steps, address, source, problems)
    return { requeueAfterMs: lookAgainMs }
  }
  const told = await explain(steps, address, source, problems)
  if (!markOf(source.object).finalizer) return
  // Letting go is guarded by the version that was read.
  if (told) return { requeueAfterMs: 0 }
  await steps.markSource(address, source, { finalizer: false, targets: [], selectedBy: undefined })
}

/** A copy that cannot be removed now, because its child is silent or refuses. */
function leavingProblem(steps: PlacementSteps, uid: string, name: string, waits: boolean): Problem[] {
  const trouble = steps.troubleOf(uid)
  if (!waits) return [{ childCluster: name, reason: 'LeftBehind', message: leftBehind }]
  return trouble ? [{ childCluster: name, reason: 'RemovalWaits', message: trouble.message }] : []
}

const leftBehind = 'the child cluster could not be reached for a minute: its copy is removed when it is back'

/** An object that nothing places: what was wrong, or is left behind, is over when its last slot has gone. */
async function explainUnplaced(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  problem: Problem | undefined,
): Promise<void> {
  const before = source.object.metadata.annotations?.[placementStatusAnnotation]
  if (before === undefined && !problem) return
  const name = deliveryName({ ...address, kind: '' })
  const problems = problem ? [problem] : []
  for (const { uid, name: childCluster } of await steps.childClusters())
    if (!(await isGone(steps, uid, name))) problems.push({ childCluster, reason: 'LeftBehind', message: leftBehind })
  await explain(steps, address, source, problems)
}

/** True when no slot of a source is left at a child; one whose removal was acknowledged is taken away. */
async function isGone(steps: PlacementSteps, uid: string, name: string): Promise<boolean> {
  const delivery = await steps.getDelivery(uid, name)
  if (!delivery) return true
  return delivery.spec.desired === 'Absent' && makeAbsent(steps, uid, name)
}

interface Report {
  targets: readonly string[]
  /** Absent: as the copies say. */
  divided?: boolean
  problems: readonly Problem[]
}

/** What has become of the object, told in its status, its annotation and, when it is new and bad, an Event. */
async function report(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  { targets, divided, problems }: Report,
): Promise<ReconcileResult | void> {
  const name = deliveryName({ ...address, kind: '' })
  const byUid = new Map((await steps.childClusters()).map((childCluster) => [childCluster.uid, childCluster]))
  const shares: Share[] = []
  const uids = new Map<Share, string>()
  const finished: string[] = []
  for (const uid of targets) {
    const delivery = await steps.getDelivery(uid, name)
    if (delivery?.spec.desired === 'Absent' && (await makeAbsent(steps, uid, name))) finished.push(uid)
    if (!delivery) finished.push(uid)
    if (delivery?.spec.desired !== 'Present') continue
    const stale = steps.unreachableForMs(uid) !== undefined
    const share = { childCluster: byUid.get(uid)?.name ?? uid, delivery, stale }
    shares.push(share)
    uids.set(share, uid)
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
  const nowMs = steps.now()
  const view = problemsOfShares(shares, (share) => steps.troubleOf(uids.get(share) ?? ''), nowMs)
  const all = [...problems, ...view.problems]
  const { object } = source
  if (source.hasStatus) {
    const options = { source: object, ...address, divided: divided ?? looksDivided(shares, object), nowMs }
    const status = withDelivered(aggregateStatus(shares, options), all, options)
    if (status && canonicalJson(status) !== canonicalJson(object['status'] ?? {}))
      await steps.updateStatus(address, source, status)
  }
  await explain(steps, address, source, all)
  return view.lookAgainMs === undefined ? undefined : { requeueAfterMs: view.lookAgainMs }
}

/** Copies of a Placement that is gone: they have a part each when the parts make up the whole. */
function looksDivided(shares: readonly Share[], source: KubeObject): boolean {
  const parts = shares.map(({ delivery: { spec } }) => replicasOf({ metadata: {}, spec: spec.manifest?.['spec'] }) ?? 0)
  const sum = parts.reduce((total, part) => total + part, 0)
  return shares.length > 1 && (sum === replicasOf(source) || new Set(parts).size > 1)
}

/**
 * The annotation says how it is now, an Event what is new; when the last problem is over, that is said too. True when the
 * object was written.
 */
async function explain(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  problems: readonly Problem[],
): Promise<boolean> {
  const before = source.object.metadata.annotations?.[placementStatusAnnotation]
  const text = describeProblems(problems)
  if (text === before) return false
  for (const problem of newProblems(problems, before))
    await steps.tell(address, source, { type: 'Warning', ...problem })
  if (text === undefined)
    await steps.tell(address, source, {
      type: 'Normal',
      reason: 'PlacementResolved',
      message: 'what was wrong is over',
    })
  await steps.explain(address, source, text)
  return true
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
