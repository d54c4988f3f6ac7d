import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse } from '../client/transport.ts'
import { methodNotServed, pathNotFound } from '../meta/api-errors.ts'
import { builtinTable } from '../registry/builtin/builtin-table.ts'
import type { Endpoint } from './api-server.ts'
import type { Exchange } from './exchange.ts'
import { handleOpenApi } from './openapi-endpoint.ts'
import { jsonType, respond, respondBytes, respondJson } from './respond.ts'
import type { ServerParts } from './server-parts.ts'

/** From an authorized request for a path that is no resource to what answers it. */
export function handlePath(parts: ServerParts, exchange: Exchange): MaybePromise<ApiResponse> {
  const { path, prefix } = exchange.info
  const endpoint = findEndpoint(parts.endpoints, path)
  if (endpoint) return callEndpoint(endpoint, exchange)
  switch (firstSegment(path)) {
    case 'api':
    case 'apis':
      return parts.discovery.respond(exchange)
    case 'healthz':
    case 'livez':
    case 'readyz':
      return parts.health.respond(exchange)
    case 'openapi':
      if (!path.startsWith('/openapi/v3')) break
      return handleOpenApi(parts, exchange)
    case 'version':
      if (path !== '/version' && path !== '/version/') break
      if (!isRead(exchange)) throw methodNotServed()
      return respondBytes(exchange, 200, jsonType, Buffer.from(JSON.stringify(builtinTable().version, null, 2)))
    case 'metrics':
      // Of the whole hub: a ServiceAccount's token means its own workspace where the URL names none.
      if (path !== '/metrics' || prefix !== '' || exchange.logicalCluster !== 'root') break
      return parts.metrics.text().then((text) => respond(exchange, 200, metricsType, Buffer.from(text)))
    case '':
    case 'index.html':
      if (path !== '/' && path !== '/index.html') break
      return chain(parts.discovery.paths(exchange, otherPaths(parts)), (paths) => respondJson(exchange, 200, { paths }))
  }
  throw pathNotFound()
}

function isRead({ request: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD'
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}

/** Whether the server itself answers below this path; everything else is the fallback's. */
export function isApiPath(url: string, endpoints: ReadonlyMap<string, Endpoint> | undefined): boolean {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  return apiSegments.has(firstSegment(path)) || findEndpoint(endpoints, path) !== undefined
}

const apiSegments = new Set([
  '',
  'api',
  'apis',
  'clusters',
  'healthz',
  'index.html',
  'livez',
  'metrics',
  'openapi',
  'readyz',
  'version',
])

function findEndpoint(endpoints: ReadonlyMap<string, Endpoint> | undefined, path: string): Endpoint | undefined {
  if (!endpoints) return undefined
  const exact = endpoints.get(path)
  if (exact) return exact
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const below = endpoints.get(path.slice(0, end + 1))
    if (below) return below
  }
  return undefined
}

function callEndpoint(endpoint: Endpoint, exchange: Exchange): MaybePromise<ApiResponse> {
  const { request, logicalCluster, info, user, auditId } = exchange
  const answer = endpoint({ request, logicalCluster, prefix: info.prefix, path: info.path, user })
  return chain(answer, (response) => {
    response.headers['audit-id'] ??= auditId
    response.headers['cache-control'] ??= 'no-cache, private'
    return response
  })
}

function otherPaths({ health, endpoints }: ServerParts): readonly string[] {
  return [...health.paths, '/version', '/openapi/v3', '/metrics', ...(endpoints?.keys() ?? [])]
}
