import type { ApiServerOptions, RequestLimits } from './api-server.ts'
import type { Discovery } from './discovery/discovery.ts'
import type { Health } from './health.ts'
import type { OpenApiV3 } from './openapi/create-open-api-v3.ts'
import type { InFlightLimit } from './in-flight.ts'
import type { RequestMetrics } from './request-metrics.ts'

export interface OpenWatch {
  end(): void
  /** Ends when its resource is not what it was: clients then list it anew. */
  recheck(logicalCluster: string): void
}

/** What the handlers share. */
export interface ServerParts extends ApiServerOptions {
  readonly limits: RequestLimits
  readonly inFlight: InFlightLimit
  readonly discovery: Discovery
  readonly health: Health
  readonly openApi: OpenApiV3
  readonly metrics: RequestMetrics
  /** Ended when the server closes. */
  readonly openWatches: Set<OpenWatch>
}

export const defaultLimits: RequestLimits = {
  inFlight: 1_200, // one workspace alone gets 600: upstream's 400 reads and 200 writes
  bodyBytes: 3 * 1024 * 1024,
  timeoutMs: 60_000,
}
