import type { Clock } from '../../base/clock.ts'
import { createController, type Controller, type Source } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { toObjectKey } from '../../informer/informer.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import { createPlacementDecisionsReconciler } from '../../reconcilers/placement-decisions/placement-decisions-reconciler.ts'
import { asksForTheSame } from './spec-source.ts'
import type { DeliveryTally } from './delivery-tally.ts'
import { fleetResource } from './fleet-informers.ts'
import { paced } from './paced.ts'
import { decidesTheSame, type PlacementParts, registeredChildClusters } from './placement-controller.ts'

const flushMs = 1_000 // how often a Placement's counts are written while they change

export function placementDecisionsController(parts: PlacementParts): Controller {
  const { clientOf, clock, logger, informers, workspacePath, tally } = parts
  const placements = (logicalCluster: string) =>
    clientOf(logicalCluster).resource<Placement>(fleetResource('placements'))
  const inWorkspace = (logicalCluster: string) => informers.placements.byIndex('logicalCluster', logicalCluster)
  return createController({
    name: 'placement-decisions',
    clock,
    logger,
    sources: [
      // A Placement is judged beside the others of its workspace.
      informerSource(informers.placements, (event) =>
        event.type === 'updated' && asksForTheSame(event.previous, event.object)
          ? []
          : [event.object, ...inWorkspace(event.key.logicalCluster)].map((placement) => toObjectKey(placement)),
      ),
      informerSource(informers.childClusters, (event) =>
        event.type === 'updated' && decidesTheSame(event.previous, event.object)
          ? []
          : informers.placements.list().map((placement) => toObjectKey(placement)),
      ),
      countsSource(tally, clock),
    ],
    reconcile: createPlacementDecisionsReconciler({
      workspacePath,
      now: () => clock.now(),
      placements: inWorkspace,
      childClusters: () => registeredChildClusters(parts),
      async slotCounts(logicalCluster, name) {
        await tally.ready
        return tally.ofPlacement(logicalCluster, name)
      },
      getPlacement: (logicalCluster, name) => placements(logicalCluster).get({ name }).catch(ignoreNotFound),
      async updateStatus(logicalCluster, placement) {
        await placements(logicalCluster).update(placement, { subresource: 'status' })
      },
      async update(logicalCluster, placement) {
        await placements(logicalCluster).update(placement)
      },
    }),
  })
}

/** Placements whose counts have changed, together, so that a thousand copies are not a thousand writes. */
function countsSource(tally: DeliveryTally, clock: Clock): Source {
  return {
    async start(sink, signal) {
      const later = paced((request) => sink.enqueue(request), clock, flushMs, signal)
      tally.onChange(({ logicalCluster, name }) => later({ logicalCluster, namespace: '', name }))
    },
  }
}
