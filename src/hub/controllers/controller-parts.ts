import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Client } from '../../client/client.ts'
import {
  createController,
  type Controller,
  type Reconcile,
  type ReconcileRequest,
} from '../../controller/controller.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import type { ResourceCatalog } from '../../registry/resource-catalog.ts'
import type { Backend, FeedEvent } from '../../storage/backend.ts'
import { feedSource } from '../feed-source.ts'

/** What the hub's controllers are made of. */
export interface ControllerParts {
  backend: Backend
  catalog: ResourceCatalog
  /** What is stored, without a request: for what a reconcile reads again and again. */
  reader: ObjectReader
  clock: Clock
  logger: Logger
  /** A client of one logical cluster, by name, in process and as the system; `*` for all of them. */
  clientOf(logicalCluster: string): Client
}

export interface FeedController {
  name: string
  reconcile: Reconcile
  toRequests(event: FeedEvent): readonly ReconcileRequest[]
  resync(enqueue: (request: ReconcileRequest) => void, signal: AbortSignal): Promise<void>
  workers?: number
}

/** A controller over all workspaces that follows the store's feed with a durable cursor. */
export function feedController(
  parts: ControllerParts,
  { name, reconcile, toRequests, resync, workers }: FeedController,
): Controller {
  const { backend, clock, logger } = parts
  return createController({
    name,
    reconcile,
    clock,
    logger,
    sources: [feedSource({ name, backend, clock, logger, toRequests, resync })],
    ...(workers === undefined ? {} : { workers }),
  })
}
