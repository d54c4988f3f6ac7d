import type { Reconcile } from '../../controller/controller.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import { chooseChildClusters, isOfferedTo, type RegisteredChildCluster } from '../placement/choose-child-clusters.ts'

export interface PlacementDecisionSteps {
  getPlacement(logicalCluster: string, name: string): Promise<Placement | undefined>
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  workspacePath(logicalCluster: string): Promise<string>
  updateStatus(logicalCluster: string, placement: Placement): Promise<void>
}

/** Writes into a Placement which child clusters it would choose for a new object, and why not the others. */
export function createPlacementDecisionsReconciler(steps: PlacementDecisionSteps): Reconcile {
  return async ({ logicalCluster, name }) => {
    const placement = await steps.getPlacement(logicalCluster, name)
    if (!placement || placement.metadata.deletionTimestamp) return
    const path = await steps.workspacePath(logicalCluster)
    const offered = (await steps.childClusters()).filter((childCluster) => isOfferedTo(childCluster, path))
    const decisions = chooseChildClusters(placement, offered, new Set()).map(
      ({ childCluster, selected, reason, message }) => ({
        cluster: childCluster.name,
        selected,
        reason,
        ...(message === undefined ? {} : { message }),
      }),
    )
    const { generation: observedGeneration = 1 } = placement.metadata
    const status = { ...placement.status, observedGeneration, decisions }
    if (JSON.stringify(status) !== JSON.stringify(placement.status))
      await steps.updateStatus(logicalCluster, { ...placement, status })
  }
}
