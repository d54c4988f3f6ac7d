import type { Logger } from '../base/logger.ts'
import type { ResourceClient } from '../client/client.ts'
import { logicalClusterOf } from '../meta/logical-cluster.ts'
import type { KubeObject } from '../meta/object.ts'
import { runReflector } from './reflector.ts'

/** Where an object lives; `logicalCluster` is empty when the informer looks at a single one. */
export interface ObjectKey {
  logicalCluster: string
  namespace: string
  name: string
}

export type InformerEvent<T> =
  | { type: 'added'; key: ObjectKey; object: T }
  | { type: 'updated'; key: ObjectKey; object: T; previous: T }
  | { type: 'deleted'; key: ObjectKey; object: T }

/** Reads of what an informer holds. Objects are shared: never change them. */
export interface Lister<T> {
  get(key: Partial<ObjectKey> & { name: string }): T | undefined
  list(): T[]
  /** Objects for which the index function gave `value`. */
  byIndex(index: string, value: string): T[]
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  /** Starts the reflector; it stops when the signal is aborted. */
  start(signal: AbortSignal): void
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  /** Calls `listener` for each change, after it is readable, and for what is there already. */
  onEvent(listener: (event: InformerEvent<T>) => void): void
}

export interface InformerOptions<T extends KubeObject> {
  client: ResourceClient<T>
  logger: Logger
  namespace?: string
  labelSelector?: string
  /** Name → the values under which an object is found. */
  indexers?: Readonly<Record<string, (object: T) => readonly string[]>>
}

/**
 * A collection held in memory and kept current: for small sets only (child clusters, placements, publications).
 * Eventually consistent: per object the newest state wins, states in between may be missed, deletions never are.
 */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const objects = new Map<string, T>()
  const indexes = new Map<string, Map<string, Set<string>>>()
  const listeners: ((event: InformerEvent<T>) => void)[] = []
  const indexers = Object.entries(options.indexers ?? {})
  for (const [name] of indexers) indexes.set(name, new Map())
  let markSynced: () => void = () => {}
  const synced = new Promise<void>((resolve) => (markSynced = resolve))
  let hasSynced = false

  function reindex(id: string, before: T | undefined, after: T | undefined): void {
    for (const [name, valuesOf] of indexers) {
      const index = indexes.get(name)
      if (!index) continue
      for (const value of before ? valuesOf(before) : []) {
        const ids = index.get(value)
        ids?.delete(id)
        if (ids?.size === 0) index.delete(value)
      }
      for (const value of after ? valuesOf(after) : []) {
        const ids = index.get(value) ?? new Set()
        index.set(value, ids.add(id))
      }
    }
  }
  function emit(event: InformerEvent<T>): void {
    for (const listener of listeners) listener(event)
  }
  function upsert(object: T): void {
    const key = toObjectKey(object)
    const id = toId(key)
    const previous = objects.get(id)
    if (previous && previous.metadata.resourceVersion === object.metadata.resourceVersion) return
    objects.set(id, object)
    reindex(id, previous, object)
    emit(previous ? { type: 'updated', key, object, previous } : { type: 'added', key, object })
  }
  function remove(object: T): void {
    const key = toObjectKey(object)
    const id = toId(key)
    const previous = objects.get(id)
    if (!previous) return
    objects.delete(id)
    reindex(id, previous, undefined)
    emit({ type: 'deleted', key, object })
  }
  function replace(whole: readonly T[]): void {
    const kept = new Set(whole.map((object) => toId(toObjectKey(object))))
    for (const [id, object] of objects) if (!kept.has(id)) remove(object)
    for (const object of whole) upsert(object)
  }

  return {
    synced,
    get hasSynced() {
      return hasSynced
    },
    start(signal) {
      void runReflector<T>({
        client: options.client,
        logger: options.logger,
        signal,
        target: { replace, upsert, remove },
        ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
        ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
        onSynced() {
          hasSynced = true
          markSynced()
        },
      })
    },
    onEvent(listener) {
      for (const object of objects.values()) listener({ type: 'added', key: toObjectKey(object), object })
      listeners.push(listener)
    },
    get: ({ logicalCluster = '', namespace = '', name }) => objects.get(toId({ logicalCluster, namespace, name })),
    list: () => [...objects.values()],
    byIndex: (index, value) => [...(indexes.get(index)?.get(value) ?? [])].flatMap((id) => objects.get(id) ?? []),
  }
}

export function toObjectKey(object: KubeObject): ObjectKey {
  return {
    logicalCluster: logicalClusterOf(object) ?? '',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
  }
}

function toId({ logicalCluster, namespace, name }: ObjectKey): string {
  return `${logicalCluster}/${namespace}/${name}`
}
