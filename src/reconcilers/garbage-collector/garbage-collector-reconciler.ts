import type { Client, DeleteOptions, ObjectName } from '../../client/client.ts'
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
    if (deletesDependents(object)) {
      if (await deleteBlockingDependents(logicalCluster, object)) return true
      await removeFinalizer(found, foreground)
      return false
    }
    if (!object.metadata.deletionTimestamp) await deleteWhenUnowned(logicalCluster, found)
    return false
  }

  /** As upstream's attemptToDeleteItem. Of `waiting` it is known that it waits, by whatever version it is referred to. */
  async function deleteWhenUnowned(logicalCluster: string, found: Found, waiting?: string): Promise<void> {
    const { object } = found
    const owners = object.metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const { namespace } = object.metadata
    const states = await Promise.all(
      owners.map(async (owner) =>
        owner.uid === waiting ? waitingForDependents : stateOf(logicalCluster, owner, namespace),
      ),
    )
    const present = owners.filter((_, index) => states[index] === 'present')
    if (present.length > 0) {
      if (present.length < owners.length) await setOwners(found, present)
      return
    }
    if (!states.includes(waitingForDependents)) return deleteFound(found, policyOf(object))
    const dependents = await options.dependentsOf(logicalCluster, object.metadata.uid ?? '')
    if (dependents.length === 0) return deleteFound(found, policyOf(object))
    const isInCircle = await someDeletesDependents(logicalCluster, dependents)
    const current = isInCircle ? await unblockOwners(found) : found
    if (current) await deleteFound(current, 'Foreground')
  }

  /** Whether one of them is deleted in the foreground itself: with an owner that is, too, that may be a circle. */
  async function someDeletesDependents(logicalCluster: string, dependents: readonly Dependent[]): Promise<boolean> {
    for (const dependent of dependents) {
      const found = await find(logicalCluster, dependent)
      if (found && deletesDependents(found.object)) return true
    }
    return false
  }

  async function stateOf(
    logicalCluster: string,
    owner: OwnerReference,
    namespace: string | undefined,
  ): Promise<'present' | 'gone' | typeof waitingForDependents> {
    const served = await options.resourceOfKind(logicalCluster, owner.apiVersion, owner.kind)
    const groupVersion = fromApiVersion(owner.apiVersion)
    // A type that nothing serves may come back: its objects are not known to be gone.
    if (!served || !groupVersion) return 'present'
    if (served.namespaced && !namespace) return 'present' // a cluster-scoped dependent of a namespaced owner: ignored, as upstream does
    const gvr: GroupVersionResource = { ...groupVersion, resource: served.resource }
    const name = served.namespaced ? { namespace: namespace ?? '', name: owner.name } : { name: owner.name }
    const found = await options.clientOf(logicalCluster).resource(gvr).get(name).catch(ignoreMissing)
    if (!found || found.metadata.uid !== owner.uid) return 'gone'
    return deletesDependents(found) ? waitingForDependents : 'present'
  }

  async function deleteBlockingDependents(logicalCluster: string, owner: KubeObject): Promise<boolean> {
    let blocked = false
    const { uid: ownerUid = '', namespace } = owner.metadata
    for (const dependent of await options.dependentsOf(logicalCluster, ownerUid)) {
      // Elsewhere than its owner, it is no dependent: it is not waited for.
      if (namespace !== undefined && dependent.namespace !== namespace) continue
      const found = await find(logicalCluster, dependent)
      if (!found) continue
      const reference = found.object.metadata.ownerReferences?.find(({ uid }) => uid === ownerUid)
      if (!reference) continue
      if (reference.blockOwnerDeletion) blocked = true
      if (!found.object.metadata.deletionTimestamp) await deleteWhenUnowned(logicalCluster, found, ownerUid)
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

const waitingForDependents = 'waiting-for-dependents'
type PropagationPolicy = NonNullable<DeleteOptions['propagationPolicy']>

interface Found {
  objects: ReturnType<Client['resource']>
  objectName: ObjectName
  object: KubeObject
}

/** It is deleted in the foreground, and waits for what depends on it. */
function deletesDependents({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(foreground) === true
}

/** Its finalizers say what becomes of its own dependents. */
function policyOf({ metadata: { finalizers } }: KubeObject): PropagationPolicy {
  if (finalizers?.includes(orphan)) return 'Orphan'
  return finalizers?.includes(foreground) ? 'Foreground' : 'Background'
}

async function deleteFound({ objects, objectName, object }: Found, policy: PropagationPolicy): Promise<void> {
  const { uid = '', resourceVersion = '' } = object.metadata
  await objects
    .delete(objectName, { propagationPolicy: policy, preconditions: { uid, resourceVersion } })
    .catch(ignoreMissing)
}

/** Its owners no longer wait for it, so that those of a circle do not wait for each other. Undefined when it is gone. */
async function unblockOwners(found: Found): Promise<Found | undefined> {
  const owners = found.object.metadata.ownerReferences ?? []
  const object = await setOwners(
    found,
    owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
  )
  return object && { ...found, object }
}

/** Undefined when it is gone. */
async function setOwners(
  { objects, objectName, object }: Found,
  owners: readonly OwnerReference[],
): Promise<KubeObject | undefined> {
  const { uid, resourceVersion } = object.metadata
  const ownerReferences = owners.length === 0 ? null : owners.map((owner) => ({ ...owner }))
  const body = { metadata: { uid, resourceVersion, ownerReferences } }
  return objects.patch(objectName, { type: 'merge', body }).catch(ignoreMissing)
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
