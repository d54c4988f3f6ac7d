import type { Delivery } from '../../meta/fleet/delivery.ts'
import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { Condition, JsonObject, KubeObject } from '../../meta/object.ts'
import type { Share } from './aggregate-status.ts'

/** Something about the placement of one object that is not as its owner asked, in the owner's words. */
export interface Problem {
  /** The child cluster that it is about; absent: the placement as a whole. */
  childCluster?: string
  /** A word for programs: one of `DeliveryReason`, or Ambiguous, PlacementNotFound, NoChildCluster, NotPlaceable, Kept, MoveWaits … */
  reason: string
  message: string
}

/** Why a child cluster takes nothing now, from what the hub knows of it. */
export interface ChildTrouble {
  reason: 'ChildUnreachable' | 'HubForked' | 'NotJoined'
  message: string
}

/** A child that keeps copies elsewhere from going. */
export interface AwaitedChild {
  childCluster: string
  /** Why it is waited for, where that is known. */
  why?: string
  /** Since when nothing has come of it; undefined until its slot has been looked at there. */
  sinceMs: number | undefined
}

export interface SharesView {
  problems: Problem[]
  /** Something that is no problem yet becomes one after this time. */
  lookAgainMs?: number
}

const graceMs = 3_000 // a type before its objects, a namespace on its way out: usual for a moment, worth a word after it
/** Reasons that pass by themselves, as a rule. The agent's own word for an error tells addresses, and stays with the operator. */
const passing: ReadonlyMap<string, string | undefined> = new Map([
  ['Pending', undefined],
  ['WaitingForDependency', 'its custom resource definition is not yet established there'],
  ['ChildUnreachable', 'the child cluster does not take it at the moment'],
])
const settled = new Set(['Removed', 'Released'])

/** What the slots of an object tell about copies that are missing or contested, or do not go. */
export function problemsOfShares(
  shares: readonly Share[],
  troubleOf: (share: Share) => ChildTrouble | undefined,
  nowMs: number,
): SharesView {
  const view: SharesView = { problems: [] }
  for (const share of shares) {
    const found = problemOfShare(share, troubleOf, nowMs)
    if (found === undefined) continue
    if (typeof found === 'number') view.lookAgainMs = Math.min(view.lookAgainMs ?? found, found)
    else view.problems.push({ childCluster: share.childCluster, ...found })
  }
  return view
}

/** A problem, or the time until it becomes one. */
function problemOfShare(
  share: Share,
  troubleOf: (share: Share) => ChildTrouble | undefined,
  nowMs: number,
): Problem | number | undefined {
  const { spec, status } = share.delivery
  if (spec.desired === 'Absent') return problemOfRemoval(share, troubleOf, nowMs)
  const isCurrent = status?.observedEpoch === spec.epoch
  // A child that is silent but has everything is a matter of the child, not of each of its objects.
  if (!isCurrent) return troubleOf(share)
  const applied = conditionOf(share.delivery, 'Applied')
  if (applied?.status !== 'False') return conflictOf(share.delivery)
  return problemOfOutcome(applied, nowMs)
}

/** A child that is silent, refuses, or holds the object for longer than usual keeps its copy from going. */
function problemOfRemoval(
  share: Share,
  troubleOf: (share: Share) => ChildTrouble | undefined,
  nowMs: number,
): Problem | number | undefined {
  const { spec, status } = share.delivery
  const applied = status?.observedEpoch === spec.epoch ? conditionOf(share.delivery, 'Applied') : undefined
  const outcome = applied?.status === 'False' ? problemOfOutcome(applied, nowMs) : undefined
  const why = troubleOf(share) ?? outcome
  if (why === undefined || typeof why === 'number') return why
  return { reason: 'RemovalWaits', message: `the copy is being removed: ${why.message}` }
}

function problemOfOutcome(
  { reason, message, lastTransitionTime }: Condition,
  nowMs: number,
): Problem | number | undefined {
  if (settled.has(reason)) return undefined
  if (!passing.has(reason)) return { reason, message }
  const passesMs = graceLeftMs(Date.parse(lastTransitionTime), nowMs)
  return passesMs > 0 ? passesMs : { reason, message: passing.get(reason) ?? message }
}

/** How long what has been so since then is still nothing to speak of. */
function graceLeftMs(sinceMs: number, nowMs: number): number {
  const ageMs = nowMs - sinceMs
  // Times have whole seconds.
  return ageMs >= graceMs ? 0 : graceMs - Math.max(0, ageMs) + 1_000
}

const moveWaits = 'MoveWaits'

/**
 * What a copy that is to go waits for, the longest wait first: a problem, or the time until it becomes one. Told once it
 * stays told: each step of a slow move begins the grace anew.
 */
export function problemOfMove(
  [first]: readonly AwaitedChild[],
  nowMs: number,
  wasTold: boolean,
): Omit<Problem, 'childCluster'> | number | undefined {
  if (!first) return undefined
  const { childCluster, why, sinceMs } = first
  if (!wasTold) {
    if (sinceMs === undefined) return undefined
    const passesMs = graceLeftMs(sinceMs, nowMs)
    if (passesMs > 0) return passesMs
  }
  const message = `the copy stays until the one on "${childCluster}" is available`
  return { reason: moveWaits, message: why === undefined ? message : `${message}: ${why}` }
}

/** True when the annotation says of that child cluster that its copy waits for others. */
export function tellsOfMove(annotation: string | undefined, childCluster: string): boolean {
  return annotation?.split('\n').some((line) => line.startsWith(`${childCluster}: ${moveWaits}: `)) ?? false
}

function conflictOf(delivery: Delivery): Problem | undefined {
  const conflict = conditionOf(delivery, 'Conflict')
  if (conflict?.status !== 'True') return undefined
  return { reason: 'Conflict', message: conflict.message }
}

function conditionOf({ status }: Delivery, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

const maxLines = 20
const maxMessage = 400

/** One line for each problem; undefined when there is none. What stands in the object's annotation. */
export function describeProblems(problems: readonly Problem[]): string | undefined {
  return problems.length === 0 ? undefined : linesOf(problems).join('\n')
}

function linesOf(problems: readonly Problem[]): string[] {
  const lines = problems.slice(0, maxLines).map(lineOf)
  if (problems.length > maxLines) lines.push(`and ${problems.length - maxLines} more`)
  return lines
}

function lineOf(problem: Problem): string {
  const where = problem.childCluster === undefined ? '' : `${problem.childCluster}: `
  const message = shortened(problem.message)
  return `${where}${problem.reason}${message === '' ? '' : `: ${message}`}`
}

function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ').trim()
  return line.length <= maxMessage ? line : `${line.slice(0, maxMessage - 1)}…`
}

/** What has to be said aloud: problems that `before`, the annotation as it was, does not name. */
export function newProblems(problems: readonly Problem[], before: string | undefined): Problem[] {
  const known = new Set(before?.split('\n'))
  return problems.filter((problem) => !known.has(lineOf(problem)))
}

/** Kinds of ours and Kubernetes' whose status has conditions; on all others the annotation says it. */
const withConditions = new Set([
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'autoscaling/horizontalpodautoscalers',
  'policy/poddisruptionbudgets',
  '/services',
  '/pods',
  '/persistentvolumeclaims',
  '/replicationcontrollers',
])

export interface DeliveredOptions {
  group: string
  resource: string
  source: KubeObject
  nowMs: number
}

/**
 * The status with the condition `Delivered`: False while there are problems, True once they are over, absent on an
 * object that never had one. Undefined when there is nothing to say.
 */
export function withDelivered(
  status: JsonObject | undefined,
  problems: readonly Problem[],
  { group, resource, source, nowMs }: DeliveredOptions,
): JsonObject | undefined {
  if (!withConditions.has(`${group}/${resource}`)) return status
  const current = source['status'] as { conditions?: Condition[] | null } | undefined
  const known = current?.conditions ?? []
  const hadOne = known.some(({ type }) => type === 'Delivered')
  const [first] = problems
  if (!first && !hadOne) return status
  const delivered: NewCondition = first
    ? { type: 'Delivered', status: 'False', reason: first.reason, message: linesOf(problems).join('; ') }
    : { type: 'Delivered', status: 'True', reason: 'Delivered', message: '' }
  const base = status ?? (current as JsonObject | undefined) ?? {}
  const others = ((base['conditions'] ?? []) as unknown as Condition[]).filter(({ type }) => type !== 'Delivered')
  const condition = withTransition(delivered, known, nowMs)
  return { ...base, conditions: [...others, condition] as unknown as JsonObject[] }
}
