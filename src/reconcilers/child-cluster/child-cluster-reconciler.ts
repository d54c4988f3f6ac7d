import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { childClusterFinalizer, forgetAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { AgentReport } from '../../meta/fleet/delivery.ts'
import { type NewCondition, withTransition } from '../../meta/conditions.ts'
import type { SlotCounts } from '../placement-decisions/placement-status.ts'

export interface ChildClusterSteps {
  /** Undefined when it is gone. */
  getChildCluster(logicalCluster: string, name: string): Promise<ChildCluster | undefined>
  getReport(childClusterUid: string): Promise<AgentReport | undefined>
  updateReport(childClusterUid: string, report: AgentReport): Promise<void>
  updateStatus(logicalCluster: string, childCluster: ChildCluster): Promise<void>
  /** Removes all slots of the child with its logical cluster: it has let go, or it was given up. */
  deleteLogicalCluster(childClusterUid: string): Promise<void>
  update(logicalCluster: string, childCluster: ChildCluster): Promise<void>
  deliveryCounts(childClusterUid: string): Promise<SlotCounts>
  /** Makes the store's next revision a later one: others may hold revisions of the history that was lost. */
  passRevision(revision: number): Promise<void>
  hub(): { id: string; incarnation: number }
  now(): number
}

/** A heartbeat comes every 10 s; after four of them are missing the child counts as unreachable. */
export const heartbeatGraceMs = 40_000
const lookAgainMs = 5_000

/**
 * From what an agent reports to the ChildCluster's status, and from the ChildCluster's spec to what the agent is told.
 * Losing the heartbeat changes conditions and nothing else: no workload moves because of it.
 */
export function createChildClusterReconciler(steps: ChildClusterSteps): Reconcile {
  return async ({ logicalCluster, name }): Promise<ReconcileResult | void> => {
    const childCluster = await steps.getChildCluster(logicalCluster, name)
    if (!childCluster) return
    const uid = childCluster.metadata.uid ?? ''
    const report = await steps.getReport(uid)
    if (childCluster.metadata.deletionTimestamp && (await letGo(steps, logicalCluster, childCluster, report))) return
    if (!report) return { requeueAfterMs: lookAgainMs }
    const incarnation = incarnationFor(report, steps.hub().incarnation)
    await tellAgent(steps, uid, childCluster, report, incarnation)
    const status = await nextStatus(steps, childCluster, report, incarnation)
    if (JSON.stringify(status) !== JSON.stringify(childCluster.status ?? {}))
      await steps.updateStatus(logicalCluster, { ...childCluster, status })
    return { requeueAfterMs: lookAgainMs }
  }
}

/**
 * A deleted ChildCluster leaves as unjoin says, and keeps its workloads when nothing was said. It goes when its child has
 * let go, when there never was one, or when it is forgotten.
 */
async function letGo(
  steps: ChildClusterSteps,
  logicalCluster: string,
  childCluster: ChildCluster,
  report: AgentReport | undefined,
): Promise<boolean> {
  const { metadata, spec } = childCluster
  const neverJoined =
    report !== undefined && heardAt(report.status) === undefined && spec.credentialsSecret === undefined
  const forgotten = metadata.annotations?.[forgetAnnotation] === 'true'
  if (!forgotten && !neverJoined && report && !report.status?.left) {
    if (!spec.leaving)
      await steps.update(logicalCluster, { ...childCluster, spec: { ...spec, leaving: { workloads: 'keep' } } })
    return false
  }
  await steps.deleteLogicalCluster(metadata.uid ?? '')
  const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== childClusterFinalizer)
  await steps.update(logicalCluster, { ...childCluster, metadata: { ...metadata, finalizers } })
  return true
}

/**
 * The incarnation that this child is told. A child that has seen more than this hub knows gets the next one, which it
 * obeys when an administrator has confirmed it. Counted for each child, so that a lying agent stops nobody but itself.
 */
export function incarnationFor({ spec, status }: AgentReport, first: number): number {
  const current = spec?.incarnation ?? first
  const forked = status?.forked
  // About an earlier incarnation: said before it heard of this one.
  if (!forked || forked.hubIncarnation < current) return current
  const waits = forked.hubIncarnation === current && forked.seenIncarnation < current
  if (waits) return current
  // One that is later than ours was taken by another copy of this hub.
  const next = Math.max(forked.seenIncarnation, forked.hubIncarnation) + 1
  return Number.isSafeInteger(next) ? next : current
}

async function tellAgent(
  steps: ChildClusterSteps,
  uid: string,
  { spec }: ChildCluster,
  report: AgentReport,
  incarnation: number,
): Promise<void> {
  const known = report.spec?.incarnation ?? incarnation
  if (incarnation > known) await steps.passRevision(report.status?.forked?.seenRevision ?? 0)
  const wanted: NonNullable<AgentReport['spec']> = {
    hubId: steps.hub().id,
    incarnation,
    // A word given for another incarnation confirms nothing.
    ...(spec.confirmedIncarnation === incarnation ? { confirmedIncarnation: incarnation } : {}),
    ...(spec.leaving === undefined ? {} : { leaving: spec.leaving }),
  }
  if (JSON.stringify(report.spec) !== JSON.stringify(wanted)) await steps.updateReport(uid, { ...report, spec: wanted })
}

async function nextStatus(
  steps: ChildClusterSteps,
  { status = {}, metadata }: ChildCluster,
  { status: told = {} }: AgentReport,
  incarnation: number,
): Promise<NonNullable<ChildCluster['status']>> {
  const { forked } = told
  const receivedTime = heardAt(told)
  const trouble = told.conditions?.find(({ type, status: is }) => type === 'Connected' && is === 'False')
  const silentMs = receivedTime === undefined ? undefined : steps.now() - Date.parse(receivedTime)
  const reachable = silentMs !== undefined && silentMs < heartbeatGraceMs
  const deliveries = await steps.deliveryCounts(metadata.uid ?? '')
  const conditions: NewCondition[] = [
    receivedTime === undefined
      ? {
          type: 'Joined',
          status: 'False',
          reason: trouble?.reason ?? 'WaitingForAgent',
          message: trouble?.message ?? 'nothing has been heard from the child cluster yet',
        }
      : { type: 'Joined', status: 'True', reason: 'Joined', message: 'the child cluster has reported' },
    reachable
      ? { type: 'Reachable', status: 'True', reason: 'HeartbeatReceived', message: '' }
      : {
          type: 'Reachable',
          status: 'Unknown',
          reason: 'HeartbeatMissing',
          message: `last heartbeat: ${receivedTime ?? 'none'}${trouble ? `; ${trouble.message}` : ''}`,
        },
    forked
      ? {
          type: 'Forked',
          status: 'True',
          reason: 'HubIsBehind',
          message: `the child has seen revision ${forked.seenRevision} of incarnation ${forked.seenIncarnation}, this hub was at revision ${forked.hubRevision} of incarnation ${forked.hubIncarnation}: nothing is applied or deleted there until spec.confirmedIncarnation is ${incarnation}`,
        }
      : { type: 'Forked', status: 'False', reason: 'InStep', message: '' },
    deliveries.failed > 0
      ? {
          type: 'SyncHealthy',
          status: 'False',
          reason: 'DeliveriesFailed',
          message: `${deliveries.failed} of ${deliveries.total + deliveries.removing} copies are refused or contested`,
        }
      : { type: 'SyncHealthy', status: 'True', reason: 'InSync', message: '' },
  ]
  conditions.push(certificateValid(told, steps.now()))
  const ready = reachable && !forked
  conditions.push({
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Ready' : forked ? 'Forked' : 'Unreachable',
    message: conditions.find(({ type }) => type === (forked ? 'Forked' : 'Reachable'))?.message ?? '',
  })
  const { kubernetesVersion, clusterUid, nodes, capacity, allocatable, agentVersion } = told
  return {
    ...status,
    ...defined({
      kubernetesVersion,
      clusterUid,
      nodes,
      capacity,
      allocatable,
      agentVersion,
      incarnation,
      lastHeartbeatTime: receivedTime,
    }),
    deliveries,
    conditions: conditions.map((condition) =>
      withTransition(
        { ...condition, observedGeneration: metadata.generation ?? 1 },
        status.conditions ?? [],
        steps.now(),
      ),
    ),
  }
}

/** When the child was last heard of. A report that was stored before the hub noted that has the agent's time alone. */
function heardAt({ receivedTime, heartbeatTime }: NonNullable<AgentReport['status']> = {}): string | undefined {
  return receivedTime ?? heartbeatTime
}

/** Whether the credentials of the connection are good: the agent's certificate, or the hub's token for the child. */
function certificateValid({ credentialsExpire }: NonNullable<AgentReport['status']>, nowMs: number): NewCondition {
  const type = 'CertificateValid'
  const leftMs = Date.parse(credentialsExpire ?? '') - nowMs
  if (Number.isNaN(leftMs))
    return { type, status: 'Unknown', reason: 'NotReported', message: 'nothing is known of the credentials yet' }
  if (leftMs <= 0)
    return {
      type,
      status: 'False',
      reason: 'Expired',
      message: `expired at ${credentialsExpire}: join the cluster again`,
    }
  return { type, status: 'True', reason: 'Valid', message: `renewed before ${credentialsExpire}` }
}

function defined<T extends Record<string, unknown>>(record: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: NonNullable<T[K]>
  }>
}
