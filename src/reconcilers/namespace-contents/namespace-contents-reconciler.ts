import type { Client } from '../../client/client.ts'
import type { Reconcile } from '../../controller/controller.ts'
import { isAlreadyExists, isForbidden, isNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'

export interface NamespaceContentsOptions {
  clientOf(logicalCluster: string): Client
  /** What belongs into every namespace: the default ServiceAccount, kube-root-ca.crt. */
  contentsOf(namespace: string): readonly { resource: 'serviceaccounts' | 'configmaps'; object: KubeObject }[]
}

/**
 * Puts back what every namespace has when somebody deletes or edits it. It comes into being with the namespace, so
 * this runs only for the exceptions. Requests name the namespace.
 */
export function createNamespaceContentsReconciler({ clientOf, contentsOf }: NamespaceContentsOptions): Reconcile {
  return async ({ logicalCluster, name: namespace }) => {
    const client = clientOf(logicalCluster)
    const found = await client
      .resource({ group: '', version: 'v1', resource: 'namespaces' })
      .get({ name: namespace })
      .catch(ignoreMissing)
    if (!found || found.metadata.deletionTimestamp) return
    for (const { resource, object } of contentsOf(namespace)) await restore(client, resource, object)
  }
}

async function restore(client: Client, resource: string, wanted: KubeObject): Promise<void> {
  const objects = client.resource({ group: '', version: 'v1', resource })
  const name = { namespace: wanted.metadata.namespace ?? '', name: wanted.metadata.name ?? '' }
  const current = await objects.get(name).catch(ignoreMissing)
  try {
    if (!current) await objects.create(wanted)
    else if ('data' in wanted && JSON.stringify(current['data']) !== JSON.stringify(wanted['data']))
      await objects.update({ ...current, data: wanted['data'] })
  } catch (error) {
    // Somebody was quicker, or the namespace (or the whole workspace) is going away.
    if (!isAlreadyExists(error) && !isForbidden(error) && !isNotFound(error)) throw error
  }
}

function ignoreMissing(error: unknown): undefined {
  if (isNotFound(error) || isForbidden(error)) return undefined
  throw error
}
