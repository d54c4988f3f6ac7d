import type { KubeObject } from '../../meta/object.ts'
import { stringifyJson } from '../../meta/json.ts'
import { toApiVersion } from '../../meta/group-version.ts'
import { logicalClusterAnnotation } from '../../meta/logical-cluster.ts'
import { parseObjectKey, type ObjectAddress } from '../../storage/keys.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import type { ResourceScope, StoragePlace } from './object-store.ts'

/** Where a scope's objects are stored: events of events.k8s.io live with the core group's. */
export function addressOf(place: StoragePlace, namespace: string, name: string): ObjectAddress {
  const { logicalCluster, definition } = place
  const { group, resource } = definition.storedAs ?? definition
  return { logicalCluster, group, resource, namespace, name }
}

/** The object in the scope's version, with apiVersion and kind. Its parts may be the cache's: never change them. */
export function toVersion(scope: ResourceScope, object: CachedObject): KubeObject {
  const { definition, version } = scope
  const stored = scope.logicalCluster === '*' ? annotate(object) : object.parsed
  const converted = version.fromStorage ? version.fromStorage(stored) : stored
  return {
    ...converted,
    kind: definition.kind,
    apiVersion: toApiVersion({ group: definition.group, version: version.version }),
    metadata: converted.metadata,
  }
}

/** Item bytes of the scope's version: what is stored, unless versions differ in more than their name. */
export function toVersionBytes(scope: ResourceScope, object: CachedObject): Uint8Array {
  const { fromStorage } = scope.version
  if (!fromStorage && scope.logicalCluster !== '*') return object.item
  const stored = scope.logicalCluster === '*' ? annotate(object) : object.parsed
  const converted = fromStorage ? fromStorage(stored) : stored
  return Buffer.from(stringifyJson({ ...converted, apiVersion: undefined, kind: undefined }))
}

/** Answers over all workspaces say where each object lives. */
function annotate(object: CachedObject): KubeObject {
  const { parsed } = object
  const logicalCluster = parseObjectKey(object.key)?.logicalCluster ?? ''
  const annotations = { ...parsed.metadata.annotations, [logicalClusterAnnotation]: logicalCluster }
  return { ...parsed, metadata: { ...parsed.metadata, annotations } }
}

/** The object in the storage version, without what is not stored: apiVersion, kind and resourceVersion. */
export function toStored(scope: ResourceScope, object: KubeObject): KubeObject {
  const { toStorage } = scope.version
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = toStorage ? toStorage(object) : object
  const { resourceVersion: _revision, ...kept } = metadata
  return { metadata: kept, ...rest }
}

export function encodeStored(stored: KubeObject): Uint8Array {
  return encodeStoredValue(stringifyJson(stored))
}
