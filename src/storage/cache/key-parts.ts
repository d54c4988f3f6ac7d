import type { Key } from '../backend.ts'
import { collectionPrefix, type CollectionAddress } from '../keys.ts'
import type { WildcardAddress } from '../object-cache.ts'

/** `o/<logical cluster>/<group>/<resource>/` of an object's key. */
export function collectionOf(key: Key): string {
  return key.slice(0, afterSlash(key, 4))
}

/** `o/<logical cluster>/<group>/<resource>/<namespace>/` of an object's key. */
export function namespaceOf(key: Key, collection: string): string {
  return key.slice(0, key.indexOf('/', collection.length) + 1)
}

/** `<group>/<resource>/` of a collection's prefix. */
export function typeOf(collection: string): string {
  return collection.slice(afterSlash(collection, 2))
}

export function isWildcard(address: CollectionAddress | WildcardAddress): address is WildcardAddress {
  return !('logicalCluster' in address)
}

/** The whole collection that an address lies in. */
export function wholeCollection({ logicalCluster, group, resource }: CollectionAddress): string {
  return collectionPrefix({ logicalCluster, group, resource })
}

function afterSlash(key: string, count: number): number {
  let position = 0
  for (let i = 0; i < count; i++) position = key.indexOf('/', position) + 1
  return position
}
