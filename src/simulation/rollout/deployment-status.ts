import { formatTime, parseTime } from '../../meta/time.ts'
import type { Deployment, DeploymentStatus, ReplicaSet, WorkloadCondition } from '../workload-types.ts'
import { withCondition, withoutCondition } from '../workload-status.ts'
import { availableOf, nameOf, rolloutLimits, sum } from './rollout-sizes.ts'

export interface ObservedRollout {
  deployment: Deployment
  /** Of the current template; absent while the Deployment is paused or waits for old pods to go. */
  current: ReplicaSet | undefined
  old: readonly ReplicaSet[]
  collisionCount: number | undefined
  nowMs: number
}

/** Counters and conditions, in the words that `kubectl rollout status` and others look for. */
export function deploymentStatus(observed: ObservedRollout): DeploymentStatus {
  const { deployment, current, old, collisionCount } = observed
  const all = current ? [...old, current] : old
  const total = (field: 'replicas' | 'readyReplicas' | 'terminatingReplicas') =>
    sum(all.map(({ status }) => status?.[field] ?? 0))
  const wanted = sum(all.map(({ spec }) => spec.replicas ?? 1))
  const available = sum(all.map(availableOf))
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: total('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    terminatingReplicas: total('terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
  const conditions = conditionsOf(observed, status)
  return conditions.length > 0 ? { ...status, conditions } : status
}

/** When the rollout runs out of time, in milliseconds from now; undefined when it cannot. */
export function progressDeadlineInMs({ spec }: Deployment, status: DeploymentStatus, nowMs: number) {
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing')
  if (!hasDeadline(spec.progressDeadlineSeconds) || spec.paused || !progressing) return undefined
  if (progressing.reason === 'NewReplicaSetAvailable' || progressing.status === 'False') return undefined
  return Math.max(1_000, deadlineMs(progressing, spec.progressDeadlineSeconds) - nowMs)
}

function conditionsOf(observed: ObservedRollout, status: DeploymentStatus): WorkloadCondition[] {
  const { deployment, nowMs } = observed
  const time = formatTime(nowMs)
  const { replicas, maxUnavailable } = rolloutLimits(deployment)
  const enough = (status.availableReplicas ?? 0) >= replicas - maxUnavailable
  let conditions = set(deployment.status?.conditions, time, {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`,
  })
  const progressing = progressingCondition(observed, status)
  if (progressing) conditions = set(conditions, time, progressing, madeProgress(deployment.status, status))
  const failures = [...observed.old, ...(observed.current ? [observed.current] : [])]
  const failure = failures.flatMap((one) => one.status?.conditions ?? []).find(({ type }) => type === 'ReplicaFailure')
  if (!failure) return withoutCondition(conditions, 'ReplicaFailure')
  const { type, status: failed, reason, message } = failure
  return set(conditions, time, { type, status: failed, reason, message })
}

type Told = Pick<WorkloadCondition, 'type' | 'status' | 'reason' | 'message'>

function progressingCondition(observed: ObservedRollout, status: DeploymentStatus): Told | undefined {
  const { deployment, current, nowMs } = observed
  const { spec } = deployment
  if (!hasDeadline(spec.progressDeadlineSeconds)) return undefined
  const before = deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  const type = 'Progressing'
  if (spec.paused) return { type, status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  if (before?.reason === 'DeploymentPaused')
    return { type, status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }
  const subject = current ? `ReplicaSet "${nameOf(current)}"` : `Deployment "${deployment.metadata.name}"`
  if (isComplete(deployment, status))
    return {
      type,
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${subject} has successfully progressed.`,
    }
  if (current && !(before && isAbout(before, current))) {
    const found = (current.status?.replicas ?? 0) > 0
    return {
      type,
      status: 'True',
      reason: found ? 'FoundNewReplicaSet' : 'NewReplicaSetCreated',
      message: `${found ? 'Found' : 'Created'} new replica set "${nameOf(current)}"`,
    }
  }
  // A finished rollout that loses a pod, or is scaled, is not a new rollout.
  if (before?.reason === 'NewReplicaSetAvailable' && status.updatedReplicas === status.replicas) return undefined
  if (madeProgress(deployment.status, status) || before?.reason === 'NewReplicaSetAvailable')
    return { type, status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` }
  if (before && before.status !== 'False' && deadlineMs(before, spec.progressDeadlineSeconds) <= nowMs)
    return {
      type,
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${subject} has timed out progressing.`,
    }
  return undefined
}

function isAbout({ message }: WorkloadCondition, current: ReplicaSet): boolean {
  return message.includes(`"${nameOf(current)}"`)
}

function isComplete({ spec }: Deployment, status: DeploymentStatus): boolean {
  const replicas = spec.replicas ?? 1
  return (
    status.updatedReplicas === replicas && status.replicas === replicas && (status.availableReplicas ?? 0) >= replicas
  )
}

function madeProgress(before: DeploymentStatus = {}, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function hasDeadline(seconds: number | undefined): seconds is number {
  return seconds !== undefined && seconds < 2_147_483_647
}

function deadlineMs({ lastUpdateTime, lastTransitionTime }: WorkloadCondition, seconds: number): number {
  return (parseTime(lastUpdateTime ?? lastTransitionTime) ?? 0) + seconds * 1_000
}

/** `touched`: the same words again, but something has moved, which the deadline counts from. */
function set(
  conditions: WorkloadCondition[] | undefined,
  time: string,
  told: Told,
  touched = false,
): WorkloadCondition[] {
  const next = withCondition<WorkloadCondition>(conditions, { ...told, lastUpdateTime: time }, time)
  return touched
    ? next.map((condition) => (condition.type === told.type ? { ...condition, lastUpdateTime: time } : condition))
    : next
}
