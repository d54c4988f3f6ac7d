import type { ApiResponse } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'
import { deletedStatus } from '../success-status.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import { parseDeleteOptions } from '../delete-options.ts'
import type { Exchange } from '../exchange.ts'
import { parseListOptions, toListQuery } from '../list-options.ts'
import { negotiate } from '../negotiation.ts'
import { respondBytes, respondStatus } from '../respond.ts'
import type { ServerParts } from '../server-parts.ts'
import { encodeOutput, hasProtobuf, respondObject } from '../write-object.ts'
import { listObject } from './list.ts'
import { admitValidating, namespaceOf, writeContext } from './write-support.ts'

/** DELETE of one object: a Status when it is gone, the object when it waits or when its kind wants it so. */
export async function handleDelete(parts: ServerParts, exchange: Exchange, scope: ResourceScope): Promise<ApiResponse> {
  const { options, dryRun } = parseDeleteOptions(exchange)
  const { name } = exchange.info
  const result = await parts.store.delete(scope, {
    namespace: namespaceOf(exchange, scope),
    name,
    context: writeContext(exchange, dryRun),
    options,
    admit: admitValidating(parts, exchange, scope, dryRun),
  })
  const { definition } = scope
  if (!result.gone || definition.strategy.returnsDeletedObject) {
    return respondObject(parts, exchange, scope, result.object)
  }
  return respondStatus(exchange, deletedStatus(definition, name, result.object.metadata.uid))
}

/** DELETE of a collection answers with the list of what was deleted. */
export async function handleDeleteCollection(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
): Promise<ApiResponse> {
  const { options, dryRun } = parseDeleteOptions(exchange)
  const listOptions = parseListOptions(exchange, scope, false)
  const output = negotiate(exchange, { shape: 'list', protobuf: () => hasProtobuf(scope), transforms: false })
  const query = toListQuery(scope, exchange.info.namespace, listOptions)
  const request = { context: writeContext(exchange, dryRun), options }
  const admit = admitValidating(parts, exchange, scope, dryRun)
  const { objects: deleted, revision } = await parts.store.deleteCollection(scope, query, request, () => admit)
  const objects: KubeObject[] = deleted.map((object) => parts.store.toVersion(scope, object))
  return respondBytes(
    exchange,
    200,
    output.contentType,
    encodeOutput(listObject(scope, { resourceVersion: String(revision) }, objects), output),
  )
}
