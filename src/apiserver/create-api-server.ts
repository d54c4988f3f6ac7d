import { requestTooLarge } from '../meta/api-errors.ts'
import { builtinTable } from '../registry/builtin/builtin-table.ts'
import type { ApiRequest, ApiResponse } from '../client/transport.ts'
import type { ApiServer, ApiServerOptions, ListenOptions } from './api-server.ts'
import { createDiscovery } from './discovery/discovery.ts'
import { Exchange } from './exchange.ts'
import { isApiPath } from './handle-path.ts'
import { handleRequest } from './handle-request.ts'
import { createHealth } from './health.ts'
import { type HttpsServer, startHttpsServer } from './https-server.ts'
import { createInFlightLimit } from './in-flight.ts'
import { respondStatus } from './respond.ts'
import { createOpenApiV3 } from './openapi/create-open-api-v3.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { defaultLimits, type ServerParts } from './server-parts.ts'
import { createWebSocketWatches } from './websocket-watch.ts'

const defaultGraceMs = 10_000

export function createApiServer(options: ApiServerOptions): ApiServer {
  const closing = new AbortController()
  const limits = { ...defaultLimits, ...options.limits }
  const inFlight = createInFlightLimit(limits.inFlight)
  const openWatches: ServerParts['openWatches'] = new Set()
  const metrics = createRequestMetrics({ inFlight: () => inFlight.total, watches: () => openWatches.size })
  const parts: ServerParts = {
    ...options,
    limits,
    inFlight,
    metrics,
    discovery: createDiscovery(options.catalog),
    health: createHealth(options.healthChecks ?? [], closing.signal, options.logger),
    openApi: createOpenApiV3({ kubernetesVersion: kubernetesVersion() }),
    openWatches,
  }
  const servers: HttpsServer[] = []
  return {
    transport: async (request) => handleRequest(parts, request),
    listen: async (listenOptions) => {
      const server = await listen(parts, listenOptions)
      servers.push(server)
      return server.listening
    },
    definitionsChanged(logicalCluster) {
      for (const watch of parts.openWatches) watch.recheck(logicalCluster)
    },
    async close({ graceMs = defaultGraceMs } = {}) {
      closing.abort()
      for (const watch of parts.openWatches) watch.end()
      await Promise.all(servers.map((server) => server.close(graceMs)))
    },
  }
}

/** `1.36` */
function kubernetesVersion(): string {
  const { major, minor } = builtinTable().version
  return `${major}.${minor}`
}

function listen(parts: ServerParts, options: ListenOptions): Promise<HttpsServer> {
  const { endpoints, fallback, limits } = parts
  const webSockets = createWebSocketWatches({ handle: (request) => handleRequest(parts, request) })
  return startHttpsServer(
    {
      handle: (request) => handleRequest(parts, request),
      bodyBytes: limits.bodyBytes,
      tooLarge: (request) => tooLarge(parts, request),
      fallback,
      // A browser at the root is shown pages, where there are any; everybody else gets the list of paths.
      isApiPath: (url, accept) =>
        isApiPath(url, endpoints) && !(fallback && url === '/' && accept?.startsWith('text/html') === true),
      upgrade(request, socket, head, identity) {
        if (!parts.upgrade?.(request, socket, head, identity)) webSockets.upgrade(request, socket, head, identity)
      },
    },
    options,
  )
}

function tooLarge(parts: ServerParts, request: ApiRequest): ApiResponse {
  const exchange = new Exchange(request, parts.clock.now())
  return respondStatus(exchange, requestTooLarge(parts.limits.bodyBytes).status)
}

export type { ApiServer }
