import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { FillRandom } from '../../meta/random-bytes.ts'
import type { Backend } from '../../storage/backend.ts'
import type { ObjectCache } from '../../storage/object-cache.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { ResourceCatalog } from '../resource-catalog.ts'
import type { OperationContext } from '../resource-definition.ts'
import type { Lifecycles } from './logical-cluster-lifecycle.ts'
import type { ResourceScope, WriteContext } from './object-store.ts'
import type { Turns } from './turns.ts'

/** What the verbs of the object store share. */
export interface StoreParts {
  readonly backend: Backend
  readonly cache: ObjectCache
  readonly catalog: ResourceCatalog
  readonly lifecycles: Lifecycles
  readonly reader: ObjectReader
  /** Where writers of one object wait for each other, once they have met. */
  readonly turns: Turns
  readonly clock: Clock
  readonly fillRandom: FillRandom
  readonly logger: Logger
}

/** Another writer was faster this often in a row: then the client is asked to come back. */
export const maxAttempts = 50

export function operationContext(
  parts: StoreParts,
  scope: ResourceScope,
  namespace: string,
  { user, dryRun, warn }: WriteContext,
  subresource?: string,
): OperationContext {
  return {
    logicalCluster: scope.logicalCluster,
    user,
    namespace,
    version: scope.version.version,
    ...(subresource === undefined ? {} : { subresource }),
    dryRun,
    nowMs: parts.clock.now(),
    warn,
    reader: parts.reader,
  }
}
