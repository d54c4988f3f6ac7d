import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import { parseObjectKey } from '../../storage/keys.ts'
import type { CacheEvent, CacheWatch, CacheWatchRequest } from '../../storage/object-cache.ts'
import { overlayOf } from './find-object.ts'
import { addressOfCollection, listObjects } from './list-objects.ts'
import type { ResourceScope, StoreWatch, WatchQuery } from './object-store.ts'
import { type OverlayView, translateOverlayEvent } from './overlay.ts'
import type { StoreParts } from './store-parts.ts'

/** What is there, then what happens: a list as the first events, and the feed from the list's revision on. */
export function watchObjects(parts: StoreParts, scope: ResourceScope, query: WatchQuery): StoreWatch {
  let closed = false
  let watch: CacheWatch | undefined
  let initialRevision = 0
  const close = (): void => {
    closed = true
    watch?.close()
  }
  const fail = (error: unknown): void => {
    if (closed) return
    close()
    query.onClose('failed', error)
  }
  const start = (after: number | 'now', view: OverlayView | undefined): void => {
    if (closed) return
    watch = parts.cache.watch(toCacheWatch(parts, scope, query, after, view))
  }
  const begin = async (): Promise<void> => {
    const view = await overlayOf(parts, scope)
    if (!query.initial) return start(query.after, view)
    const { namespace, selection } = query
    const page = await listObjects(parts, scope, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(selection ? { selection } : {}),
    })
    for (const chunk of page.chunks) {
      if (closed) return
      const sent = query.onInitial?.(chunk)
      if (isPromise(sent)) await sent
    }
    if (closed) return
    initialRevision = page.revision
    query.onInitialEnd?.(page.revision)
    start(page.revision, view)
  }
  if (!query.initial && !scope.definition.overlay) start(query.after, undefined)
  else begin().catch(fail)
  return {
    get revision() {
      return Math.max(watch?.revision ?? 0, initialRevision)
    },
    close,
  }
}

function toCacheWatch(
  parts: StoreParts,
  scope: ResourceScope,
  query: WatchQuery,
  after: number | 'now',
  view: OverlayView | undefined,
): CacheWatchRequest {
  const { onEvents, onClose, drained } = query
  const common = { after, onClose: onClose.bind(query), ...(drained ? { drained } : {}) }
  if (scope.logicalCluster === '*') return { ...common, ...everywhere(parts, scope, query) }
  const address = addressOfCollection(scope, query.namespace)
  if (!view) return { ...common, address, onEvents: onEvents.bind(query) }
  return {
    ...common,
    address,
    onEvents(events) {
      const translated = events.flatMap((event) => translateOnce(event, view))
      return translated.length > 0 ? query.onEvents(translated) : undefined
    },
  }
}

/** Translated once for all watchers of the logical cluster. */
const translations = new WeakMap<CacheEvent, readonly CacheEvent[]>()

function translateOnce(event: CacheEvent, view: OverlayView): readonly CacheEvent[] {
  let found = translations.get(event)
  if (!found) {
    const seen = translateOverlayEvent(event, view)
    found = seen ? [seen] : []
    translations.set(event, found)
  }
  return found
}

/**
 * The resource in all logical clusters. A custom resource's name can mean another type elsewhere: events wait until it is
 * known whether their logical cluster means this one.
 */
function everywhere(
  parts: StoreParts,
  { definition }: ResourceScope,
  query: WatchQuery,
): Pick<CacheWatchRequest, 'address' | 'onEvents'> {
  const { group, resource } = definition.storedAs ?? definition
  const address = { group, resource }
  const inNamespace = (event: CacheEvent): boolean =>
    query.namespace === undefined || event.address.namespace === query.namespace
  if (!definition.custom) {
    if (query.namespace === undefined) return { address, onEvents: query.onEvents.bind(query) }
    return { address: { ...address, matches: inNamespace }, onEvents: query.onEvents.bind(query) }
  }
  let queue: Promise<void> | undefined
  const meansThis = (event: CacheEvent): MaybePromise<boolean> => {
    const logicalCluster = parseObjectKey(event.key)?.logicalCluster ?? ''
    const found = parts.catalog.definitionOf(logicalCluster, group, resource)
    return chain(found, (there) => there?.identity === definition.identity)
  }
  const deliver = async (events: readonly CacheEvent[]): Promise<void> => {
    const wanted: CacheEvent[] = []
    for (const event of events) if (inNamespace(event) && (await meansThis(event))) wanted.push(event)
    if (wanted.length > 0) query.onEvents(wanted)
  }
  return {
    address,
    onEvents(events) {
      const kept = [...events]
      queue = (queue ?? Promise.resolve())
        .then(() => deliver(kept))
        .catch((error: unknown) => query.onClose('failed', error))
    },
  }
}
