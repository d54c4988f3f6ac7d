import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { Condition } from '../../meta/object.ts'
import { chooseChildClusters, isOfferedTo, type RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import { mayBothSelect } from './overlapping-selectors.ts'

/** Slots by what is said of them. */
export interface SlotCounts {
  /** That are to be Present. */
  total: number
  applied: number
  /** Refused or contested; of those that are to be Absent, the ones that the child does not let go. */
  failed: number
  /** That are to be Absent, and whose child has not said yet that they are. */
  removing: number
}

export interface PlacementFacts {
  /** Where the Placement lives. */
  workspacePath: string
  registered: readonly RegisteredChildCluster[]
  /** Of this Placement, by uid of the child cluster. */
  counts: ReadonlyMap<string, SlotCounts>
  /** The other Placements of the workspace. */
  others: readonly Placement[]
  nowMs: number
}

type Status = NonNullable<Placement['status']>
type Decision = NonNullable<Status['decisions']>[number]

/**
 * What a Placement says of itself: a decision for each child cluster that its workspace is offered, chosen or not, and
 * for each that still has copies; how many copies there are; and in conditions whether that is what was asked for.
 */
export function placementStatus(placement: Placement, facts: PlacementFacts): Status {
  const { counts, nowMs } = facts
  const decisions = decide(placement, facts)
  const sum = (field: keyof SlotCounts) => [...counts.values()].reduce((total, count) => total + count[field], 0)
  const deliveries = { total: sum('total'), applied: sum('applied'), failed: sum('failed') }
  const { generation: observedGeneration = 1 } = placement.metadata
  const known = placement.status?.conditions ?? []
  const conditions = [
    satisfied(placement, decisions),
    delivered({ ...deliveries, removing: sum('removing') }, decisions),
    ambiguous(placement, facts.others),
    copiesKept(placement, decisions),
  ].map((condition): Condition => withTransition({ ...condition, observedGeneration }, known, nowMs))
  return { observedGeneration, decisions, deliveries, conditions }
}

function decide(placement: Placement, { workspacePath, registered, counts }: PlacementFacts): Decision[] {
  const offered = registered.filter((childCluster) => isOfferedTo(childCluster, workspacePath))
  const withCopies = new Set([...counts].filter(([, { total }]) => total > 0).map(([uid]) => uid))
  const decisions = chooseChildClusters(placement, offered, withCopies).map(
    ({ childCluster, selected, reason, message }): Decision => {
      const absent = selected ? whyAbsent(childCluster) : undefined
      const words = message ?? absent
      return {
        cluster: childCluster.name,
        selected,
        reason: absent === undefined ? reason : 'NotReady',
        ...(words === undefined ? {} : { message: words }),
        ...copiesOf(counts.get(childCluster.uid)),
      }
    },
  )
  const gone = [...counts.keys()]
    .filter((uid) => copiesOf(counts.get(uid)).deliveries && !offered.some((childCluster) => childCluster.uid === uid))
    .sort()
  for (const uid of gone) {
    const name = registered.find((childCluster) => childCluster.uid === uid)?.name ?? uid
    const message = 'it is not offered to this workspace any more'
    decisions.push({ cluster: name, selected: false, reason: 'NotOffered', message, ...copiesOf(counts.get(uid)) })
  }
  return decisions
}

function copiesOf(counts: SlotCounts | undefined): Partial<Decision> {
  if (!counts || (counts.total === 0 && counts.failed === 0)) return {}
  const { total, applied, failed } = counts
  return { deliveries: { total, applied, failed } }
}

/** A child that is chosen and takes nothing at the moment. */
function whyAbsent({ object }: RegisteredChildCluster): string | undefined {
  const ready = object.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') return undefined
  return ready?.reason === 'Forked'
    ? 'chosen, but it waits for an administrator after the hub was restored'
    : 'chosen, but it has not been heard of; what is there stays, changes wait'
}

function satisfied({ spec }: Placement, decisions: readonly Decision[]): NewCondition {
  const selected = decisions.filter((decision) => decision.selected).length
  const wanted = spec.numberOfClusters
  const type = 'Satisfied'
  if (selected === 0 && wanted !== 0) {
    const message =
      decisions.length === 0
        ? 'no child cluster is offered to this workspace'
        : `none of ${decisions.length} child clusters is selected: see status.decisions`
    return { type, status: 'False', reason: 'NoChildCluster', message }
  }
  if (wanted !== undefined && selected < wanted)
    return { type, status: 'False', reason: 'TooFewChildClusters', message: `${selected} of ${wanted} were found` }
  return { type, status: 'True', reason: 'Selected', message: `child clusters selected: ${selected}` }
}

function delivered({ total, applied, failed, removing }: SlotCounts, decisions: readonly Decision[]): NewCondition {
  const type = 'Delivered'
  const going = removing > 0 ? `; ${removing} more being removed` : ''
  if (failed > 0) {
    const where = decisions.filter(({ deliveries }) => (deliveries?.failed ?? 0) > 0).map(({ cluster }) => cluster)
    const message = `${failed} of ${total + removing} copies are refused or contested, on ${where.join(', ')}: the objects say why${going}`
    return { type, status: 'False', reason: 'DeliveriesFailed', message }
  }
  if (applied < total) {
    const message = `${total - applied} of ${total} copies are on their way${going}`
    return { type, status: 'False', reason: 'Pending', message }
  }
  if (total > 0) return { type, status: 'True', reason: 'Applied', message: `all ${total} copies are there${going}` }
  return removing > 0
    ? { type, status: 'True', reason: 'Removing', message: `copies being removed: ${removing}` }
    : { type, status: 'True', reason: 'NothingPlaced', message: 'nothing is placed yet' }
}

const namedPlacements = 5

/** Whether there could be an object that two Placements select: said before there is one. */
function ambiguous(placement: Placement, others: readonly Placement[]): NewCondition {
  const rivals = others.filter((other) => mayBothSelect(placement, other)).map(({ metadata }) => `"${metadata.name}"`)
  const type = 'Ambiguous'
  if (rivals.length === 0) return { type, status: 'False', reason: 'SelectorsDiffer', message: '' }
  const named = rivals.slice(0, namedPlacements).sort().join(', ')
  const message = `an object may match the selectors of this Placement and of ${named}: such an object is not placed until its label names one`
  return { type, status: 'True', reason: 'SelectorsOverlap', message }
}

function copiesKept({ spec }: Placement, decisions: readonly Decision[]): NewCondition {
  const left = decisions.filter(({ selected, deliveries }) => !selected && (deliveries?.total ?? 0) > 0)
  const type = 'CopiesKept'
  if (left.length === 0) return { type, status: 'False', reason: 'NoneLeft', message: '' }
  const where = left.map(({ cluster, deliveries }) => `${deliveries?.total ?? 0} on ${cluster}`).join(', ')
  if (spec.deletionPolicy === 'Delete')
    return { type, status: 'True', reason: 'Moving', message: `${where}: they go when the others are Available` }
  const message = `${where}, which is not selected any more: they stay, by deletionPolicy Keep`
  return { type, status: 'True', reason: 'Kept', message }
}
