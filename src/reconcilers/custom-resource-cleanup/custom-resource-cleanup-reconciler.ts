import type { Client } from '../../client/client.ts'
import type { Reconcile, ReconcileResult } from '../../controller/controller.ts'
import { ignoreNotFound, isNotFound } from '../../meta/api-errors.ts'
import { toApiPath } from '../../meta/group-version.ts'
import type { Condition, KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'
const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const lookAgainMs = 500 // instances go by themselves once their finalizers are removed
const lookAgainMaxMs = 15_000

export interface CustomResourceCleanupOptions {
  clientOf(logicalCluster: string): Client
  now(): number
}

interface CrdSpec {
  group: string
  scope: string
  names: { plural: string }
  versions: { name: string; served: boolean; storage: boolean }[]
}

/** Deletes every instance of a CRD that is being deleted, then lets the CRD go. */
export function createCustomResourceCleanupReconciler(options: CustomResourceCleanupOptions): Reconcile {
  return async ({ logicalCluster, name }): Promise<ReconcileResult | void> => {
    const client = options.clientOf(logicalCluster)
    const crd = await client.resource(crds).get({ name }).catch(ignoreNotFound)
    if (!crd?.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(cleanupFinalizer)) return
    const left = await deleteInstances(client, crd['spec'] as CrdSpec)
    if (left === 0) return writeStatus(client, withoutFinalizer(crd), removed, options.now())
    const message = `CustomResource deletion is in progress: ${left} instances remain`
    await writeStatus(client, crd, { status: 'True', reason: 'InstanceDeletionInProgress', message }, options.now())
    const waitedMs = options.now() - Date.parse(crd.metadata.deletionTimestamp)
    return { requeueAfterMs: Math.min(lookAgainMaxMs, Math.max(lookAgainMs, waitedMs / 4)) }
  }
}

/** How many are left afterwards. */
async function deleteInstances(client: Client, spec: CrdSpec): Promise<number> {
  const version = (
    spec.versions.find(({ storage, served }) => storage && served) ?? spec.versions.find(({ served }) => served)
  )?.name
  // Served in no version, the instances cannot be reached through the API: they go with the CRD's keys.
  if (version === undefined) return 0
  const gvr = { group: spec.group, version, resource: spec.names.plural }
  const instances = client.resource(gvr)
  const namespaces = new Set<string>()
  try {
    for await (const { metadata } of instances.listAll({ metadataOnly: true })) namespaces.add(metadata.namespace ?? '')
    for (const namespace of namespaces) {
      const place = namespace === '' ? '' : `/namespaces/${namespace}`
      await client.raw({ method: 'DELETE', path: `${toApiPath(gvr)}${place}/${gvr.resource}` })
    }
    let left = 0
    for await (const _ of instances.listAll({ metadataOnly: true })) left += 1
    return left
  } catch (error) {
    if (isNotFound(error)) return 0 // never established: no instances
    throw error
  }
}

type Terminating = Pick<Condition, 'status' | 'reason' | 'message'>

const removed: Terminating = { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }

function withoutFinalizer(crd: KubeObject): KubeObject {
  const finalizers = crd.metadata.finalizers?.filter((finalizer) => finalizer !== cleanupFinalizer) ?? []
  return { ...crd, metadata: { ...crd.metadata, finalizers } }
}

/**
 * The status endpoint of CRDs takes finalizers as well, and does not look at the rest of the CRD: as upstream, which lets
 * one go that could not be written any more.
 */
async function writeStatus(client: Client, crd: KubeObject, terminating: Terminating, nowMs: number): Promise<void> {
  const status = (crd['status'] ?? {}) as { conditions?: Condition[] }
  const known = status.conditions?.find(({ type }) => type === 'Terminating')
  const lastTransitionTime = known?.status === terminating.status ? known.lastTransitionTime : formatTime(nowMs)
  const others = status.conditions?.filter(({ type }) => type !== 'Terminating') ?? []
  const conditions = [...others, { type: 'Terminating', ...terminating, lastTransitionTime }]
  await client
    .resource(crds)
    .update({ ...crd, status: { ...status, conditions } }, { subresource: 'status' })
    .catch(ignoreNotFound)
}
