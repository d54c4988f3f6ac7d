import { canonicalJson } from '../../base/canonical-json.ts'
import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { placementFinalizer } from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import { placementStatus, type SlotCounts } from './placement-status.ts'

export interface PlacementDecisionSteps {
  getPlacement(logicalCluster: string, name: string): Promise<Placement | undefined>
  /** Every Placement of a workspace. */
  placements(logicalCluster: string): readonly Placement[]
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  workspacePath(logicalCluster: string): Promise<string>
  /** Slots of a Placement by uid of the child cluster. */
  slotCounts(logicalCluster: string, name: string): Promise<ReadonlyMap<string, SlotCounts>>
  updateStatus(logicalCluster: string, placement: Placement): Promise<void>
  /** Guarded by the resourceVersion. */
  update(logicalCluster: string, placement: Placement): Promise<void>
  now(): number
}

const lookAgainMs = 1_000
const longestWaitMs = 60_000 // deleting always ends: what cannot be told to go by then stays

/**
 * Writes into a Placement which child clusters it chooses, why not the others, and how many copies there are. One whose
 * deletion takes its copies along (`deletionPolicy: Delete`) is held until each of them has been told to go.
 */
export function createPlacementDecisionsReconciler(steps: PlacementDecisionSteps): Reconcile {
  return async ({ logicalCluster, name }): Promise<ReconcileResult | void> => {
    const placement = await steps.getPlacement(logicalCluster, name)
    if (!placement) return
    const counts = await steps.slotCounts(logicalCluster, name)
    if (await hold(steps, logicalCluster, placement, counts)) return { requeueAfterMs: lookAgainMs }
    if (placement.metadata.deletionTimestamp) return
    const status = placementStatus(placement, {
      workspacePath: await steps.workspacePath(logicalCluster),
      registered: await steps.childClusters(),
      counts,
      others: steps.placements(logicalCluster).filter((other) => other.metadata.name !== name),
      nowMs: steps.now(),
    })
    if (canonicalJson(status) !== canonicalJson(placement.status ?? {}))
      await steps.updateStatus(logicalCluster, { ...placement, status })
  }
}

/** Keeps the finalizer as the policy asks. True when the object was written, or still waits to go. */
async function hold(
  steps: PlacementDecisionSteps,
  logicalCluster: string,
  placement: Placement,
  counts: ReadonlyMap<string, SlotCounts>,
): Promise<boolean> {
  const { metadata, spec } = placement
  const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== placementFinalizer)
  const isHeld = others.length !== (metadata.finalizers?.length ?? 0)
  const deletedMs = metadata.deletionTimestamp === undefined ? undefined : Date.parse(metadata.deletionTimestamp)
  const present = [...counts.values()].some(({ total }) => total > 0)
  const waits = deletedMs !== undefined && present && steps.now() - deletedMs < longestWaitMs
  const wanted = spec.deletionPolicy === 'Delete' && (deletedMs === undefined || (isHeld && waits))
  if (wanted === isHeld) return wanted && deletedMs !== undefined
  const finalizers = wanted ? [...others, placementFinalizer] : others
  await steps.update(logicalCluster, { ...placement, metadata: { ...metadata, finalizers } })
  return deletedMs === undefined
}
