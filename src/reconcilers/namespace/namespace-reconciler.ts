import type { Client } from '../../client/client.ts'
import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { isApiStatusError, isConflict, ignoreNotFound, isNotFound } from '../../meta/api-errors.ts'
import { toApiPath, toQualifiedResource, type GroupVersionResource } from '../../meta/group-version.ts'
import type { Condition, KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'

export interface NamespaceReconcilerOptions {
  /** A client of one logical cluster. */
  clientOf(logicalCluster: string): Client
  /** The namespaced resources of which the namespace has any, in a served version. */
  occupiedResources(logicalCluster: string, namespace: string): Promise<readonly GroupVersionResource[]>
  now(): number
}

const namespaces: GroupVersionResource = { group: '', version: 'v1', resource: 'namespaces' }
const lookAgainMs = 500 // content goes by itself once its finalizers are removed
const lookAgainMaxMs = 15_000

/**
 * Empties a terminating namespace and then finalizes it. What keeps it from ending is told in the conditions that
 * kube-controller-manager's namespace controller writes.
 */
export function createNamespaceReconciler(options: NamespaceReconcilerOptions): Reconcile {
  return async ({ logicalCluster, name }): Promise<ReconcileResult | void> => {
    const client = options.clientOf(logicalCluster)
    const namespace = await client.resource(namespaces).get({ name }).catch(ignoreNotFound)
    if (!namespace?.metadata.deletionTimestamp || finalizersOf(namespace).length === 0) return
    const resources = await options.occupiedResources(logicalCluster, name)
    for (const resource of resources) await deleteAll(client, resource, name)
    const left = await options.occupiedResources(logicalCluster, name)
    if (left.length === 0) return finalize(client, namespace)
    await reportRemaining(client, namespace, left, options.now())
    const waitedMs = options.now() - Date.parse(namespace.metadata.deletionTimestamp)
    return { requeueAfterMs: Math.min(lookAgainMaxMs, Math.max(lookAgainMs, waitedMs / 4)) }
  }
}

function finalizersOf(namespace: KubeObject): string[] {
  return (namespace['spec'] as { finalizers?: string[] } | undefined)?.finalizers ?? []
}

async function deleteAll(client: Client, gvr: GroupVersionResource, namespace: string): Promise<void> {
  const path = `${toApiPath(gvr)}/namespaces/${namespace}/${gvr.resource}`
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' })
  const { status } = await client.raw({ method: 'DELETE', path, headers, body })
  if (status !== 404 && status !== 405) return
  // No deletecollection: one by one, as upstream does.
  const one = client.resource(gvr)
  for await (const object of one.listAll({ namespace, metadataOnly: true }))
    await one.delete({ namespace, name: object.metadata.name ?? '' }).catch(ignoreGone)
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !(isApiStatusError(error) && error.code === 405)) throw error
}

async function finalize(client: Client, namespace: KubeObject): Promise<void> {
  const kept = finalizersOf(namespace).filter((finalizer) => finalizer !== 'kubernetes')
  const spec = { ...(namespace['spec'] as object), finalizers: kept }
  try {
    await client.resource(namespaces).update({ ...namespace, spec }, { subresource: 'finalize' })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function reportRemaining(
  client: Client,
  namespace: KubeObject,
  left: readonly GroupVersionResource[],
  nowMs: number,
): Promise<void> {
  const counts: string[] = []
  const holders = new Map<string, number>()
  for (const gvr of left) {
    let count = 0
    for await (const object of client
      .resource(gvr)
      .listAll({ namespace: namespace.metadata.name ?? '', metadataOnly: true })) {
      count += 1
      for (const finalizer of object.metadata.finalizers ?? [])
        holders.set(finalizer, (holders.get(finalizer) ?? 0) + 1)
    }
    if (count > 0) counts.push(`${toQualifiedResource(gvr)} has ${count} resource instances`)
  }
  const finalizers = [...holders].map(([name, count]) => `${name} in ${count} resource instances`)
  const conditions = [
    condition('NamespaceContentRemaining', counts, 'SomeResourcesRemain', 'ContentRemoved', {
      some: `Some resources are remaining: ${counts.join(', ')}`,
      none: 'All content successfully removed',
    }),
    condition('NamespaceFinalizersRemaining', finalizers, 'SomeFinalizersRemain', 'ContentHasNoFinalizers', {
      some: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
      none: 'All content-preserving finalizers finished',
    }),
  ]
  const status = (namespace['status'] ?? {}) as { conditions?: Condition[] }
  const known = status.conditions ?? []
  const changed = conditions.filter(({ type, message }) => known.find((one) => one.type === type)?.message !== message)
  if (changed.length === 0) return
  const lastTransitionTime = formatTime(nowMs)
  const merged = [
    ...known.filter(({ type }) => !changed.some((one) => one.type === type)),
    ...changed.map((one) => ({ ...one, lastTransitionTime })),
  ]
  try {
    const next = { ...namespace, status: { ...status, conditions: merged } }
    await client.resource(namespaces).update(next, { subresource: 'status' })
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error
  }
}

function condition(
  type: string,
  found: readonly string[],
  someReason: string,
  noneReason: string,
  texts: { some: string; none: string },
): Omit<Condition, 'lastTransitionTime'> {
  return found.length > 0
    ? { type, status: 'True', reason: someReason, message: texts.some }
    : { type, status: 'False', reason: noneReason, message: texts.none }
}
