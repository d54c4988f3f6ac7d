import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { maxDeliveredBytes } from '../../meta/fleet/delivery.ts'
import { placementLabel, placementStatusAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  chooseChildClusters,
  type Decision,
  isOfferedTo,
  type RegisteredChildCluster,
} from './choose-child-clusters.ts'
import { choosePlacement, type Chosen, isStanding } from './choose-placement.ts'
import { divideEvenly } from './divide-replicas.ts'
import { hasReplicas, replicasOf, whyNotDeliverable } from './placeable.ts'
import { type Problem, problemOfMove, type SharesView, tellsOfMove } from './placement-problems.ts'
import { fromSourceRequest, type PlacementSteps, type Source, type SourceAddress } from './placement-steps.ts'
import { explainUnplaced, removeAcknowledged, removeCopies } from './remove-copies.ts'
import { renderManifest } from './render-manifest.ts'
import { report } from './report-placement.ts'
import { deliver, retire, withCopies } from './slots.ts'
import { isMarked, targetsOf } from './source-mark.ts'

const namedDecisions = 5 // the Placement's status has all of them

const moveAgainMs = 60_000 // what a move waits for makes an event of its own, save for a short silence of a child

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

type DecisionSteps = Pick<PlacementSteps, 'placements' | 'childClusters' | 'workspacePath'>

/** Every child cluster with what a Placement decides about it, for an object that has copies on `current`. */
async function decide(
  steps: DecisionSteps,
  logicalCluster: string,
  placement: Placement,
  current: readonly string[],
): Promise<{
  registered: readonly RegisteredChildCluster[]
  decisions: Decision[]
  selected: RegisteredChildCluster[]
}> {
  const path = await steps.workspacePath(logicalCluster)
  const registered = await steps.childClusters()
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
  const current = await withCopies(steps, address, known)
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
  const { problems, lookAgainMs } = await leave(steps, address, source, placement, { left, selected, decisions })
  // Where nothing is selected, the copies that stay are all that there is.
  const replaced = selected.length > 0 ? left.map(({ uid }) => uid) : []
  const again = await report(steps, address, source, { targets, leftOver: replaced, divided, problems })
  const soonest = Math.min(again?.requeueAfterMs ?? Infinity, lookAgainMs ?? Infinity)
  return soonest === Infinity ? undefined : { requeueAfterMs: soonest }
}

interface Leaving {
  /** Have a copy and are not selected any more. */
  left: readonly RegisteredChildCluster[]
  selected: readonly RegisteredChildCluster[]
  decisions: readonly Decision[]
}

/** Copies where the object is not placed any more stay, or go when what takes their place is there, as the policy says. */
async function leave(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  placement: Placement,
  { left, selected, decisions }: Leaving,
): Promise<SharesView> {
  if (left.length === 0) return { problems: [] }
  const retires = placement.spec.deletionPolicy === 'Delete'
  if (selected.length === 0 && awaitsSuccessor(placement, decisions, left)) {
    const problems = left.flatMap((one) => leftOver(one, decisions, retires))
    return { problems: [...problems, noChildCluster(placement, decisions)] }
  }
  const awaited = retires ? await retire(steps, address, source, left, selected) : []
  const view: SharesView = { problems: [], ...(awaited.length > 0 ? { lookAgainMs: moveAgainMs } : {}) }
  const told = source.object.metadata.annotations?.[placementStatusAnnotation]
  for (const childCluster of left) {
    const { name } = childCluster
    const said = leftOver(childCluster, decisions, retires)
    const waits = said.length > 0 ? undefined : problemOfMove(awaited, steps.now(), tellsOfMove(told, name))
    if (typeof waits === 'number') view.lookAgainMs = Math.min(view.lookAgainMs ?? waits, waits)
    else view.problems.push(...said, ...(waits ? [{ childCluster: name, ...waits }] : []))
  }
  return view
}

/**
 * A child cluster that the Placement means takes nothing yet: what runs elsewhere is not to go before that has changed. A
 * taint that drives out the copies themselves (`NoExecute`) is not waited for.
 */
function awaitsSuccessor(
  { spec }: Placement,
  decisions: readonly Decision[],
  left: readonly RegisteredChildCluster[],
): boolean {
  if (spec.numberOfClusters === 0) return false
  return decisions.some(({ reason, childCluster: { uid } }) => {
    if (reason === 'Tainted') return !left.some((one) => one.uid === uid)
    return reason === 'NotJoined' || reason === 'Unschedulable'
  })
}

function noChildCluster({ metadata }: Placement, decisions: readonly Decision[]): Problem {
  const reasons = decisions
    .slice(0, namedDecisions)
    .map(({ childCluster, message = '' }) => `${childCluster.name}: ${message}`)
  if (decisions.length > reasons.length) reasons.push(`and ${decisions.length - reasons.length} more`)
  const why = decisions.length === 0 ? 'no child cluster is offered to this workspace' : reasons.join('; ')
  return { reason: 'NoChildCluster', message: `the Placement "${metadata.name}" selects no child cluster: ${why}` }
}

/** What is to be said of a copy on a child cluster that is not selected any more. */
function leftOver(
  { uid, name, object }: RegisteredChildCluster,
  decisions: readonly Decision[],
  retires: boolean,
): Problem[] {
  if (object.spec.leaving?.workloads === 'delete')
    return [
      { childCluster: name, reason: 'Leaving', message: 'the child cluster is being unjoined with its workloads' },
    ]
  if (retires) return []
  const decision = decisions.find(({ childCluster }) => childCluster.uid === uid)
  const why = decision ? (decision.message ?? decision.reason) : 'it is not offered to this workspace any more'
  const message = `the copy stays there, by deletionPolicy Keep, though ${why}`
  return [{ childCluster: name, reason: 'Kept', message }]
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
