import type { Client, ObjectName } from '../../client/client.ts'
import type { Reconcile, ReconcileRequest } from '../../controller/controller.ts'
import { isApiStatusError, isConflict, isNotFound } from '../../meta/api-errors.ts'
import { fromApiVersion, type GroupVersionResource } from '../../meta/group-version.ts'
import type { KubeObject, OwnerReference } from '../../meta/object.ts'

/** An object in one logical cluster, by its stored resource. */
export interface Dependent {
  group: string
  resource: string
  namespace: string
  name: string
}

export interface GarbageCollectorOptions {
  clientOf(logicalCluster: string): Client
  /** Objects whose ownerReferences name this uid, from the owner index. */
  dependentsOf(logicalCluster: string, ownerUid: string): Promise<readonly Dependent[]>
  /** The served version of a group-resource; undefined when it is not served (any more). */
  servedVersion(
    logicalCluster: string,
    group: string,
    resource: string,
  ): Promise<{ version: string; namespaced: boolean } | undefined>
  /** The resource of an owner's apiVersion and kind; undefined when nothing serves it. */
  resourceOfKind(
    logicalCluster: string,
    apiVersion: string,
    kind: string,
  ): Promise<{ resource: string; namespaced: boolean } | undefined>
}

/** Finalizers that the collector removes: what depends on the object has to go first, or to stay. */
export const foreground = 'foregroundDeletion'
export const orphan = 'orphan'
const blockedLookAgainMs = 1_000

/** A request about an owner that is gone. */
export function ownerGoneRequest(logicalCluster: string, uid: string): ReconcileRequest {
  return { logicalCluster, namespace: '', name: `uid/${uid}` }
}

/** A request about an object that has owners, or that is deleted in the foreground or orphaning. */
export function objectRequest(
  logicalCluster: string,
  { group, resource, namespace, name }: Dependent,
): ReconcileRequest {
  return { logicalCluster, namespace, name: `object/${group}/${resource}/${name}` }
}

/**
 * Deletes what lost all its owners, lets foreground deletions end when what blocks them is gone, and cuts dependents
 * loose where the owner was deleted with Orphan. Owners are looked up by uid, never by name alone; an owner in another
 * namespace is no owner.
 */
export function createGarbageCollectorReconciler(options: GarbageCollectorOptions): Reconcile {
  const collector = createCollector(options)
  return async ({ logicalCluster, namespace, name }) => {
    const [type, ...rest] = name.split('/')
    if (type === 'uid') {
      for (const dependent of await options.dependentsOf(logicalCluster, rest[0] ?? ''))
        await collector.examine(logicalCluster, dependent)
      return
    }
    const [group = '', resource = '', objectName = ''] = rest
    const blocked = await collector.examine(logicalCluster, { group, resource, namespace, name: objectName })
    return blocked ? { requeueAfterMs: blockedLookAgainMs } : undefined
  }
}

function createCollector(options: GarbageCollectorOptions) {
  async function find(logicalCluster: string, { group, resource, namespace, name }: Dependent) {
    const served = await options.servedVersion(logicalCluster, group, resource)
    if (!served) return undefined
    const objects = options.clientOf(logicalCluster).resource({ group, version: served.version, resource })
    const objectName: ObjectName = served.namespaced ? { namespace, name } : { name }
    const object = await objects.get(objectName).catch(ignoreMissing)
    return object && { objects, objectName, object }
  }

  /** True when a foreground deletion still waits for dependents. */
  async function examine(logicalCluster: string, dependent: Dependent): Promise<boolean> {
    const found = await find(logicalCluster, dependent)
    if (!found) return false
    const { object } = found
    const finalizers = object.metadata.finalizers ?? []
    if (object.metadata.deletionTimestamp && finalizers.includes(orphan)) {
      await releaseDependents(logicalCluster, object)
      await removeFinalizer(found, orphan)
      return false
    }
    if (object.metadata.deletionTimestamp && finalizers.includes(foreground)) {
      if (await deleteBlockingDependents(logicalCluster, object)) return true
      await removeFinalizer(found, foreground)
      return false
    }
    if (!object.metadata.deletionTimestamp) await deleteWhenUnowned(logicalCluster, found)
    return false
  }

  async function deleteWhenUnowned(logicalCluster: string, found: Found): Promise<void> {
    const { object, objects, objectName } = found
    const owners = object.metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const states = await Promise.all(owners.map((owner) => stateOf(logicalCluster, owner, object.metadata.namespace)))
    const gone = owners.filter((_, index) => states[index] === 'gone')
    if (gone.length === 0 && !states.every((state) => state === 'waiting-for-dependents')) return
    const { uid = '', resourceVersion = '' } = object.metadata
    if (gone.length === owners.length) {
      await objects
        .delete(objectName, { propagationPolicy: 'Background', preconditions: { uid, resourceVersion } })
        .catch(ignoreMissing)
    } else if (states.every((state) => state !== 'present')) {
      await objects
        .delete(objectName, { propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } })
        .catch(ignoreMissing)
    } else {
      await setOwners(
        found,
        owners.filter((owner) => !gone.includes(owner)),
      )
    }
  }

  async function stateOf(
    logicalCluster: string,
    owner: OwnerReference,
    namespace: string | undefined,
  ): Promise<'present' | 'gone' | 'waiting-for-dependents'> {
    const served = await options.resourceOfKind(logicalCluster, owner.apiVersion, owner.kind)
    const groupVersion = fromApiVersion(owner.apiVersion)
    // A type that nothing serves may come back: its objects are not known to be gone.
    if (!served || !groupVersion) return 'present'
    if (served.namespaced && !namespace) return 'present' // a cluster-scoped dependent of a namespaced owner: ignored, as upstream does
    const gvr: GroupVersionResource = { ...groupVersion, resource: served.resource }
    const name = served.namespaced ? { namespace: namespace ?? '', name: owner.name } : { name: owner.name }
    const found = await options.clientOf(logicalCluster).resource(gvr).get(name).catch(ignoreMissing)
    if (!found || found.metadata.uid !== owner.uid) return 'gone'
    const waits = found.metadata.deletionTimestamp && found.metadata.finalizers?.includes(foreground)
    return waits && owner.blockOwnerDeletion ? 'waiting-for-dependents' : 'present'
  }

  async function deleteBlockingDependents(logicalCluster: string, owner: KubeObject): Promise<boolean> {
    let blocked = false
    for (const dependent of await options.dependentsOf(logicalCluster, owner.metadata.uid ?? '')) {
      const found = await find(logicalCluster, dependent)
      if (!found) continue
      const reference = found.object.metadata.ownerReferences?.find(({ uid }) => uid === owner.metadata.uid)
      if (!reference) continue
      if (reference.blockOwnerDeletion) blocked = true
      if (found.object.metadata.deletionTimestamp) continue
      if ((found.object.metadata.ownerReferences?.length ?? 0) > 1) {
        await deleteWhenUnowned(logicalCluster, found)
        continue
      }
      const { uid = '' } = found.object.metadata
      await found.objects
        .delete(found.objectName, { propagationPolicy: 'Foreground', preconditions: { uid } })
        .catch(ignoreMissing)
    }
    return blocked
  }

  async function releaseDependents(logicalCluster: string, owner: KubeObject): Promise<void> {
    for (const dependent of await options.dependentsOf(logicalCluster, owner.metadata.uid ?? '')) {
      const found = await find(logicalCluster, dependent)
      const owners = found?.object.metadata.ownerReferences
      if (!found || !owners?.some(({ uid }) => uid === owner.metadata.uid)) continue
      await setOwners(
        found,
        owners.filter(({ uid }) => uid !== owner.metadata.uid),
      )
    }
  }

  return { examine }
}

interface Found {
  objects: ReturnType<Client['resource']>
  objectName: ObjectName
  object: KubeObject
}

async function setOwners({ objects, objectName, object }: Found, owners: readonly OwnerReference[]): Promise<void> {
  const { uid, resourceVersion } = object.metadata
  const ownerReferences = owners.length === 0 ? null : owners.map((owner) => ({ ...owner }))
  const body = { metadata: { uid, resourceVersion, ownerReferences } }
  await objects.patch(objectName, { type: 'merge', body }).catch(ignoreMissing)
}

async function removeFinalizer({ objects, objectName, object }: Found, finalizer: string): Promise<void> {
  const { uid, resourceVersion } = object.metadata
  const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
  await objects
    .patch(objectName, { type: 'merge', body: { metadata: { uid, resourceVersion, finalizers } } })
    .catch(ignoreMissing)
}

/** Gone, or replaced under the same name: what we wanted to change is no more. A stale read is left to the retry. */
function ignoreMissing(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  if (isConflict(error) && isApiStatusError(error) && /uid/i.test(error.message)) return undefined
  throw error
}
