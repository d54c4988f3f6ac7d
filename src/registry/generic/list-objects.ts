import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import { goQuote } from '../../meta/field-error.ts'
import { badRequest, expired, failure } from '../../meta/api-errors.ts'
import { collectionPrefix, type CollectionAddress } from '../../storage/keys.ts'
import type { CachedListPage, CachedObject } from '../../storage/object-cache.ts'
import { isStorageError } from '../../storage/storage-error.ts'
import { decodeContinueToken, encodeContinueToken } from './continue-token.ts'
import { findObject, overlayOf } from './find-object.ts'
import { liftStorageError } from './lift-storage-error.ts'
import type { ListPage, ListQuery, ResourceScope } from './object-store.ts'
import { mergeOverlay, type OverlayView } from './overlay.ts'
import type { Selection } from './selection.ts'
import type { StoreParts } from './store-parts.ts'
import { listEverywhere } from './list-everywhere.ts'

/** How long a request waits for a revision that this process has not seen. */
const futureRevisionWaitMs = 3_000
const pageSize = 500
const none: readonly (readonly CachedObject[])[] = []

export function waitForResourceVersion({ cache }: StoreParts, resourceVersion: string): MaybePromise<void> {
  if (resourceVersion === '' || resourceVersion === '0') return chain(cache.fresh(), () => undefined)
  const revision = parseResourceVersion(resourceVersion)
  if (revision <= cache.revision) return undefined
  return chain(cache.waitForRevision(revision, futureRevisionWaitMs), (reached) => {
    if (!reached) throw tooLarge(revision, cache.revision)
  })
}

/** Throws 400 for what is no decimal number. */
export function parseResourceVersion(text: string): number {
  const revision = /^[0-9]{1,20}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(revision))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${goQuote(text)}: strconv.ParseUint: parsing ${goQuote(text)}: invalid syntax`,
    )
  return revision
}

function tooLarge(wanted: number, current: number): Error {
  const message = 'Too large resource version'
  const details = { causes: [{ reason: 'ResourceVersionTooLarge', message }], retryAfterSeconds: 1 }
  return failure({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}: ${wanted}, current: ${current}`,
    details,
  })
}

export function listObjects(parts: StoreParts, scope: ResourceScope, query: ListQuery): MaybePromise<ListPage> {
  try {
    const page = chain(waitForResourceVersion(parts, query.resourceVersion ?? ''), () => readPage(parts, scope, query))
    return isPromise(page) ? page.catch((error: unknown) => rethrow(error)) : page
  } catch (error) {
    return rethrow(error)
  }
}

function rethrow(error: unknown): never {
  throw liftStorageError(error)
}

function readPage(parts: StoreParts, scope: ResourceScope, query: ListQuery): MaybePromise<ListPage> {
  if (scope.logicalCluster === '*') return listEverywhere(parts, scope, query)
  const { selection, continueToken, limit = 0 } = query
  const namespace = query.namespace ?? selection?.namespace
  const revision = snapshotRevision(query)
  const inNamespace = namespace === undefined ? query : { ...query, namespace }
  if (continueToken || revision !== undefined) return listPaged(parts, scope, inNamespace, revision)
  if (selection?.name !== undefined && (namespace !== undefined || !scope.definition.namespaced)) {
    return listOne(parts, scope, namespace ?? '', selection.name, selection)
  }
  return chain(listAll(parts, scope, namespace, selection), (all) => {
    if (!all) return listPaged(parts, scope, inNamespace, undefined)
    return limit > 0 && all.count > limit ? firstPage(scope, all, limit, selection) : all
  })
}

/** The beginning of a list that is in memory as a whole. */
function firstPage(
  { logicalCluster }: ResourceScope,
  { chunks, count, revision }: ListPage,
  limit: number,
  selection: Selection | undefined,
): ListPage {
  const items: CachedObject[] = []
  for (const chunk of chunks) {
    items.push(...chunk.slice(0, limit - items.length))
    if (items.length === limit) break
  }
  const continueToken = encodeContinueToken(logicalCluster, { revision, after: items.at(-1)?.key ?? '' })
  const remaining = selection ? {} : { remaining: count - limit }
  return { chunks: [items], count: limit, revision, continueToken, ...remaining }
}

/** The revision that the answer must show exactly; undefined for the newest state. */
function snapshotRevision({ resourceVersion = '', resourceVersionMatch, limit = 0 }: ListQuery): number | undefined {
  if (resourceVersion === '' || resourceVersion === '0') return undefined
  if (resourceVersionMatch === 'Exact') return parseResourceVersion(resourceVersion)
  return resourceVersionMatch === undefined && limit > 0 ? parseResourceVersion(resourceVersion) : undefined
}

function listOne(
  parts: StoreParts,
  scope: ResourceScope,
  namespace: string,
  name: string,
  selection: Selection,
): MaybePromise<ListPage> {
  return chain(findObject(parts, scope, namespace, name), (object) => {
    const items = object && selection.matches(object) ? [object] : []
    return { chunks: [items], count: items.length, revision: parts.cache.revision }
  })
}

/** Undefined when the collection is too large to be held. */
function listAll(
  parts: StoreParts,
  scope: ResourceScope,
  namespace: string | undefined,
  selection: Selection | undefined,
): MaybePromise<ListPage | undefined> {
  const snapshot = parts.cache.collection(addressOfCollection(scope, namespace))
  return chain(snapshot, (found) => {
    if (!found) return undefined
    if (scope.definition.overlay) {
      return chain(overlayOf(parts, scope), (view) => {
        const merged = mergeOverlay(found.chunks.flat(), view?.list(namespace) ?? [])
        return select([merged], found.revision, selection)
      })
    }
    if (!selection) return { chunks: found.chunks, count: found.count, revision: found.revision }
    return select(found.chunks, found.revision, selection)
  })
}

function select(
  chunks: readonly (readonly CachedObject[])[],
  revision: number,
  selection: Selection | undefined,
): ListPage {
  const items: CachedObject[] = []
  for (const chunk of chunks)
    for (const object of chunk) if (!selection || selection.matches(object)) items.push(object)
  return { chunks: items.length > 0 ? [items] : none, count: items.length, revision }
}

export function addressOfCollection(scope: ResourceScope, namespace: string | undefined): CollectionAddress {
  const { logicalCluster, definition } = scope
  const { group, resource } = definition.storedAs ?? definition
  return { logicalCluster, group, resource, ...(namespace === undefined ? {} : { namespace }) }
}

/** One page at one revision; without a limit all that there is, read page by page. */
async function listPaged(
  parts: StoreParts,
  scope: ResourceScope,
  query: ListQuery,
  exact: number | undefined,
): Promise<ListPage> {
  const { namespace, limit = 0, continueToken, selection } = query
  const address = addressOfCollection(scope, namespace)
  const prefix = collectionPrefix(address)
  const token = continueToken ? decodeContinueToken(scope.logicalCluster, prefix, continueToken) : undefined
  const revision = token && token.revision !== -1 ? token.revision : exact
  try {
    const view = await overlayOf(parts, scope)
    const source = createPages(parts, address, view?.list(namespace), revision, token?.after)
    return await takePage(source, scope, limit, selection)
  } catch (error) {
    if (!token || token.revision === -1 || !isStorageError(error, 'compacted')) throw error
    throw expired(inconsistentContinue, encodeContinueToken(scope.logicalCluster, { revision: -1, after: token.after }))
  }
}

const inconsistentContinue =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

interface Pages {
  next(limit: number): Promise<CachedListPage>
}

/** Pages of the stored objects, or, where there is an overlay, the whole merged collection as one page. */
function createPages(
  { cache }: StoreParts,
  address: CollectionAddress,
  overlay: ReturnType<OverlayView['list']> | undefined,
  firstRevision: number | undefined,
  firstAfter: string | undefined,
): Pages {
  let revision = firstRevision
  let startAfter = firstAfter
  const read = async (limit: number): Promise<CachedListPage> => {
    const at = { ...(startAfter === undefined ? {} : { startAfter }), ...(revision === undefined ? {} : { revision }) }
    const page = await cache.list({ address, limit, ...at })
    revision = page.revision
    startAfter = page.items.at(-1)?.key
    return page
  }
  if (!overlay) return { next: read }
  return {
    async next() {
      const after = startAfter
      startAfter = undefined
      const stored: CachedObject[] = []
      for (let more = true; more;) {
        const page = await read(pageSize)
        stored.push(...page.items)
        more = page.more
      }
      const merged = mergeOverlay(stored, overlay)
      const items = after === undefined ? merged : merged.filter(({ key }) => key > after)
      return { items, more: false, revision: revision ?? 0 }
    },
  }
}

async function takePage(
  pages: Pages,
  { logicalCluster }: ResourceScope,
  limit: number,
  selection: Selection | undefined,
): Promise<ListPage> {
  const items: CachedObject[] = []
  for (;;) {
    const page = await pages.next(limit > 0 && !selection ? limit : pageSize)
    const { revision } = page
    for (let index = 0; index < page.items.length; index++) {
      const object = page.items[index] as CachedObject
      if (selection && !selection.matches(object)) continue
      items.push(object)
      if (items.length < limit || limit === 0) continue
      const behind = page.items.length - index - 1
      if (behind === 0 && !page.more) break
      const continueToken = encodeContinueToken(logicalCluster, { revision, after: object.key })
      const remaining = page.more ? page.remaining : behind
      const rest = selection || remaining === undefined ? {} : { remaining }
      return { chunks: [items], count: items.length, revision, continueToken, ...rest }
    }
    if (!page.more) return { chunks: [items], count: items.length, revision }
  }
}
