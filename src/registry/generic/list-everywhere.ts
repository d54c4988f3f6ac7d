import { isPromise } from '../../base/maybe-promise.ts'
import type { Backend, KeyValue } from '../../storage/backend.ts'
import { identityPrefix, nameOfKey, objectKey, prefixEnd } from '../../storage/keys.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import { toItemBytes } from '../../storage/stored-value.ts'
import { decodeContinueToken, encodeContinueToken } from './continue-token.ts'
import { DetachedObject } from './detached-object.ts'
import type { ListPage, ListQuery, ResourceScope } from './object-store.ts'
import type { StoreParts } from './store-parts.ts'

const pageSize = 500

/**
 * All objects of one identity over all logical clusters, by way of the identity index: a wildcard list reads what exists,
 * never the whole store. Objects of the overlay exist in no index and are not part of it.
 */
export async function listEverywhere(parts: StoreParts, scope: ResourceScope, query: ListQuery): Promise<ListPage> {
  const { backend } = parts
  const { limit = 0, selection, continueToken, namespace } = query
  const prefix = identityPrefix(scope.definition.identity)
  const token = continueToken ? decodeContinueToken('*', prefix, continueToken) : undefined
  const revision = token && token.revision !== -1 ? token.revision : await backend.confirmedRevision()
  const items: CachedObject[] = []
  let start = token ? `${token.after}\0` : prefix
  for (;;) {
    const page = await backend.range({ start, end: prefixEnd(prefix), limit: pageSize, keysOnly: true, revision })
    for (let index = 0; index < page.items.length; index++) {
      const { key } = page.items[index] as KeyValue
      start = `${key}\0`
      const read = readIndexed(backend, scope, key.slice(prefix.length), namespace, revision)
      const object = isPromise(read) ? await read : read
      if (!object || (selection && !selection.matches(object))) continue
      items.push(object)
      if (items.length < limit || limit === 0) continue
      if (index === page.items.length - 1 && !page.more) break
      const next = encodeContinueToken('*', { revision, after: key })
      return { chunks: [items], count: items.length, revision, continueToken: next }
    }
    if (!page.more) return { chunks: [items], count: items.length, revision }
  }
}

function readIndexed(
  backend: Backend,
  { definition }: ResourceScope,
  place: string,
  wantedNamespace: string | undefined,
  revision: number,
): CachedObject | undefined | Promise<CachedObject | undefined> {
  const [logicalCluster = '', namespace = '', encodedName = ''] = place.split('/')
  if (wantedNamespace !== undefined && namespace !== wantedNamespace) return undefined
  const { group, resource } = definition.storedAs ?? definition
  const key = objectKey({ logicalCluster, group, resource, namespace, name: nameOfKey(encodedName) })
  const found = backend.get(key, revision)
  return isPromise(found) ? found.then(toObject) : toObject(found)
}

function toObject(found: KeyValue | undefined): CachedObject | undefined {
  if (!found) return undefined
  const { key, value, revision, createRevision } = found
  return new DetachedObject(key, revision, createRevision, toItemBytes(value, revision))
}
