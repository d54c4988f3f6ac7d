import type { Controller } from '../../controller/controller.ts'
import {
  createWorkspaceReconciler,
  type RemainingContent,
  workspaceFinalizer,
} from '../../reconcilers/workspace/workspace-reconciler.ts'
import { addressesOf, addressIn, isTerminating, toRequest } from './feed-requests.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'
import type { FleetInformers } from './fleet-informers.ts'

const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }

export function workspaceController(
  parts: ControllerParts & { readonly informers: FleetInformers },
  deleteLogicalCluster: (name: string) => Promise<readonly RemainingContent[]>,
): Controller {
  const objects = (parent: string) => parts.clientOf(parent).resource(workspaces)
  return feedController(parts, {
    name: 'workspace',
    workers: 16,
    toRequests(event) {
      const address = addressIn(event.key, workspaces.group, workspaces.resource)
      return address && isTerminating(event) ? [toRequest(address)] : []
    },
    async resync(enqueue, signal) {
      for await (const address of addressesOf(parts.backend, 'tenancy.kcp.io:workspaces', signal)) enqueue(address)
    },
    reconcile: createWorkspaceReconciler({
      deleteLogicalCluster,
      now: () => parts.clock.now(),
      childClusterName: (uid) => parts.informers.childClusters.byIndex('uid', uid)[0]?.metadata.name,
      async getWorkspace(parent, name) {
        const { version: _, ...type } = workspaces
        const found = await parts.reader.get({ logicalCluster: parent, ...type, namespace: '', name })
        return found && { apiVersion: `${workspaces.group}/${workspaces.version}`, kind: 'Workspace', ...found }
      },
      async updateStatus(parent, workspace) {
        await objects(parent).update(workspace, { subresource: 'status' })
      },
      async removeFinalizer(parent, { metadata }) {
        const finalizers = (metadata.finalizers ?? []).filter((one) => one !== workspaceFinalizer)
        const { uid, resourceVersion } = metadata
        const body = { metadata: { uid, resourceVersion, finalizers } }
        await objects(parent).patch({ name: metadata.name ?? '' }, { type: 'merge', body })
      },
    }),
  })
}
