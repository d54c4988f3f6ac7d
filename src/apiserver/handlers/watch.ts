import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { notAcceptable } from '../../meta/api-errors.ts'
import { parseResourceVersion } from '../../registry/generic/list-objects.ts'
import type { ResourceScope } from '../../registry/generic/object-store.ts'
import type { Exchange } from '../exchange.ts'
import { type ListOptions, parseListOptions } from '../list-options.ts'
import { respond } from '../respond.ts'
import { protobufMediaType } from '../../registry/codec/protobuf.ts'
import type { ServerParts } from '../server-parts.ts'
import { createWatchEncoding } from '../watch-encoding.ts'
import { objectOutput } from '../write-object.ts'
import { type WatchPlan, WatchStream } from '../watch-stream.ts'

const minTimeoutSeconds = 1_800 // without a wish: 30 to 60 minutes, so that watches do not all end at once

/** A watch answers at once and then goes on; everything that can be wrong with the request is said before. */
export function handleWatch(parts: ServerParts, exchange: Exchange, scope: ResourceScope): MaybePromise<ApiResponse> {
  return chain(planWatch(parts, exchange, scope), (plan) => {
    const body = {
      start: (sink: ConstructorParameters<typeof WatchStream>[2]) => new WatchStream(parts, plan, sink).start(),
    }
    return respond(exchange, 200, plan.encoding.contentType, body)
  })
}

export function planWatch(parts: ServerParts, exchange: Exchange, scope: ResourceScope): MaybePromise<WatchPlan> {
  const options = parseListOptions(exchange, scope, true)
  const output = objectOutput(exchange, scope)
  if (output.media === 'yaml')
    throw notAcceptable(['application/json;stream=watch', `${protobufMediaType};stream=watch`])
  const { initial, after } = beginning(options)
  const { namespace } = exchange.info
  const plan: WatchPlan = {
    scope,
    namespace: scope.definition.namespaced && namespace !== '' ? namespace : undefined,
    selection: options.selection,
    initial,
    after,
    bookmarks: options.allowWatchBookmarks,
    timeoutMs: timeoutSeconds(options) * 1000,
    encoding: createWatchEncoding(parts, exchange, scope, output),
  }
  // A revision that this server has not seen is waited for here, so that it can still be answered with an error.
  return chain(parts.store.ready(options.resourceVersion), () => plan)
}

function timeoutSeconds({ timeoutSeconds }: ListOptions): number {
  if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds
  return minTimeoutSeconds * (1 + Math.random())
}

/** Where a watch begins: with what is there, now, or behind a revision. */
function beginning({ resourceVersion, sendInitialEvents }: ListOptions): { initial: boolean; after: number | 'now' } {
  const isAny = resourceVersion === '' || resourceVersion === '0'
  if (sendInitialEvents ?? isAny) return { initial: true, after: 'now' }
  return { initial: false, after: isAny ? 'now' : parseResourceVersion(resourceVersion) }
}
