import type { Key } from './backend.ts'

/**
 * The key layout. The logical cluster comes first, so that export, count and deletion are range reads.
 *
 *   o/<logical cluster>/<group>/<resource>/<namespace>/<name>    objects; namespace is empty for cluster-scoped kinds
 *   l/<logical cluster>                                          lifecycle: guarded by every write into it
 *   i/<identity>/<logical cluster>/<namespace>/<name>            which objects of a resource exist, over all workspaces
 *   w/<logical cluster>/<owner uid>/<group>/<resource>/<namespace>/<name>     what an object owns
 *   h/<name>                                                     the hub's own: identity, CA, keys, leadership
 *
 * `/` cannot occur in any part: names are path segments, an identity is `<group>:<resource>` with `:<schema hash>`
 * behind it for custom resources. A name may hold characters beyond ASCII (roles and bindings allow any path segment);
 * they are percent-encoded, which is unambiguous because no path segment holds `%`.
 */
export interface ObjectAddress {
  logicalCluster: string
  group: string
  resource: string
  /** Empty for cluster-scoped kinds. */
  namespace: string
  name: string
}

export interface CollectionAddress {
  logicalCluster: string
  group: string
  resource: string
  /** Without it, all namespaces. */
  namespace?: string
}

/** The first key after all keys with this prefix; the prefix must end in `/`. */
export function prefixEnd(prefix: string): Key {
  return `${prefix.slice(0, -1)}0` // '0' follows '/'
}

export function objectKey(address: ObjectAddress): Key {
  const { logicalCluster, group, resource, namespace, name } = address
  return `o/${logicalCluster}/${group}/${resource}/${namespace}/${encodeName(name)}`
}

export function collectionPrefix({ logicalCluster, group, resource, namespace }: CollectionAddress): string {
  const prefix = `o/${logicalCluster}/${group}/${resource}/`
  return namespace === undefined ? prefix : `${prefix}${namespace}/`
}

export function logicalClusterPrefix(logicalCluster: string): string {
  return `o/${logicalCluster}/`
}

/** The inverse of `objectKey`; undefined for a key of another family. */
export function parseObjectKey(key: Key): ObjectAddress | undefined {
  if (key !== latest.key) latest = { key, address: splitObjectKey(key) }
  return latest.address && { ...latest.address }
}

/** Whoever follows the feed asks about the same key in turn. */
let latest: { key: Key; address: ObjectAddress | undefined } = { key: '', address: undefined }

function splitObjectKey(key: Key): ObjectAddress | undefined {
  if (!key.startsWith('o/')) return undefined
  const [, logicalCluster, group, resource, namespace, name] = key.split('/')
  if (!logicalCluster || group === undefined || !resource || namespace === undefined || !name) return undefined
  return { logicalCluster, group, resource, namespace, name: decodeName(name) }
}

export function lifecycleKey(logicalCluster: string): Key {
  return `l/${logicalCluster}`
}

export function identityPrefix(identity: string): string {
  return `i/${identity}/`
}

export function identityKey(identity: string, { logicalCluster, namespace, name }: ObjectAddress): Key {
  return `i/${identity}/${logicalCluster}/${namespace}/${encodeName(name)}`
}

export function ownerPrefix(logicalCluster: string, ownerUid: string): string {
  return `w/${logicalCluster}/${ownerUid}/`
}

export function ownerKey(ownerUid: string, address: ObjectAddress): Key {
  const { logicalCluster, group, resource, namespace, name } = address
  return `w/${logicalCluster}/${ownerUid}/${group}/${resource}/${namespace}/${encodeName(name)}`
}

export function hubKey(name: string): Key {
  return `h/${name}`
}

/** The name at the end of any key of this layout. */
export function nameOfKey(key: Key): string {
  return decodeName(key.slice(key.lastIndexOf('/') + 1))
}

function encodeName(name: string): string {
  return isPlain(name) ? name : encodeURIComponent(Buffer.from(name).toString())
}

function decodeName(name: string): string {
  return name.includes('%') ? decodeURIComponent(name) : name
}

function isPlain(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (unit <= 0x20 || unit > 0x7e || unit === 0x25 || unit === 0x2f) return false
  }
  return true
}
