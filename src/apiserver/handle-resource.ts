import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse } from '../client/transport.ts'
import { failure, methodNotAllowed, pathNotFound, serviceUnavailable } from '../meta/api-errors.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import type { ServedResource } from '../registry/resource-catalog.ts'
import type { ResourceDefinition, SubresourceDefinition, Verb } from '../registry/resource-definition.ts'
import type { Exchange } from './exchange.ts'
import { handleCreate } from './handlers/create.ts'
import { handleDelete, handleDeleteCollection } from './handlers/delete.ts'
import { handleGet } from './handlers/get.ts'
import { handleList } from './handlers/list.ts'
import { handlePatch } from './handlers/patch.ts'
import { handleScale } from './handlers/scale.ts'
import { handleUpdate } from './handlers/update.ts'
import { handleWatch } from './handlers/watch.ts'
import { namespaceOf } from './handlers/write-support.ts'
import type { ServerParts } from './server-parts.ts'
import { handleSubresourceCreate } from './handlers/subresource-create.ts'

/** From an authorized request for a resource to the handler of its verb. */
export function handleResource(parts: ServerParts, exchange: Exchange): MaybePromise<ApiResponse> {
  const { group, version, resource } = exchange.info
  return chain(parts.catalog.resolve(exchange.logicalCluster, group, version, resource), (served) => {
    if (!served) throw pathNotFound()
    return dispatch(parts, exchange, served)
  })
}

function dispatch(
  parts: ServerParts,
  exchange: Exchange,
  { definition, version }: ServedResource,
): MaybePromise<ApiResponse> {
  const { info } = exchange
  // A namespaced resource is created and addressed in its namespace only.
  if (definition.namespaced ? info.namespace === '' && info.name !== '' : isNamespacedPath(exchange))
    throw pathNotFound()
  if (version.deprecationWarning !== undefined) exchange.warn(version.deprecationWarning)
  const scope = { logicalCluster: exchange.logicalCluster, definition, version }
  if (info.subresource !== '') return dispatchSubresource(parts, exchange, scope)
  if (!isVerbOf(definition.verbs, info.verb)) throw notServed(definition, info.verb)
  switch (info.verb) {
    case 'get':
      return handleGet(parts, exchange, scope)
    case 'list':
      return handleList(parts, exchange, scope)
    case 'watch':
      return handleWatch(parts, exchange, scope)
    case 'create':
      if (info.name !== '' || (definition.namespaced && info.namespace === '')) throw notServed(definition, info.verb)
      return handleCreate(parts, exchange, scope)
    case 'deletecollection':
      return handleDeleteCollection(parts, exchange, scope)
  }
  if (info.name === '') throw notServed(definition, info.verb)
  switch (info.verb) {
    case 'update':
      return handleUpdate(parts, exchange, scope)
    case 'patch':
      return handlePatch(parts, exchange, scope)
    default:
      return handleDelete(parts, exchange, scope)
  }
}

/** Upstream's router knows only built-in kinds, and has one sentence for all of them. */
function notServed(definition: ResourceDefinition, verb: string): Error {
  if (definition.custom) return methodNotAllowed(definition, verb)
  const message = 'the server does not allow this method on the requested resource'
  return failure({ code: 405, reason: 'MethodNotAllowed', message, details: {} })
}

/** `/api/v1/namespaces/x/nodes`: a cluster-scoped resource under a namespace. */
function isNamespacedPath({ info }: Exchange): boolean {
  return info.namespace !== '' && info.resource !== 'namespaces'
}

function isVerbOf(verbs: readonly Verb[], verb: string): boolean {
  return (verbs as readonly string[]).includes(verb)
}

const partVerbs: readonly Verb[] = ['get', 'patch', 'update']

function dispatchSubresource(parts: ServerParts, exchange: Exchange, scope: ResourceScope): MaybePromise<ApiResponse> {
  const { definition } = scope
  const { info } = exchange
  const subresource = definition.subresources.find(({ name }) => name === info.subresource)
  if (!subresource || (info.rest !== '' && subresource.type !== 'connect')) throw pathNotFound()
  switch (subresource.type) {
    case 'status':
    case 'part': {
      const verbs = subresource.type === 'status' ? partVerbs : subresource.verbs
      if (!isVerbOf(verbs, info.verb)) throw notServed(definition, info.verb)
      if (info.verb === 'get') return handleGet(parts, exchange, scope)
      const part = { subresource: subresource.name, type: subresource.type, strategy: subresource.strategy } as const
      return info.verb === 'update'
        ? handleUpdate(parts, exchange, scope, part)
        : handlePatch(parts, exchange, scope, part)
    }
    case 'scale':
      if (!isVerbOf(partVerbs, info.verb)) throw notServed(definition, info.verb)
      return handleScale(parts, exchange, scope, subresource.scale)
    case 'create':
      if (info.verb !== 'create') throw notServed(definition, info.verb)
      return handleSubresourceCreate(parts, exchange, scope, subresource)
    case 'connect':
      return handleConnect(parts, exchange, scope, subresource)
  }
}

async function handleConnect(
  parts: ServerParts,
  exchange: Exchange,
  scope: ResourceScope,
  subresource: SubresourceDefinition & { type: 'connect' },
): Promise<ApiResponse> {
  const { info, request, user } = exchange
  if (!isVerbOf(subresource.verbs, info.verb)) throw notServed(scope.definition, info.verb)
  const object = await parts.store.get(scope, namespaceOf(exchange, scope), info.name)
  if (!parts.connect)
    throw serviceUnavailable(`nothing runs in this hub: ${info.resource}/${info.subresource} has no answer`)
  return parts.connect({
    request,
    logicalCluster: scope.logicalCluster,
    definition: scope.definition,
    subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.rest,
    user,
    object: parts.store.toVersion(scope, object),
  })
}
