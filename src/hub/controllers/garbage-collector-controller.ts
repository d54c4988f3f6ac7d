import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import { fromApiVersion } from '../../meta/group-version.ts'
import type { KubeObject } from '../../meta/object.ts'
import {
  createGarbageCollectorReconciler,
  type Dependent,
  foreground,
  objectRequest,
  orphan,
  ownerGoneRequest,
} from '../../reconcilers/garbage-collector/garbage-collector-reconciler.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import type { FeedEvent, Key } from '../../storage/backend.ts'
import { nameOfKey, type ObjectAddress, ownerPrefix, parseObjectKey, prefixEnd } from '../../storage/keys.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'
import { followTerminatingClusters } from './feed-requests.ts'
import { type ControllerParts, feedController } from './controller-parts.ts'

export function garbageCollectorController(parts: ControllerParts): Controller {
  const terminating = followTerminatingClusters()
  const owners = createOwnerIndex(parts)
  return feedController(parts, {
    name: 'garbage-collector',
    workers: 8,
    toRequests(event) {
      terminating.follow(event)
      owners.follow(event)
      const address = parseObjectKey(event.key)
      if (!address) return toAdopted(event)
      // Where everything goes, what depends on a thing that is gone goes as well.
      if (event.type === 'delete' && terminating.has(address.logicalCluster)) return []
      return toRequests(event, address)
    },
    // Everything that has an owner is in the owner index, so a lost history is looked through there.
    resync: async (enqueue, signal) => {
      let start = 'w/'
      while (!signal.aborted) {
        const page = await parts.backend.range({ start, end: prefixEnd('w/'), limit: 1_000, keysOnly: true })
        for (const { key } of page.items) {
          const { logicalCluster, dependent } = parseOwnerKey(key)
          enqueue(objectRequest(logicalCluster, dependent))
        }
        const last = page.items.at(-1)
        if (!page.more || !last) return
        start = `${last.key}\u0000`
      }
    },
    reconcile: createGarbageCollectorReconciler({
      clientOf: parts.clientOf,
      dependentsOf: owners.dependentsOf,
      servedVersion: (logicalCluster, group, resource) => servedVersion(parts, logicalCluster, group, resource),
      resourceOfKind: (logicalCluster, apiVersion, kind) => resourceOfKind(parts, logicalCluster, apiVersion, kind),
    }),
  })
}

const ownersField = Buffer.from('"ownerReferences":[')
const deletionMark = Buffer.from('"deletionTimestamp":')
const ownFinalizers = [foreground, orphan].map((finalizer) => Buffer.from(JSON.stringify(finalizer)))

/** What there is to look at when an object has changed. Strings in the object can fool it: the reconciler looks. */
export function toRequests({ type, value, previous }: FeedEvent, address: ObjectAddress): ReconcileRequest[] {
  if (type === 'delete') {
    const uid = previous && uidOf(previous.value)
    return uid === undefined ? [] : [ownerGoneRequest(address.logicalCluster, uid)]
  }
  if (!value) return []
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  // What waits for others' finalizers is none of the collector's business.
  const isOursToEnd = bytes.includes(deletionMark) && ownFinalizers.some((finalizer) => bytes.includes(finalizer))
  // An owned object is looked at when it comes into being: its owner may be gone already.
  const isNewWithOwners = previous === undefined && bytes.includes(ownersField)
  return isNewWithOwners || isOursToEnd ? [objectRequest(address.logicalCluster, address)] : []
}

/**
 * An object that has got an owner since it came into being: the owner may be gone by now, and what looked for its
 * dependents then did not see this one.
 */
function toAdopted({ type, key }: FeedEvent): ReconcileRequest[] {
  if (type === 'delete' || !key.startsWith('w/')) return []
  const { logicalCluster, dependent } = parseOwnerKey(key)
  return [objectRequest(logicalCluster, dependent)]
}

/** Of `w/<logical cluster>/<owner uid>/<group>/<resource>/<namespace>/<name>`. */
function parseOwnerKey(key: Key): { logicalCluster: string; dependent: Dependent } {
  const [, logicalCluster = '', , group = '', resource = '', namespace = ''] = key.split('/')
  return { logicalCluster, dependent: { group, resource, namespace, name: nameOfKey(key) } }
}

function uidOf(value: Uint8Array): string | undefined {
  // A tombstone has no metadata of an object: nothing depends on what was never stored.
  try {
    return (JSON.parse(Buffer.from(decodeStoredValue(value)).toString()) as KubeObject).metadata.uid
  } catch {
    return undefined
  }
}

const rememberedOwnerless = 10_000 // logical clusters; ~100 bytes each

/** The owner index. Where nothing has an owner, as in most logical clusters, no deletion asks the store for dependents. */
function createOwnerIndex({ backend }: ControllerParts) {
  const ownerless = new Set<string>()
  let added = 0
  const isOwnerless = async (logicalCluster: string): Promise<boolean> => {
    if (ownerless.has(logicalCluster)) return true
    const before = added
    const prefix = `w/${logicalCluster}/`
    const { items } = await backend.range({ start: prefix, end: prefixEnd(prefix), limit: 1, keysOnly: true })
    if (items.length > 0) return false
    // A key that came while the store was asked may have been missed.
    if (added === before) {
      if (ownerless.size >= rememberedOwnerless) ownerless.clear()
      ownerless.add(logicalCluster)
    }
    return true
  }
  return {
    /** To be called with every event. */
    follow({ key, type }: FeedEvent): void {
      if (type === 'delete' || !key.startsWith('w/')) return
      added += 1
      ownerless.delete(key.slice(2, key.indexOf('/', 2)))
    },
    async dependentsOf(logicalCluster: string, uid: string): Promise<Dependent[]> {
      if (await isOwnerless(logicalCluster)) return []
      const prefix = ownerPrefix(logicalCluster, uid)
      const { items } = await backend.range({ start: prefix, end: prefixEnd(prefix), keysOnly: true })
      return items.map(({ key }) => parseOwnerKey(key).dependent)
    },
  }
}

async function servedVersion({ catalog }: ControllerParts, logicalCluster: string, group: string, resource: string) {
  const definition = await catalog.definitionOf(logicalCluster, group, resource)
  const version = definition?.versions[0]?.version
  return definition && version !== undefined ? { version, namespaced: definition.namespaced } : undefined
}

async function resourceOfKind({ catalog }: ControllerParts, logicalCluster: string, apiVersion: string, kind: string) {
  const groupVersion = fromApiVersion(apiVersion)
  if (!groupVersion) return undefined
  const { definitions } = await catalog.snapshot(logicalCluster)
  const found = definitions.find(
    (definition: ResourceDefinition) =>
      definition.kind === kind &&
      definition.group === groupVersion.group &&
      definition.versions.some(({ version }) => version === groupVersion.version),
  )
  return found && { resource: found.resource, namespaced: found.namespaced }
}
