import type { KubeObject } from '../../meta/object.ts'
import { toApiVersion } from '../../meta/group-version.ts'
import { logicalClusterAnnotation } from '../../meta/logical-cluster.ts'
import { parseObjectKey, type ObjectAddress } from '../../storage/keys.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import type { ResourceScope } from './object-store.ts'

/** Where a scope's objects are stored: events of events.k8s.io live with the core group's. */
export function addressOf(scope: ResourceScope, namespace: string, name: string): ObjectAddress {
  const { logicalCluster, definition } = scope
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
  return Buffer.from(encodeJson({ ...converted, apiVersion: undefined, kind: undefined }))
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
  return encodeStoredValue(encodeJson(stored))
}

/** JSON of parsed JSON; integers beyond 2^53 are bigint. */
export function encodeJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return stringifyBigints(value)
  }
}

function stringifyBigints(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map((item) => stringifyBigints(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields: string[] = []
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined) fields.push(`${JSON.stringify(key)}:${stringifyBigints(field)}`)
  }
  return `{${fields.join(',')}}`
}
