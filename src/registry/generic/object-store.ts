import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { CachedObject, CacheEvent, WatchEnd } from '../../storage/object-cache.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { ResourceDefinition, ResourceVersion, Strategy } from '../resource-definition.ts'
import type { Selection } from './selection.ts'

/** One resource of one logical cluster, as it is stored. */
export interface StoragePlace {
  /** The name, never a path; `*` only for `list` and `watch`: all logical clusters whose type has the same identity. */
  readonly logicalCluster: string
  readonly definition: ResourceDefinition
}

/** One resource of one logical cluster, spoken in one version: what every call of the store is about. */
export interface ResourceScope extends StoragePlace {
  readonly version: ResourceVersion
}

/** Who writes and how. */
export interface WriteContext {
  readonly user: Identity
  /** Everything happens but the write itself. */
  readonly dryRun: boolean
  /** Adds a Warning header. */
  warn(text: string): void
}

/** The last word before a write, on the final object: validating admission. `object` is undefined for a delete. */
export type ValidatingAdmission = (
  object: KubeObject | undefined,
  previous: KubeObject | undefined,
) => MaybePromise<void>

export interface CreateRequest {
  /** Empty for cluster-scoped resources. */
  readonly namespace: string
  /** In the scope's version, decoded, defaulted and admitted; owned by the store from here on. */
  readonly object: KubeObject
  readonly context: WriteContext
  readonly admit?: ValidatingAdmission
}

export interface UpdateRequest {
  readonly namespace: string
  readonly name: string
  readonly context: WriteContext
  /**
   * Makes the wanted object of the one that stands there (both in the scope's version, with resourceVersion). Called
   * again with what stands there then when another writer was faster, unless the wanted object names the
   * resourceVersion that it is based on: then the answer is Conflict. `current` must not be changed, the result belongs
   * to the store. `current` is undefined only where `createWhenAbsent` is set.
   */
  next(current: KubeObject | undefined): MaybePromise<KubeObject>
  readonly admit?: ValidatingAdmission
  /** Rules of a subresource in place of the definition's own. */
  readonly part?: ObjectPart
  readonly createWhenAbsent?: boolean
  /** The wanted object is made from the current one (a patch): it need not name a resourceVersion, whatever the kind. */
  readonly derived?: boolean
}

/** The view of an object that a subresource writes. */
export interface ObjectPart {
  readonly subresource: string
  /** `status`: only the status fields and some metadata are taken over; `part`: the strategy decides. */
  readonly type: 'status' | 'part'
  readonly strategy: Strategy | undefined
}

export interface DeleteRequest {
  readonly namespace: string
  readonly name: string
  readonly context: WriteContext
  readonly options: DeleteOptions
  readonly admit?: ValidatingAdmission
}

/** Validated by the caller. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export interface ListQuery {
  /** Without it, all namespaces. */
  readonly namespace?: string
  readonly selection?: Selection
  /** 0 or absent: all. */
  readonly limit?: number
  readonly continueToken?: string
  /** As in the API: empty or absent for the newest state. */
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact'
}

export interface ListPage {
  /** Ordered by key; arrays are shared, never change them. */
  readonly chunks: readonly (readonly CachedObject[])[]
  readonly count: number
  /** The list's resourceVersion. */
  readonly revision: number
  readonly continueToken?: string
  readonly remaining?: number
}

export interface WatchQuery {
  readonly namespace?: string
  readonly selection?: Selection
  /**
   * Events behind this revision; `now` begins with what comes. When `initial` is set, what is there comes first, through
   * `onInitial`, and events follow without a gap.
   */
  readonly after: number | 'now'
  readonly initial: boolean
  /** What is there, chunk by chunk, before the first event; then `revision` is that of the snapshot. */
  onInitial?(chunk: readonly CachedObject[]): MaybePromise<void>
  onInitialEnd?(revision: number): void
  /**
   * Not filtered by the selection (a watcher needs both sides of a transition), overlay already merged in. All events of
   * one revision come in one call. Returning false ends the watch as `slow`.
   */
  onEvents(events: readonly CacheEvent[]): boolean | void
  onClose(reason: WatchEnd, error?: unknown): void
  drained?: () => MaybePromise<void>
}

export interface StoreWatch {
  /** Everything up to here has been given to `onEvents`. */
  readonly revision: number
  close(): void
}

export interface WriteResult {
  /** In the storage version. Of a dry run it holds what would have been stored. */
  readonly object: CachedObject
  /** 201 rather than 200. */
  readonly created: boolean
  /** The update removed the last finalizer of a terminating object: it is gone. */
  readonly deleted: boolean
}

export interface DeleteResult {
  readonly object: CachedObject
  /** False: marked for deletion, waiting for finalizers or grace. */
  readonly gone: boolean
}

/**
 * The objects of all kinds and workspaces over one Backend and its cache: metadata, lifecycle, concurrency, finalizers
 * and the overlay, by the rules that a definition's strategy adds to. Failures are `ApiStatusError`.
 *
 * Every write guards its logical cluster's lifecycle key, a create guards that nothing stands there and that its
 * namespace takes new objects, an update or delete guards the revision that it is based on; index keys (identity,
 * owners) change in the same transaction. What was acknowledged is seen by every later call.
 */
export interface ObjectStore {
  /** Throws NotFound. */
  get(scope: ResourceScope, namespace: string, name: string): MaybePromise<CachedObject>
  /** Waits until `resourceVersion` has been reached (Timeout when it lies in the future), at once without one. */
  ready(resourceVersion: string): MaybePromise<void>
  list(scope: ResourceScope, query: ListQuery): MaybePromise<ListPage>
  watch(scope: ResourceScope, query: WatchQuery): StoreWatch
  create(scope: ResourceScope, request: CreateRequest): Promise<WriteResult>
  update(scope: ResourceScope, request: UpdateRequest): Promise<WriteResult>
  delete(scope: ResourceScope, request: DeleteRequest): Promise<DeleteResult>
  /** The objects as they were when each one was deleted or marked. */
  deleteCollection(
    scope: ResourceScope,
    query: ListQuery,
    request: Omit<DeleteRequest, 'namespace' | 'name' | 'admit'>,
    admit?: (object: CachedObject) => ValidatingAdmission,
  ): Promise<{ readonly objects: readonly CachedObject[]; readonly revision: number }>
  /** The object in the scope's version with apiVersion and kind; shares its parts with the cache: never change it. */
  toVersion(scope: ResourceScope, object: CachedObject): KubeObject
  /** `item` of the scope's version: the stored bytes themselves wherever versions differ in their name alone. */
  toItemBytes(scope: ResourceScope, object: CachedObject): Uint8Array
  /** For strategies and authorization. */
  readonly reader: ObjectReader
}
