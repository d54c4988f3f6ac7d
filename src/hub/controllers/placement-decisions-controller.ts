import { createController, type Controller } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import { toObjectKey } from '../../informer/informer.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import { createPlacementDecisionsReconciler } from '../../reconcilers/placement-decisions/placement-decisions-reconciler.ts'
import { fleetResource } from './fleet-informers.ts'
import { decidesTheSame, type PlacementParts, registeredChildClusters } from './placement-controller.ts'

export function placementDecisionsController(parts: PlacementParts): Controller {
  const { clientOf, clock, logger, informers, workspacePath } = parts
  const placements = (logicalCluster: string) =>
    clientOf(logicalCluster).resource<Placement>(fleetResource('placements'))
  return createController({
    name: 'placement-decisions',
    clock,
    logger,
    sources: [
      informerSource(informers.placements),
      informerSource(informers.childClusters, (event) =>
        event.type === 'updated' && decidesTheSame(event.previous, event.object)
          ? []
          : informers.placements.list().map((placement) => toObjectKey(placement)),
      ),
    ],
    reconcile: createPlacementDecisionsReconciler({
      workspacePath,
      childClusters: () => registeredChildClusters(parts),
      getPlacement: (logicalCluster, name) => placements(logicalCluster).get({ name }).catch(ignoreNotFound),
      async updateStatus(logicalCluster, placement) {
        await placements(logicalCluster).update(placement, { subresource: 'status' })
      },
    }),
  })
}
