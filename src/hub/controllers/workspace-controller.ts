import type { Identity } from '../../client/transport.ts'
import type { Controller } from '../../controller/controller.ts'
import { notFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  createWorkspaceReconciler,
  type RemainingContent,
  workspaceFinalizer,
} from '../../reconcilers/workspace/workspace-reconciler.ts'
import type { ObjectStore } from '../../registry/generic/object-store.ts'
import { addressesOf, addressIn, isTerminating, toRequest } from './feed-requests.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'
import type { FleetInformers } from './fleet-informers.ts'

const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }

/** What the end of a workspace is made of, in the name of `user`. */
export interface WorkspaceEnd {
  deleteLogicalCluster(name: string): Promise<readonly RemainingContent[]>
  readonly store: Pick<ObjectStore, 'update'>
  readonly user: Identity
}

export function workspaceController(
  parts: ControllerParts & { readonly informers: FleetInformers },
  { deleteLogicalCluster, store, user }: WorkspaceEnd,
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
      // The last step of every deletion, and nothing that admission has a say in: a request would cost more than the rest.
      async removeFinalizer(parent, { metadata: { name = '', uid } }) {
        const served = await parts.catalog.resolve(parent, workspaces.group, workspaces.version, workspaces.resource)
        if (!served) return
        const context = { user, dryRun: false, warn: () => {} }
        const scope = { logicalCluster: parent, ...served }
        await store.update(scope, { namespace: '', name, context, derived: true, next: withoutFinalizer(name, uid) })
      },
    }),
  })
}

/** Whatever else has changed meanwhile; but a workspace of the same name that has come since is another one. */
function withoutFinalizer(name: string, uid: string | undefined): (current: KubeObject | undefined) => KubeObject {
  return (current) => {
    if (!current || current.metadata.uid !== uid) throw notFound(workspaces, name)
    const { resourceVersion: _, finalizers = [], ...metadata } = current.metadata
    const others = finalizers.filter((finalizer) => finalizer !== workspaceFinalizer)
    return { ...current, metadata: { ...metadata, finalizers: others } }
  }
}
