import type { ApiResponse } from '../../client/transport.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import { wipeSystemMetadata } from '../../registry/generic/object-metadata.ts'
import { parseObjectKey } from '../../storage/keys.ts'
import type { OperationContext } from '../../registry/resource-definition.ts'
import { decodeObject } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondObject, respondValue } from '../write-object.ts'
import { parseWriteOptions } from '../write-options.ts'
import {
  admitMutating,
  admitValidating,
  namespaceOf,
  settleNamespace,
  trackManagedFields,
  writeContext,
} from './write-support.ts'

/** POST to a collection. */
export async function handleCreate(parts: ServerParts, exchange: Exchange, scope: ResourceScope): Promise<ApiResponse> {
  const options = parseWriteOptions(exchange, 'CreateOptions')
  const object = decodeObject(exchange, scope, options.fieldValidation)
  const namespace = namespaceOf(exchange, scope)
  settleNamespace(object, namespace)
  wipeSystemMetadata(object.metadata)
  const { virtualCreate } = scope.definition
  if (virtualCreate) {
    const answer = await virtualCreate(object, operationContext(parts, exchange, scope, options.dryRun))
    return respondValue(parts, exchange, scope, answer, 201)
  }
  trackManagedFields(parts, scope, '', options, object, undefined)
  await admitMutating(parts, exchange, scope, options.dryRun, object, undefined)
  const context = writeContext(exchange, options.dryRun)
  const admit = admitValidating(parts, exchange, scope, options.dryRun)
  exchange.createdName = object.metadata.name
  const result = await parts.store.create(scope, { namespace, object, context, admit })
  exchange.createdName = parseObjectKey(result.object.key)?.name
  return respondObject(parts, exchange, scope, result.object, 201)
}

export function operationContext(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  dryRun: boolean,
): OperationContext {
  const { subresource } = exchange.info
  return {
    logicalCluster: scope.logicalCluster,
    user: exchange.user,
    namespace: namespaceOf(exchange, scope),
    version: scope.version.version,
    ...(subresource === '' ? {} : { subresource }),
    dryRun,
    nowMs: parts.clock.now(),
    warn: exchange.warn,
    reader: parts.store.reader,
  }
}
