import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import type { StoragePlace } from './object-store.ts'
import { createOverlayView, isTombstone, type OverlayView } from './overlay.ts'
import type { StoreParts } from './store-parts.ts'
import { addressOf } from './stored-form.ts'

/** What stands under a name. `stored` is the version to guard: of a tombstone, too. */
export interface Found {
  readonly object: CachedObject | undefined
  readonly stored: CachedObject | undefined
}

export function findObject(
  parts: StoreParts,
  place: StoragePlace,
  namespace: string,
  name: string,
): MaybePromise<CachedObject | undefined> {
  const stored = parts.cache.get(addressOf(place, namespace, name))
  if (!place.definition.overlay) return stored
  return chain(stored, (object) => chain(withOverlay(parts, place, namespace, name, object), (found) => found.object))
}

export function findForWrite(
  parts: StoreParts,
  place: StoragePlace,
  namespace: string,
  name: string,
): MaybePromise<Found> {
  return chain(parts.cache.get(addressOf(place, namespace, name)), (stored) =>
    place.definition.overlay ? withOverlay(parts, place, namespace, name, stored) : { object: stored, stored },
  )
}

function withOverlay(
  parts: StoreParts,
  place: StoragePlace,
  namespace: string,
  name: string,
  stored: CachedObject | undefined,
): MaybePromise<Found> {
  if (stored) return { object: isTombstone(stored) ? undefined : stored, stored }
  return chain(overlayOf(parts, place), (view) => ({ object: view?.get(namespace, name), stored }))
}

/** Undefined when the resource has no overlay, or the logical cluster does not exist. */
export function overlayOf(parts: StoreParts, place: StoragePlace): MaybePromise<OverlayView | undefined> {
  const { definition, logicalCluster } = place
  const { overlay } = definition
  if (!overlay || logicalCluster === '*') return undefined
  return chain(
    parts.lifecycles.read(logicalCluster),
    (lifecycle) => lifecycle && createOverlayView(logicalCluster, lifecycle, definition, overlay),
  )
}
