import { createAsyncQueue } from '../base/async-queue.ts'
import { ApiStatusError, failure } from '../meta/api-errors.ts'
import { toApiPath, toApiVersion, type GroupVersionResource } from '../meta/group-version.ts'
import type { KubeList, KubeObject } from '../meta/object.ts'
import type { Status } from '../meta/status.ts'
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectName,
  Patch,
  Query,
  RawRequest,
  RawResponse,
  ResourceClient,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { createLineSplitter } from './line-splitter.ts'
import { collectBody, createSink } from './response-body.ts'
import { type ApiResponse, type Identity, isStreamBody, type Transport } from './transport.ts'

export interface ClientOptions {
  transport: Transport
  /** Path before `/api`: `/clusters/root:acme` for a workspace, empty for a child cluster. */
  basePath?: string
  /** Sent with every request (Authorization, Impersonate-User …). */
  headers?: Readonly<Record<string, string>>
  /** In process only. */
  identity?: Identity
  userAgent?: string
}

const patchContentTypes: Record<Patch['type'], string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}
const partialList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
const partialObject = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
const neverAborted = new AbortController().signal
const noBody = new Uint8Array(0)
const pageSize = 500 // as kubectl and client-go ask

interface Send {
  method: string
  path: string
  query?: Query
  headers?: Record<string, string>
  body?: Uint8Array | string
  signal?: AbortSignal | undefined
}

/** A `Client` over any transport; see `client/client.ts` for its promises. */
export function createClient(options: ClientOptions): Client {
  const { transport, basePath = '', identity } = options
  const common: Record<string, string> = {
    accept: 'application/json',
    'user-agent': options.userAgent ?? 'atoll',
    ...options.headers,
  }
  const encoder = new TextEncoder()

  async function send({ method, path, query, headers, body, signal }: Send): Promise<ApiResponse> {
    return transport({
      method,
      url: basePath + path + toQueryString(query),
      headers: headers ? { ...common, ...headers } : common,
      body: typeof body === 'string' ? encoder.encode(body) : (body ?? noBody),
      signal: signal ?? neverAborted,
      ...(identity ? { identity } : {}),
    })
  }

  async function sendForJson<T>(request: Send): Promise<T> {
    const response = await send(request)
    const bytes = await collectBody(response.body)
    if (response.status >= 400) throw toApiStatusError(response, bytes)
    return parseJsonBytes(bytes) as T
  }

  return {
    resource: <T extends KubeObject>(gvr: GroupVersionResource) => createResourceClient<T>(gvr, send, sendForJson),
    async raw({ method, path, query, headers, body, signal }: RawRequest): Promise<RawResponse> {
      const response = await send({
        method,
        path,
        ...(query ? { query } : {}),
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
        signal,
      })
      return { status: response.status, headers: response.headers, body: await collectBody(response.body) }
    },
  }
}

function createResourceClient<T extends KubeObject>(
  gvr: GroupVersionResource,
  send: (request: Send) => Promise<ApiResponse>,
  sendForJson: <R>(request: Send) => Promise<R>,
): ResourceClient<T> {
  const apiVersion = toApiVersion(gvr)
  const collection = (namespace: string | undefined) =>
    `${toApiPath(gvr)}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${gvr.resource}`
  const item = ({ namespace, name }: ObjectName, subresource?: string) =>
    `${collection(namespace)}/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`
  const jsonHeaders = { 'content-type': 'application/json' }
  const complete = (list: KubeList<T>): KubeList<T> => {
    // Lists of built-ins leave apiVersion and kind out of their items.
    const kind = list.kind?.replace(/List$/, '')
    for (const object of list.items ?? []) {
      if (kind !== undefined) object.kind ??= kind
      object.apiVersion ??= list.apiVersion ?? apiVersion
    }
    return { ...list, items: list.items ?? [] }
  }

  const self: ResourceClient<T> = {
    get: (name, options = {}) =>
      sendForJson<T>({
        method: 'GET',
        path: item(name, options.subresource),
        query: { resourceVersion: options.resourceVersion },
        signal: options.signal,
      }),
    async list(options = {}) {
      const headers = options.metadataOnly ? { accept: partialList } : undefined
      const request = { method: 'GET', path: collection(options.namespace), query: toListQuery(options) }
      return complete(
        await sendForJson<KubeList<T>>({ ...request, ...(headers ? { headers } : {}), signal: options.signal }),
      )
    },
    async *listAll(options = {}) {
      let next: string | undefined
      do {
        const page: KubeList<T> = await self.list({
          limit: pageSize,
          ...options,
          ...(next === undefined ? {} : { continue: next, resourceVersion: '' }),
        })
        yield* page.items
        next = page.metadata.continue
      } while (next)
    },
    watch: (options = {}) =>
      watchEvents<T>(send, {
        method: 'GET',
        path: collection(options.namespace),
        query: { ...toWatchQuery(options), watch: true },
        ...(options.metadataOnly ? { headers: { accept: partialObject } } : {}),
        signal: options.signal,
      }),
    create: (object, options = {}) =>
      sendForJson<T>({
        method: 'POST',
        path: options.subresource
          ? item({ ...namespaceOf(object, options.namespace), name: object.metadata.name ?? '' }, options.subresource)
          : collection(options.namespace ?? object.metadata.namespace),
        query: toWriteQuery(options),
        headers: jsonHeaders,
        body: JSON.stringify(object),
        signal: options.signal,
      }),
    update: (object, options = {}) =>
      sendForJson<T>({
        method: 'PUT',
        path: item({ ...namespaceOf(object), name: object.metadata.name ?? '' }, options.subresource),
        query: toWriteQuery(options),
        headers: jsonHeaders,
        body: JSON.stringify(object),
        signal: options.signal,
      }),
    patch: (name, patch, options = {}) =>
      sendForJson<T>({
        method: 'PATCH',
        path: item(name, options.subresource),
        query: { ...toWriteQuery(options), force: options.force },
        headers: { 'content-type': patchContentTypes[patch.type] },
        body: JSON.stringify(patch.body),
        signal: options.signal,
      }),
    delete: (name, { signal, ...options } = {}) =>
      sendForJson<KubeObject>({
        method: 'DELETE',
        path: item(name),
        headers: jsonHeaders,
        body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', ...options }),
        signal,
      }),
  }
  return self
}

async function* watchEvents<T extends KubeObject>(
  send: (request: Send) => Promise<ApiResponse>,
  request: Send,
): AsyncGenerator<WatchEvent<T>> {
  const abort = new AbortController()
  const outer = request.signal
  const onAbort = () => abort.abort()
  outer?.addEventListener('abort', onAbort, { once: true })
  if (outer?.aborted) abort.abort()
  try {
    const response = await send({ ...request, signal: abort.signal })
    const { body } = response
    if (response.status >= 400 || !isStreamBody(body)) throw toApiStatusError(response, await collectBody(body))
    const lines = createAsyncQueue<string>()
    const splitter = createLineSplitter((line) => lines.push(line))
    const { sink, close } = createSink({ onChunk: splitter, onEnd: () => lines.end() })
    abort.signal.addEventListener('abort', close, { once: true })
    body.start(sink)
    try {
      for await (const line of lines) yield toWatchEvent<T>(line)
    } finally {
      close()
    }
  } finally {
    outer?.removeEventListener('abort', onAbort)
    abort.abort()
  }
}

function toWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status }
  if (event.type === 'ERROR') throw new ApiStatusError(event.object)
  return event
}

/** The Status that the peer sent, or one made of its code and text when it sent none. */
export function toApiStatusError(response: { status: number }, bytes: Uint8Array): ApiStatusError {
  const text = new TextDecoder().decode(bytes)
  try {
    const parsed = JSON.parse(text) as Status
    if (parsed.kind === 'Status') return new ApiStatusError({ ...parsed, code: parsed.code ?? response.status })
  } catch {
    // Not JSON: the text itself is the message.
  }
  const { status: code } = response
  const reason =
    code === 404
      ? 'NotFound'
      : code === 401
        ? 'Unauthorized'
        : code === 403
          ? 'Forbidden'
          : code === 429
            ? 'TooManyRequests'
            : code === 405
              ? 'MethodNotAllowed'
              : code === 415
                ? 'UnsupportedMediaType'
                : 'InternalError'
  return failure({ code, reason, message: text.trim() || `the server answered ${code}` })
}

function parseJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes))
}

function namespaceOf(object: KubeObject, fallback?: string): { namespace?: string } {
  const namespace = fallback ?? object.metadata.namespace
  return namespace === undefined ? {} : { namespace }
}

function toListQuery(options: ListOptions): Query {
  const { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch } = options
  return { labelSelector, fieldSelector, limit, continue: options.continue, resourceVersion, resourceVersionMatch }
}

function toWatchQuery(options: WatchOptions): Query {
  const { allowWatchBookmarks, sendInitialEvents, timeoutSeconds } = options
  const match = options.resourceVersionMatch ?? (sendInitialEvents === undefined ? undefined : 'NotOlderThan')
  return {
    ...toListQuery(options),
    resourceVersionMatch: match,
    allowWatchBookmarks,
    sendInitialEvents,
    timeoutSeconds,
  }
}

function toWriteQuery({ fieldManager, dryRun }: WriteOptions & DeleteOptions): Query {
  return { fieldManager, dryRun: dryRun ? 'All' : undefined }
}

function toQueryString(query: Query | undefined): string {
  if (!query) return ''
  const parts: string[] = []
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of typeof value === 'object' ? value : [value])
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`)
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
