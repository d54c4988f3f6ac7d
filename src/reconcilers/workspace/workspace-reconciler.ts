import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { isNotFound } from '../../meta/api-errors.ts'
import type { Condition, KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'

/** What still stands in a logical cluster that is being deleted. */
export interface RemainingContent {
  /** `configmaps`, `certificates.cert-manager.io` */
  resource: string
  count: number
  /** Finalizers that hold them, with how many objects each holds. */
  finalizers: Readonly<Record<string, number>>
  /** uids of child clusters that still have copies of them. */
  childClusters: readonly string[]
}

export interface WorkspaceSteps {
  /** Undefined when there is none. */
  getWorkspace(parent: string, name: string): Promise<KubeObject | undefined>
  /**
   * Deletes everything in a logical cluster and the logical cluster itself; answers what has to go by itself first
   * (objects with finalizers, which are marked for deletion). Empty: it is gone. Can be called again at any time.
   */
  deleteLogicalCluster(name: string): Promise<readonly RemainingContent[]>
  updateStatus(parent: string, workspace: KubeObject): Promise<void>
  /** Undefined when it is not registered any more. */
  childClusterName(uid: string): string | undefined
  removeFinalizer(parent: string, workspace: KubeObject): Promise<void>
  now(): number
}

export const workspaceFinalizer = 'core.kcp.io/logicalcluster'
const lookAgainMs = 2_000 // finalizers are removed by others, in a logical cluster that this controller does not follow
const lookAgainMaxMs = 30_000

/** Brings a deleted Workspace to its end: contents first, then the object, saying meanwhile what it waits for. */
export function createWorkspaceReconciler(steps: WorkspaceSteps): Reconcile {
  return async ({ logicalCluster: parent, name }): Promise<ReconcileResult | void> => {
    const workspace = await steps.getWorkspace(parent, name)
    if (!workspace?.metadata.deletionTimestamp) return
    if (!workspace.metadata.finalizers?.includes(workspaceFinalizer)) return
    const { cluster } = workspace['spec'] as { cluster?: string }
    const remaining = cluster === undefined ? [] : await steps.deleteLogicalCluster(cluster)
    try {
      if (remaining.length === 0) {
        await steps.removeFinalizer(parent, workspace)
        return
      }
      await report(steps, parent, workspace, remaining)
    } catch (error) {
      if (isNotFound(error)) return
      throw error
    }
    const waitedMs = steps.now() - Date.parse(workspace.metadata.deletionTimestamp)
    return { requeueAfterMs: Math.min(lookAgainMaxMs, Math.max(lookAgainMs, waitedMs / 4)) }
  }
}

async function report(
  steps: WorkspaceSteps,
  parent: string,
  workspace: KubeObject,
  remaining: readonly RemainingContent[],
): Promise<void> {
  const message = describeRemaining(remaining, (uid) => steps.childClusterName(uid))
  const status = (workspace['status'] ?? {}) as { conditions?: Condition[] }
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'WorkspaceContentDeleted')
  const known = status.conditions?.find(({ type }) => type === 'WorkspaceContentDeleted')
  if (known?.message === message) return
  const condition: Condition = {
    type: 'WorkspaceContentDeleted',
    status: 'False',
    reason: 'SomeFinalizersRemain',
    message,
    lastTransitionTime: known?.lastTransitionTime ?? formatTime(steps.now()),
  }
  await steps.updateStatus(parent, { ...workspace, status: { ...status, conditions: [...others, condition] } })
}

/** `Some resources are remaining: configmaps has 1 resource instances; … in content: example.com/hold in 1 …`, as for namespaces. */
export function describeRemaining(
  remaining: readonly RemainingContent[],
  childClusterName: (uid: string) => string | undefined,
): string {
  const resources = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`)
  const holders = new Map<string, number>()
  for (const { finalizers } of remaining)
    for (const [finalizer, count] of Object.entries(finalizers))
      holders.set(finalizer, (holders.get(finalizer) ?? 0) + count)
  const finalizers = [...holders].map(([name, count]) => `${name} in ${count} resource instances`)
  const parts = [`Some resources are remaining: ${resources.join(', ')}`]
  if (finalizers.length > 0)
    parts.push(`Some content in the workspace has finalizers remaining: ${finalizers.join(', ')}`)
  const uids = new Set(remaining.flatMap(({ childClusters }) => childClusters))
  const names = [...uids].flatMap((uid) => childClusterName(uid) ?? []).sort()
  if (names.length > 0) parts.push(`Copies remain on child clusters: ${names.join(', ')}`)
  return parts.join('; ')
}
