import type { ChildCluster, LabelSelectorTerms } from '../../meta/fleet/child-cluster.ts'
import type { Placement } from '../../meta/fleet/placement.ts'

/** A child cluster together with where it was joined. */
export interface RegisteredChildCluster {
  uid: string
  name: string
  /** Path of the workspace that it was joined in. */
  homePath: string
  object: ChildCluster
}

export interface Decision {
  childCluster: RegisteredChildCluster
  selected: boolean
  /** Selected, NotMatched, NotJoined, Unschedulable, Tainted, Leaving, NotNeeded. */
  reason: string
  message?: string
}

/**
 * True when a workspace (by path) may place on a child cluster: its `offeredTo`, or the subtree that it was joined in.
 * Offers end at that subtree: whoever administers a workspace may register a cluster there, and must not thereby attract
 * what workspaces elsewhere place wherever they can. A cluster with identity mapping serves one workspace only.
 */
export function isOfferedTo({ object, homePath }: RegisteredChildCluster, workspacePath: string): boolean {
  const { offeredTo, namespaceMapping } = object.spec
  if (!isWithin(workspacePath, homePath)) return false
  if (namespaceMapping?.mode === 'Identity' && workspacePath !== (namespaceMapping.workspace ?? homePath)) return false
  return offeredTo === undefined || matchesPaths(offeredTo, workspacePath)
}

/** True for a workspace itself and everything below it. */
export function isWithin(path: string, top: string): boolean {
  return top !== '' && (path === top || path.startsWith(`${top}:`))
}

/** Patterns are paths, or subtrees: `root:acme:*` is everything below `root:acme`. */
export function matchesPaths(patterns: readonly string[], path: string): boolean {
  return patterns.some((one) => (one.endsWith(':*') ? path.startsWith(one.slice(0, -1)) : path === one))
}

/**
 * One decision for each child cluster that is offered to the workspace, in order of name. `current` are the uids that
 * have copies now: they stay chosen while they match, so that nothing moves without need, and neither cordon nor a
 * NoSelect taint drives them out.
 */
export function chooseChildClusters(
  placement: Placement,
  offered: readonly RegisteredChildCluster[],
  current: ReadonlySet<string>,
): Decision[] {
  const sorted = [...offered].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uid < b.uid ? -1 : 1))
  const decisions = sorted.map((childCluster): Decision => ({
    childCluster,
    ...judge(placement, childCluster, current),
  }))
  const limit = placement.spec.numberOfClusters
  if (limit === undefined) return decisions
  const keep = new Set(
    decisions
      .filter(({ selected }) => selected)
      .sort((a, b) => Number(current.has(b.childCluster.uid)) - Number(current.has(a.childCluster.uid)))
      .slice(0, limit)
      .map(({ childCluster }) => childCluster.uid),
  )
  return decisions.map((decision) =>
    decision.selected && !keep.has(decision.childCluster.uid)
      ? { ...decision, selected: false, reason: 'NotNeeded', message: `${limit} other child clusters are enough` }
      : decision,
  )
}

function judge(
  { spec }: Placement,
  { uid, name, object }: RegisteredChildCluster,
  current: ReadonlySet<string>,
): Omit<Decision, 'childCluster'> {
  if (spec.clusterNames && !spec.clusterNames.includes(name))
    return { selected: false, reason: 'NotMatched', message: 'not among spec.clusterNames' }
  if (!matchesTerms(spec.clusterSelector, object.metadata.labels ?? {}))
    return { selected: false, reason: 'NotMatched', message: 'its labels do not match spec.clusterSelector' }
  if (object.spec.leaving || object.metadata.deletionTimestamp)
    return { selected: false, reason: 'Leaving', message: 'it is being unjoined' }
  if (!hasJoined(object))
    return { selected: false, reason: 'NotJoined', message: 'it has not joined yet: nothing has been heard from it' }
  const stays = current.has(uid)
  if (object.spec.unschedulable && !stays)
    return { selected: false, reason: 'Unschedulable', message: 'it is cordoned' }
  const taint = (object.spec.taints ?? []).find(
    (one) =>
      !(stays && one.effect === 'NoSelect') &&
      !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, one)),
  )
  if (taint) return { selected: false, reason: 'Tainted', message: `taint ${taint.key} is not tolerated` }
  return { selected: true, reason: 'Selected' }
}

/** A share for one that may never come would be taken from those that run. One that has come and fallen silent stays. */
function hasJoined({ status }: ChildCluster): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Joined' && is === 'True') ?? false
}

type Taint = NonNullable<ChildCluster['spec']['taints']>[number]
type Toleration = NonNullable<Placement['spec']['tolerations']>[number]

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (!toleration.key) return toleration.operator === 'Exists'
  if (toleration.key !== taint.key) return false
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')
}

/** A LabelSelector object; absent matches everything. */
export function matchesTerms(
  selector: LabelSelectorTerms | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (!selector) return true
  const has = (key: string) => Object.hasOwn(labels, key)
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (!has(key) || labels[key] !== value) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = has(key) ? labels[key] : undefined
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    const listed = value !== undefined && values.includes(value)
    return operator === 'In' ? listed : !listed
  })
}
