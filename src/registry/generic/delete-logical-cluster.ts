import type { Identity } from '../../client/transport.ts'
import { isNotFound } from '../../meta/api-errors.ts'
import { targetsAnnotation } from '../../meta/fleet/fleet-names.ts'
import { toQualifiedResource } from '../../meta/group-version.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import { type Backend, type Key, type KeyValue, maxTxnOperations } from '../../storage/backend.ts'
import {
  identityKey,
  lifecycleKey,
  logicalClusterPrefix,
  type ObjectAddress,
  parseObjectKey,
  prefixEnd,
} from '../../storage/keys.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'
import type { ResourceCatalog } from '../resource-catalog.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { fenceLogicalCluster } from './logical-cluster-lifecycle.ts'
import type { ObjectStore } from './object-store.ts'

/** What still stands in a logical cluster that is being deleted, by resource. */
export interface Remaining {
  /** `configmaps`, `certificates.cert-manager.io` */
  readonly resource: string
  readonly count: number
  readonly finalizers: Readonly<Record<string, number>>
  /** uids of child clusters that still have copies; not all of them when there are very many. */
  readonly childClusters: readonly string[]
}

export interface DeletionParts {
  readonly backend: Backend
  readonly catalog: ResourceCatalog
  readonly store: ObjectStore
  /** In whose name objects with finalizers are marked for deletion. */
  readonly user: Identity
}

const namedChildClusters = 100
const pageSize = 500 // objects read at once
const deletesPerTxn = 90 // keys; the contract allows 100 operations
const ownerPrefixOf = (logicalCluster: string): string => `w/${logicalCluster}/`
const definitionsPrefix = 'apiextensions.k8s.io'

/**
 * Deletes everything in a logical cluster, then the logical cluster. Creates are fenced off first. Objects with
 * finalizers are marked for deletion and answered: whoever owns the finalizers is to remove them, then this is called
 * again. Nothing is removed while there is one. Resumable at any point: what is gone is gone, CRDs go last because they
 * say what their instances are.
 */
export async function deleteLogicalCluster(
  parts: DeletionParts,
  logicalCluster: string,
): Promise<readonly Remaining[]> {
  const fence = await fenceLogicalCluster(parts.backend, logicalCluster)
  if (fence === 'absent' || (await removeAtOnce(parts, logicalCluster, fence === 'fenced'))) return []
  const remaining = await markHeldObjects(parts, logicalCluster)
  if (remaining.length > 0) return remaining
  const left = await removeObjects(parts, logicalCluster, ({ group }) => group !== definitionsPrefix)
  if (left > 0) await removeObjects(parts, logicalCluster, () => true)
  await removeKeys(parts.backend, ownerPrefixOf(logicalCluster))
  await parts.backend.txn({ deletes: [lifecycleKey(logicalCluster)] })
  return []
}

const nothing = new Uint8Array(0)
const ownersField = Buffer.from('"ownerReferences":[')

/**
 * Most logical clusters hold little and nothing that anybody holds: one look and one transaction are enough. False, and
 * nothing is changed, when that is not so. `isWhole`: nothing has been removed yet, so the owner index can hold no more
 * than the objects say.
 */
async function removeAtOnce(
  { backend, catalog }: DeletionParts,
  logicalCluster: string,
  isWhole: boolean,
): Promise<boolean> {
  const firstOf = async (prefix: string, keysOnly: boolean) =>
    backend.range({ start: prefix, end: prefixEnd(prefix), limit: maxTxnOperations, keysOnly })
  const objects = await firstOf(logicalClusterPrefix(logicalCluster), false)
  if (objects.more || objects.items.some(({ value }) => finalizedMetadata(value))) return false
  const keys: Key[] = []
  const known: KeyValue[] = [...objects.items]
  if (!isWhole || objects.items.some(({ value }) => toBuffer(value).includes(ownersField))) {
    const owned = await firstOf(ownerPrefixOf(logicalCluster), true)
    if (owned.more) return false
    keys.push(...owned.items.map(({ key }) => key))
  }
  const definitionOf = definitions(catalog, logicalCluster)
  for (const { key, createRevision } of objects.items) {
    const address = parseObjectKey(key)
    const definition = address && (await definitionOf(address))
    keys.push(key)
    if (!definition) continue
    const index = identityKey(definition.identity, address)
    keys.push(index)
    if (cameWithIndex(definition)) known.push({ key: index, value: nothing, revision: createRevision, createRevision })
  }
  // Last, as when it takes several transactions: whoever follows the feed knows until then why all this goes.
  keys.push(lifecycleKey(logicalCluster))
  if (keys.length > maxTxnOperations) return false
  await backend.txn({ deletes: keys, known: { revision: objects.revision, items: known } })
  return true
}

async function* pages(backend: Backend, prefix: string, keysOnly: boolean): AsyncGenerator<readonly KeyValue[]> {
  let start = prefix
  for (;;) {
    const page = await backend.range({ start, end: prefixEnd(prefix), limit: pageSize, keysOnly })
    if (page.items.length > 0) yield page.items
    const last = page.items.at(-1)
    if (!page.more || !last) return
    start = `${last.key}\u0000`
  }
}

async function markHeldObjects(parts: DeletionParts, logicalCluster: string): Promise<Remaining[]> {
  const held = new Map<string, { count: number; finalizers: Record<string, number>; targets: Set<string> }>()
  for await (const items of pages(parts.backend, logicalClusterPrefix(logicalCluster), false)) {
    for (const { key, value } of items) {
      const address = parseObjectKey(key)
      const metadata = address && finalizedMetadata(value)
      if (!metadata) continue
      if (!metadata.deletionTimestamp) await mark(parts, address)
      const resource = toQualifiedResource(address)
      const entry = held.get(resource) ?? { count: 0, finalizers: {}, targets: new Set() }
      entry.count += 1
      for (const uid of metadata.annotations?.[targetsAnnotation]?.split(',') ?? [])
        if (uid !== '' && entry.targets.size < namedChildClusters) entry.targets.add(uid)
      for (const finalizer of metadata.finalizers ?? [])
        entry.finalizers[finalizer] =
          (Object.hasOwn(entry.finalizers, finalizer) ? (entry.finalizers[finalizer] ?? 0) : 0) + 1
      held.set(resource, entry)
    }
  }
  return [...held].map(([resource, { targets, ...entry }]) => ({ resource, ...entry, childClusters: [...targets] }))
}

const finalizersField = Buffer.from('"finalizers":[')

/**
 * The metadata of an object that has finalizers. A namespace's own spec.finalizers are not among them: they hold its
 * contents, which go with everything else here.
 */
function finalizedMetadata(value: Uint8Array): ObjectMeta | undefined {
  if (!toBuffer(value).includes(finalizersField)) return undefined
  const { metadata } = JSON.parse(Buffer.from(decodeStoredValue(value)).toString()) as KubeObject
  // A CRD's own finalizer waits for its instances, which go first in any case.
  const foreign = (metadata.finalizers ?? []).filter((one) => one !== 'customresourcecleanup.apiextensions.k8s.io')
  return foreign.length > 0 ? { ...metadata, finalizers: foreign } : undefined
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

async function mark({ catalog, store, user }: DeletionParts, address: ObjectAddress): Promise<void> {
  const { logicalCluster, group, resource, namespace, name } = address
  const definition = await catalog.definitionOf(logicalCluster, group, resource)
  const version = definition?.versions[0]
  if (!definition || !version) return
  const context = { user, dryRun: false, warn: () => {} }
  try {
    await store.delete({ logicalCluster, definition, version }, { namespace, name, context, options: {} })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** By group and resource, each asked for once. */
function definitions(catalog: ResourceCatalog, logicalCluster: string) {
  const known = new Map<string, ResourceDefinition | undefined>()
  return async ({ group, resource }: ObjectAddress): Promise<ResourceDefinition | undefined> => {
    const type = `${group}/${resource}`
    if (!known.has(type)) known.set(type, await catalog.definitionOf(logicalCluster, group, resource))
    return known.get(type)
  }
}

/**
 * Whether the object's index key has come with the first version of the object's own key, and nobody has written it
 * since. Not where a tombstone may have stood first (of an overlay that an earlier version of the hub had, too), nor
 * where a type may have been another one then.
 */
function cameWithIndex({ overlay, custom }: ResourceDefinition): boolean {
  return !custom && overlay === undefined
}

/** Answers how many do not belong and are still there. */
async function removeObjects(
  { backend, catalog }: DeletionParts,
  logicalCluster: string,
  belongs: (address: ObjectAddress) => boolean,
): Promise<number> {
  let left = 0
  const definitionOf = definitions(catalog, logicalCluster)
  for await (const items of pages(backend, logicalClusterPrefix(logicalCluster), true)) {
    const keys: Key[] = []
    for (const { key } of items) {
      const address = parseObjectKey(key)
      if (!address || !belongs(address)) {
        left += 1
        continue
      }
      const identity = (await definitionOf(address))?.identity
      keys.push(key, ...(identity === undefined ? [] : [identityKey(identity, address)]))
    }
    await deleteKeys(backend, keys)
  }
  return left
}

async function removeKeys(backend: Backend, prefix: string): Promise<void> {
  for await (const items of pages(backend, prefix, true))
    await deleteKeys(
      backend,
      items.map(({ key }) => key),
    )
}

async function deleteKeys(backend: Backend, keys: readonly Key[]): Promise<void> {
  const waiting: Promise<unknown>[] = []
  for (let start = 0; start < keys.length; start += deletesPerTxn)
    waiting.push(backend.txn({ deletes: keys.slice(start, start + deletesPerTxn) }))
  await Promise.all(waiting)
}
