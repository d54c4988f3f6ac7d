import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../base/clock.ts'
import { createController, type Controller, type Source } from '../../controller/controller.ts'
import { toObjectKey } from '../../informer/informer.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import type { AgentReport } from '../../meta/fleet/delivery.ts'
import { childClusterUidOf, childLogicalCluster } from '../../meta/fleet/fleet-names.ts'
import { createChildClusterReconciler } from '../../reconcilers/child-cluster/child-cluster-reconciler.ts'
import { specSource } from './spec-source.ts'
import type { PlacementParts } from './placement-controller.ts'
import { type FleetInformers, fleetResource } from './fleet-informers.ts'
import { paced } from './paced.ts'
import { createRevisionPasser } from './pass-revision.ts'

/** The name of the one AgentReport in a child's logical cluster. */
export const reportName = 'report'
const newsIntervalMs = 200 // an agent may say as much as it likes

/** Keeps each ChildCluster's status current with what its agent reports, and tells the agent what the spec says. */
export function childClusterController(
  { backend, clientOf, informers, tally, clock, logger, hub }: PlacementParts,
  deleteLogicalCluster: (name: string) => Promise<unknown>,
): Controller {
  const reports = (uid: string) =>
    clientOf(childLogicalCluster(uid)).resource<AgentReport>(fleetResource('agentreports'))
  const childClusters = (logicalCluster: string) =>
    clientOf(logicalCluster).resource<ChildCluster>(fleetResource('childclusters'))
  return createController({
    name: 'child-cluster',
    clock,
    logger,
    sources: [specSource(informers.childClusters), newsSource(informers, clock)],
    reconcile: createChildClusterReconciler({
      hub,
      now: () => clock.now(),
      passRevision: createRevisionPasser(backend, clock),
      getChildCluster: (logicalCluster, name) => childClusters(logicalCluster).get({ name }).catch(ignoreNotFound),
      getReport: (uid) => reports(uid).get({ name: reportName }).catch(ignoreNotFound),
      async updateReport(uid, report) {
        await reports(uid).update(report)
      },
      async updateStatus(logicalCluster, childCluster) {
        await childClusters(logicalCluster).update(childCluster, { subresource: 'status' })
      },
      async update(logicalCluster, childCluster) {
        await childClusters(logicalCluster).update(childCluster).catch(ignoreNotFound)
      },
      async deleteLogicalCluster(uid) {
        await deleteLogicalCluster(childLogicalCluster(uid))
      },
      async deliveryCounts(uid) {
        await tally.ready
        return tally.ofChild(uid)
      },
    }),
  })
}

/** Children that say something new. A heartbeat that says nothing else is counted when its turn comes. */
function newsSource({ reports, childClusters }: FleetInformers, clock: Clock): Source {
  return {
    async start(sink, signal) {
      const later = paced((request) => sink.enqueue(request), clock, newsIntervalMs, signal)
      reports.onEvent((event) => {
        if (event.type === 'updated' && saysTheSame(event.previous, event.object)) return
        const uid = childClusterUidOf(event.key.logicalCluster) ?? ''
        for (const childCluster of childClusters.byIndex('uid', uid)) later(toObjectKey(childCluster))
      })
      await reports.synced
    },
  }
}

function saysTheSame({ status: a = {} }: AgentReport, { status: b = {} }: AgentReport): boolean {
  const isFirst = a.receivedTime === undefined && b.receivedTime !== undefined
  const times = { heartbeatTime: '', receivedTime: '' }
  return !isFirst && isDeepStrictEqual({ ...a, ...times }, { ...b, ...times })
}
