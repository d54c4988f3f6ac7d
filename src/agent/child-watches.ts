import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { runReflector } from '../informer/reflector.ts'
import { deliveryAnnotation, managedLabel, namespaceOriginAnnotation } from '../meta/fleet/fleet-names.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { ownedFields } from './field-paths.ts'
import { isRecord } from './json-access.ts'

/** What is kept of an object in the child: enough to see drift and status, not the object. */
export interface ObservedObject {
  uid: string
  resourceVersion: string
  /** 0 for kinds that have none. */
  generation: number
  deleting: boolean
  status: JsonObject | undefined
  /** See `ownedFields`. */
  owned: string
  /** Marks of ours on it; undefined without them. */
  mark: string | undefined
  origin: string | undefined
}

export function observe(object: KubeObject): ObservedObject {
  const { uid = '', resourceVersion = '', generation = 0, deletionTimestamp, annotations } = object.metadata
  const status = object['status']
  return {
    uid,
    resourceVersion,
    generation,
    deleting: deletionTimestamp !== undefined,
    status: isRecord(status) ? status : undefined,
    owned: ownedFields(object),
    mark: annotations?.[deliveryAnnotation],
    origin: annotations?.[namespaceOriginAnnotation],
  }
}

/** One type's objects that carry our label and belong to a slot: a child can show as many others as it likes. */
export interface TypeWatch {
  readonly hasSynced: boolean
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>
  get(namespace: string, name: string): ObservedObject | undefined
  /** Takes over what a write answered, so that the watch event of our own write is no news. */
  note(object: KubeObject): ObservedObject
  /** A write found the object gone or going. */
  drop(namespace: string, name: string): void
}

export interface ChildWatches {
  /** Starts following a type when it is not yet followed. */
  follow(gvr: GroupVersionResource): TypeWatch
  /** The type has turned out to be served: a watch that waits in backoff starts at once. */
  wake(gvr: GroupVersionResource): void
}

export interface ChildWatchesOptions {
  client: Client
  logger: Logger
  signal: AbortSignal
  /** Whether a slot, or several for a namespace, is about that object. */
  isOfSlot(gvr: GroupVersionResource, namespace: string, name: string): boolean
  /** `gone`: the object has gone, and was so. */
  onChange(gvr: GroupVersionResource, namespace: string, name: string, gone?: ObservedObject): void
}

export function createChildWatches(options: ChildWatchesOptions): ChildWatches {
  const followed = new Map<string, { watch: TypeWatch; wake(): void }>()
  const entryOf = (gvr: GroupVersionResource) => {
    const id = `${gvr.group}/${gvr.version}/${gvr.resource}`
    let entry = followed.get(id)
    if (!entry) followed.set(id, (entry = startTypeWatch(gvr, options)))
    return entry
  }
  return { follow: (gvr) => entryOf(gvr).watch, wake: (gvr) => entryOf(gvr).wake() }
}

function startTypeWatch(
  gvr: GroupVersionResource,
  { client, logger, signal, isOfSlot, onChange }: ChildWatchesOptions,
): { watch: TypeWatch; wake(): void } {
  const objects = new Map<string, ObservedObject>()
  let hasSynced = false
  let markSynced: () => void = () => {}
  const synced = new Promise<void>((resolve) => (markSynced = resolve))
  const idOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
  const changed = (id: string, gone?: ObservedObject) => {
    const slash = id.indexOf('/')
    onChange(gvr, id.slice(0, slash), id.slice(slash + 1), gone)
  }
  const upsert = (object: KubeObject) => {
    const id = idOf(object)
    if (!isNewer(objects.get(id), object)) return
    objects.set(id, observe(object))
    changed(id)
  }
  const remove = (object: KubeObject) => {
    const id = idOf(object)
    // A new object of the same name may have been noted before the old one's deletion arrives.
    if (objects.get(id)?.uid !== object.metadata.uid) return
    objects.delete(id)
    changed(id, observe(object))
  }
  const replace = (whole: readonly KubeObject[]) => {
    const kept = new Set(whole.map(idOf))
    for (const [id, last] of objects) {
      if (kept.has(id)) continue
      objects.delete(id)
      changed(id, last)
    }
    for (const object of whole) upsert(object)
  }
  let current = new AbortController()
  const run = () => {
    const own = (current = new AbortController())
    const stop = () => own.abort()
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    void runReflector({
      client: client.resource(gvr),
      logger,
      signal: own.signal,
      labelSelector: managedLabel,
      target: { upsert, remove, replace },
      // What is held is followed to its end, also while no slot is about it: one may come back.
      wants: (object) =>
        objects.has(idOf(object)) || isOfSlot(gvr, object.metadata.namespace ?? '', object.metadata.name ?? ''),
      onSynced() {
        hasSynced = true
        markSynced()
      },
    }).finally(() => signal.removeEventListener('abort', stop))
  }
  run()
  return {
    wake() {
      if (hasSynced) return
      current.abort()
      run()
    },
    watch: {
      synced,
      get hasSynced() {
        return hasSynced
      },
      get: (namespace, name) => objects.get(`${namespace}/${name}`),
      note(object) {
        const id = idOf(object)
        const known = objects.get(id)
        if (known && !isNewer(known, object)) return known
        const observed = observe(object)
        objects.set(id, observed)
        return observed
      },
      drop: (namespace, name) => void objects.delete(`${namespace}/${name}`),
    },
  }
}

/** Events may arrive after the answer to a later write; resource versions of one collection are numbers that grow. */
function isNewer(known: ObservedObject | undefined, { metadata }: KubeObject): boolean {
  if (!known) return true
  if (known.uid === metadata.uid && known.resourceVersion === metadata.resourceVersion) return false
  return Number(metadata.resourceVersion) > Number(known.resourceVersion)
}
