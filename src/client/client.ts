import type { JsonObject, KubeList, KubeObject } from '../meta/object.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'

/**
 * A typed client over a Transport, for one workspace or one child cluster. Failures are `ApiStatusError`, also those
 * that a real kube-apiserver sent. Transport failures (connection refused, reset) are `TransportError`.
 */
export interface Client {
  /** The client of one resource; `gvr.version` is the version spoken. */
  resource<T extends KubeObject = KubeObject>(gvr: GroupVersionResource): ResourceClient<T>
  /** A request that fits no resource verb (discovery, review APIs, raw paths). `path` is relative to the workspace's base. */
  raw(request: RawRequest): Promise<RawResponse>
}

export interface RawRequest {
  method: string
  path: string
  query?: Query
  headers?: Record<string, string>
  body?: Uint8Array | string
  signal?: AbortSignal
}
export interface RawResponse {
  status: number
  headers: Record<string, string | string[]>
  body: Uint8Array
}
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface ObjectName {
  /** Absent for cluster-scoped resources. */
  namespace?: string
  name: string
}

export interface WriteOptions {
  fieldManager?: string
  dryRun?: boolean
  subresource?: string
  signal?: AbortSignal
}

export interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
  signal?: AbortSignal
}

export interface ListOptions {
  /** Absent: all namespaces. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
  resourceVersionMatch?: 'NotOlderThan' | 'Exact'
  /** Ask for PartialObjectMetadata only. */
  metadataOnly?: boolean
  signal?: AbortSignal
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  allowWatchBookmarks?: boolean
  sendInitialEvents?: boolean
  timeoutSeconds?: number
}

export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject }

export interface ResourceClient<T extends KubeObject> {
  get(name: ObjectName, options?: { subresource?: string; resourceVersion?: string; signal?: AbortSignal }): Promise<T>
  list(options?: ListOptions): Promise<KubeList<T>>
  /** All pages, one object after the other. */
  listAll(options?: ListOptions): AsyncIterable<T>
  /**
   * Ends when the server ends it; throws ApiStatusError for an ERROR event (410 among them).
   * Leaving the loop early closes the watch.
   */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  create(object: T, options?: WriteOptions & { namespace?: string }): Promise<T>
  /** PUT; with `metadata.resourceVersion` a stale object gives Conflict. */
  update(object: T, options?: WriteOptions): Promise<T>
  patch(name: ObjectName, patch: Patch, options?: WriteOptions & { force?: boolean }): Promise<T>
  delete(name: ObjectName, options?: DeleteOptions): Promise<KubeObject>
}

export type Patch =
  | { type: 'json'; body: readonly JsonObject[] }
  | { type: 'merge' | 'strategic'; body: JsonObject }
  | { type: 'apply'; body: KubeObject }

/** The peer could not be reached or went away; nothing is known about the request's effect. */
export class TransportError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TransportError'
  }
}
