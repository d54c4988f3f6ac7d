import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse } from '../client/transport.ts'
import { badRequest, failure, methodNotAllowed, methodNotServed, pathNotFound } from '../meta/api-errors.ts'
import type { ResourceScope } from '../registry/generic/object-store.ts'
import type { ServedResource } from '../registry/resource-catalog.ts'
import {
  type ResourceDefinition,
  type SubresourceDefinition,
  subresourcesIn,
  type Verb,
} from '../registry/resource-definition.ts'
import type { KubeObject } from '../meta/object.ts'
import { isJsonObject } from '../registry/schema/json-value.ts'
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
import { respond } from './respond.ts'
import type { ServerParts } from './server-parts.ts'
import { objectOutput } from './write-object.ts'
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
  const scope = { logicalCluster: exchange.logicalCluster, definition, version }
  if (info.subresource !== '') return dispatchSubresource(parts, exchange, scope)
  if (definition.custom) warnOfVersion(exchange, scope)
  if (!isServedHere(exchange, scope)) throw notServedHere(exchange, scope)
  if (!definition.custom) warnOfVersion(exchange, scope)
  if (writes.has(info.verb)) objectOutput(exchange, scope)
  switch (info.verb) {
    case 'get':
      return handleGet(parts, exchange, scope)
    case 'list':
      return handleList(parts, exchange, scope)
    case 'watch':
      return handleWatch(parts, exchange, scope)
    case 'create':
      return handleCreate(parts, exchange, scope)
    case 'deletecollection':
      return handleDeleteCollection(parts, exchange, scope)
  }
  switch (info.verb) {
    case 'update':
      return handleUpdate(parts, exchange, scope)
    case 'patch':
      return handlePatch(parts, exchange, scope)
    default:
      return handleDelete(parts, exchange, scope)
  }
}

function warnOfVersion(exchange: Exchange, { version }: ResourceScope): void {
  if (version.deprecationWarning !== undefined) exchange.warn(version.deprecationWarning)
}

/** Before these change anything, it must be known that their answer can be written. */
const writes: ReadonlySet<string> = new Set<Verb>(['create', 'delete', 'patch', 'update'])

const everywhereVerbs: readonly Verb[] = ['list', 'watch']
const collectionVerbs: readonly Verb[] = ['create', 'deletecollection', 'list', 'watch']
const objectVerbs: readonly Verb[] = ['delete', 'get', 'patch', 'update', 'watch']
const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Whether the resource offers the verb at this place: on all namespaces at once nothing is written, whatever the kind
 * can do. A type that is going takes no new objects, but says so in its own words (its strategy's).
 */
function isServedHere({ info, request }: Exchange, { definition }: ResourceScope): boolean {
  const isEverywhere = definition.namespaced && info.namespace === '' && info.name === ''
  const possible = isEverywhere ? everywhereVerbs : info.name === '' ? collectionVerbs : objectVerbs
  if (!isVerbOf(possible, info.verb)) return false
  if (info.verb === 'watch' && !readMethods.has(request.method)) return false
  return definition.custom || isVerbOf(definition.verbs, info.verb)
}

function notServedHere({ info }: Exchange, { definition }: ResourceScope): Error {
  const { custom, namespaced } = definition
  if (!custom) {
    const none = info.name !== '' && !definition.verbs.some((verb) => verb !== 'watch' && objectVerbs.includes(verb))
    return none ? pathNotFound() : methodNotServed()
  }
  if (info.name !== '') return methodNotAllowed(definition, info.verb)
  if (namespaced && info.namespace === '') return pathNotFound()
  const needsName = info.verb === 'update' || info.verb === 'patch'
  return needsName ? badRequest('name must be provided') : methodNotAllowed(definition, info.verb)
}

/** Upstream's router knows only built-in kinds, and has one sentence for all of them. */
function notServed(definition: ResourceDefinition, verb: string): Error {
  return definition.custom ? methodNotAllowed(definition, verb) : methodNotServed()
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
  const subresource = subresourcesIn(definition, scope.version).find(({ name }) => name === info.subresource)
  if (!subresource || (info.rest !== '' && subresource.type !== 'connect')) throw pathNotFound()
  warnOfVersion(exchange, scope)
  if (writes.has(info.verb) && subresource.type !== 'connect') objectOutput(exchange, scope)
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
  if (!parts.connect) return nothingRuns(exchange, parts.store.toVersion(scope, object))
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

/** A pod that is nowhere has no logs yet; for the rest clients are not told to come back, since nothing will have changed. */
function nothingRuns(exchange: Exchange, object: KubeObject): ApiResponse {
  const { resource, subresource, name } = exchange.info
  if (resource === 'pods' && subresource !== 'proxy') {
    const { spec } = object
    const host = isJsonObject(spec) ? spec['nodeName'] : undefined
    if (host === undefined || host === '') {
      if (subresource === 'log') return respond(exchange, 200, 'text/plain', Buffer.alloc(0))
      throw badRequest(`pod ${name} does not have a host assigned`)
    }
  }
  const message = `nothing runs in this hub: ${resource}/${subresource} has no answer`
  throw failure({ code: 503, reason: 'ServiceUnavailable', message })
}
