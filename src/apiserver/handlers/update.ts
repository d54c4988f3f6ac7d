import type { ApiResponse } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { ObjectPart, ResourceScope } from '../../registry/generic/object-store.ts'
import { decodeObject } from '../decode-object.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondObject } from '../write-object.ts'
import { parseWriteOptions } from '../write-options.ts'
import {
  admitMutating,
  admitValidating,
  authorizeCreate,
  checkNames,
  namespaceOf,
  trackManagedFields,
  writeContext,
} from './write-support.ts'

/** PUT of an object, or of the part of it that a subresource writes. */
export async function handleUpdate(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  part?: ObjectPart,
): Promise<ApiResponse> {
  const options = parseWriteOptions(exchange, 'UpdateOptions')
  const { name } = exchange.info
  const decode = (): KubeObject => {
    const object = decodeObject(exchange, scope, options.fieldValidation)
    checkNames(exchange, scope, object)
    return object
  }
  let decoded: KubeObject | undefined = decode()
  const result = await parts.store.update(scope, {
    namespace: namespaceOf(exchange, scope),
    name,
    context: writeContext(exchange, options.dryRun),
    async next(current) {
      // The store owns what it was given: another try begins with the body again.
      const object = decoded ?? decode()
      decoded = undefined
      if (!current) await authorizeCreate(parts, exchange)
      trackManagedFields(parts, scope, part?.subresource ?? '', options, object, current)
      await admitMutating(parts, exchange, scope, options.dryRun, object, current)
      return object
    },
    admit: admitValidating(parts, exchange, scope, options.dryRun),
    createWhenAbsent: part === undefined && scope.definition.strategy.allowCreateOnUpdate === true,
    ...(part ? { part } : {}),
  })
  return respondObject(parts, exchange, scope, result.object, result.created ? 201 : 200)
}
