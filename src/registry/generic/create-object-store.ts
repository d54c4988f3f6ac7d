import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { isNotFound, notFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { fillFromSystem, type FillRandom } from '../../meta/random-bytes.ts'
import type { Backend } from '../../storage/backend.ts'
import { nameOfKey, type CollectionAddress, type ObjectAddress, parseObjectKey } from '../../storage/keys.ts'
import type { CachedObject, ObjectCache } from '../../storage/object-cache.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { ResourceCatalog } from '../resource-catalog.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { createObject } from './create-object.ts'
import { deleteObject } from './delete-object.ts'
import { findObject } from './find-object.ts'
import { liftStorageError } from './lift-storage-error.ts'
import { listObjects, waitForResourceVersion } from './list-objects.ts'
import { createLifecycles } from './logical-cluster-lifecycle.ts'
import type { ListQuery, ObjectStore, ResourceScope } from './object-store.ts'
import type { StoreParts } from './store-parts.ts'
import { createTurns } from './turns.ts'
import { toVersion, toVersionBytes } from './stored-form.ts'
import { updateObject } from './update-object.ts'
import { watchObjects } from './watch-objects.ts'

export interface ObjectStoreOptions {
  readonly backend: Backend
  readonly cache: ObjectCache
  readonly catalog: ResourceCatalog
  readonly clock: Clock
  readonly logger: Logger
  /** Where uids and generated names come from. */
  readonly fillRandom?: FillRandom
}

/** How many objects of a collection are deleted at once: enough to share a group commit, too few to crowd others out. */
const deletesAtOnce = 32

/** The backend and the cache stay the caller's; `close` gives up what the store itself holds. */
export function createObjectStore(options: ObjectStoreOptions): ObjectStore & { close(): void } {
  const { backend, cache, catalog, clock, logger, fillRandom = fillFromSystem } = options
  const lifecycles = createLifecycles(backend)
  const reader: ObjectReader = {
    get: (address) => readOne(parts, address),
    list: (collection) => readAll(parts, collection),
  }
  const parts: StoreParts = {
    backend,
    cache,
    catalog,
    lifecycles,
    reader,
    turns: createTurns(),
    clock,
    fillRandom,
    logger,
  }
  return {
    reader,
    get: (scope, namespace, name) => getObject(parts, scope, namespace, name),
    ready: (resourceVersion) => waitForResourceVersion(parts, resourceVersion),
    list: (scope, query) => listObjects(parts, scope, query),
    watch: (scope, query) => watchObjects(parts, scope, query),
    create: (scope, request) => lifted(createObject(parts, scope, request)),
    update: (scope, request) => lifted(updateObject(parts, scope, request)),
    delete: (scope, request) => lifted(deleteObject(parts, scope, request)),
    deleteCollection: (scope, query, request, admit) => lifted(deleteAll(parts, scope, query, request, admit)),
    toVersion,
    toItemBytes: toVersionBytes,
    close: () => lifecycles.close(),
  }
}

async function lifted<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw liftStorageError(error)
  }
}

function getObject(
  parts: StoreParts,
  scope: ResourceScope,
  namespace: string,
  name: string,
): MaybePromise<CachedObject> {
  const found = findObject(parts, scope, namespace, name)
  if (!isPromise(found)) return found ?? missing(scope, name)
  return lifted(found).then((object) => object ?? missing(scope, name))
}

function missing({ definition }: ResourceScope, name: string): never {
  throw notFound(definition, name)
}

async function deleteAll(
  parts: StoreParts,
  scope: ResourceScope,
  query: ListQuery,
  request: Parameters<ObjectStore['deleteCollection']>[2],
  admit: Parameters<ObjectStore['deleteCollection']>[3],
): Promise<{ objects: readonly CachedObject[]; revision: number }> {
  const page = await listObjects(parts, scope, query)
  const deleted: CachedObject[] = []
  const objects = page.chunks.flat()
  for (let start = 0; start < objects.length; start += deletesAtOnce) {
    const batch = objects.slice(start, start + deletesAtOnce)
    const results = await Promise.all(batch.map((object) => deleteOne(parts, scope, object, request, admit)))
    for (const result of results) if (result) deleted.push(result)
  }
  return { objects: deleted, revision: page.revision }
}

async function deleteOne(
  parts: StoreParts,
  scope: ResourceScope,
  object: CachedObject,
  request: Parameters<ObjectStore['deleteCollection']>[2],
  admit: Parameters<ObjectStore['deleteCollection']>[3],
): Promise<CachedObject | undefined> {
  const namespace = parseObjectKey(object.key)?.namespace ?? ''
  const checks = admit ? { admit: admit(object) } : {}
  try {
    const result = await deleteObject(parts, scope, { ...request, namespace, name: nameOfKey(object.key), ...checks })
    return result.object
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** The scope of the stored form: no version is converted to. */
function storedScope(logicalCluster: string, definition: ResourceDefinition): ResourceScope | undefined {
  const version =
    definition.versions.find(({ version }) => version === definition.storageVersion) ?? definition.versions[0]
  return version && { logicalCluster, definition, version }
}

function readOne(parts: StoreParts, address: ObjectAddress): MaybePromise<KubeObject | undefined> {
  const { logicalCluster, group, resource, namespace, name } = address
  return chain(parts.catalog.definitionOf(logicalCluster, group, resource), (definition) => {
    if (!definition) return undefined
    return chain(findObject(parts, { logicalCluster, definition }, namespace, name), (object) => object?.parsed)
  })
}

function readAll(parts: StoreParts, address: CollectionAddress): MaybePromise<readonly KubeObject[]> {
  const { logicalCluster, group, resource, namespace } = address
  return chain(parts.catalog.definitionOf(logicalCluster, group, resource), (definition) => {
    const scope = definition && storedScope(logicalCluster, definition)
    if (!scope) return []
    const page = listObjects(parts, scope, namespace === undefined ? {} : { namespace })
    return chain(page, ({ chunks }) => chunks.flatMap((chunk) => chunk.map(({ parsed }) => parsed)))
  })
}
