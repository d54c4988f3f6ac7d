import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import type { Exchange } from '../exchange.ts'
import type { ServerParts } from '../server-parts.ts'
import { respondObject } from '../write-object.ts'

/** GET of one object: beside an embedded store without a single promise. */
export function handleGet(parts: ServerParts, exchange: Exchange, scope: ResourceScope): MaybePromise<ApiResponse> {
  const { info } = exchange
  const namespace = scope.definition.namespaced ? info.namespace : ''
  const ready = parts.store.ready(exchange.parameter('resourceVersion'))
  if (isPromise(ready)) return ready.then(() => read(parts, exchange, scope, namespace))
  return read(parts, exchange, scope, namespace)
}

function read(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  namespace: string,
): MaybePromise<ApiResponse> {
  return chain(parts.store.get(scope, namespace, exchange.info.name), (object) =>
    respondObject(parts, exchange, scope, object),
  )
}
