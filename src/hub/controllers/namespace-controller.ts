import type { Controller } from '../../controller/controller.ts'
import type { GroupVersionResource } from '../../meta/group-version.ts'
import { createNamespaceContentsReconciler } from '../../reconcilers/namespace-contents/namespace-contents-reconciler.ts'
import { createNamespaceReconciler } from '../../reconcilers/namespace/namespace-reconciler.ts'
import { namespaceContents } from '../../registry/tenancy/workspace-contents.ts'
import { collectionPrefix, prefixEnd } from '../../storage/keys.ts'
import { addressesOf, addressIn, followTerminatingClusters, isTerminating, toRequest } from './feed-requests.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'

export function namespaceController(parts: ControllerParts): Controller {
  return feedController(parts, {
    name: 'namespace',
    workers: 8,
    toRequests(event) {
      const address = addressIn(event.key, '', 'namespaces')
      return address && isTerminating(event) ? [toRequest(address)] : []
    },
    async resync(enqueue, signal) {
      for await (const address of addressesOf(parts.backend, ':namespaces', signal)) enqueue(address)
    },
    reconcile: createNamespaceReconciler({
      clientOf: parts.clientOf,
      occupiedResources: (logicalCluster, namespace) => occupiedResources(parts, logicalCluster, namespace),
      now: () => parts.clock.now(),
    }),
  })
}

/** One key read for each namespaced resource that is served: what is empty costs nothing more. */
async function occupiedResources(
  { backend, catalog }: ControllerParts,
  logicalCluster: string,
  namespace: string,
): Promise<GroupVersionResource[]> {
  const { definitions } = await catalog.snapshot(logicalCluster)
  const occupied: GroupVersionResource[] = []
  for (const { group, resource, namespaced, versions, virtualCreate, storedAs } of definitions) {
    const [preferred] = versions
    if (!namespaced || virtualCreate || !preferred || storedAs) continue
    const prefix = collectionPrefix({ logicalCluster, group, resource, namespace })
    const { items } = await backend.range({ start: prefix, end: prefixEnd(prefix), limit: 1, keysOnly: true })
    if (items.length > 0) occupied.push({ group, version: preferred.version, resource })
  }
  return occupied
}

export function namespaceContentsController(parts: ControllerParts, caPem: string): Controller {
  const terminating = followTerminatingClusters()
  return feedController(parts, {
    name: 'namespace-contents',
    toRequests(event) {
      terminating.follow(event)
      const { type, key, previous } = event
      // New ones come with their namespace: only what changes or goes afterwards matters.
      if (type === 'put' && previous === undefined) return []
      const account = addressIn(key, '', 'serviceaccounts')
      const address = account?.name === 'default' ? account : undefined
      const configMap = address ? undefined : addressIn(key, '', 'configmaps')
      const found = address ?? (configMap?.name === 'kube-root-ca.crt' ? configMap : undefined)
      if (!found || terminating.has(found.logicalCluster)) return []
      return [{ logicalCluster: found.logicalCluster, namespace: '', name: found.namespace }]
    },
    async resync(enqueue, signal) {
      for await (const address of addressesOf(parts.backend, ':namespaces', signal)) enqueue(address)
    },
    reconcile: createNamespaceContentsReconciler({
      clientOf: parts.clientOf,
      contentsOf: (namespace) =>
        namespaceContents(namespace, caPem).map(({ kind, object }) => ({
          resource: kind === 'configMaps' ? 'configmaps' : 'serviceaccounts',
          object,
        })),
    }),
  })
}
