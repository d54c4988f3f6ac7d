import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { methodNotServed, pathNotFound } from '../../meta/api-errors.ts'
import { parseAccept } from '../../meta/content-type.ts'
import type { CatalogSnapshot, ResourceCatalog } from '../../registry/resource-catalog.ts'
import type { Exchange } from '../exchange.ts'
import { jsonType, respondBytes, respondJson } from '../respond.ts'
import { apiGroup, apiGroupDiscoveryList, apiGroupList, apiResourceList, apiVersions } from './documents.ts'
import { groupDefinitions, type ServedGroup } from './served-groups.ts'

/** Answers `/api…`, `/apis…` and `/`: what a workspace serves. */
export interface Discovery {
  respond(exchange: Exchange): MaybePromise<ApiResponse>
  /** `/` and everything below it that the server knows of. */
  paths(exchange: Exchange, others: readonly string[]): MaybePromise<readonly string[]>
}

interface Document {
  readonly body: Buffer
  readonly etag: string
}

/** Everything about one set of definitions, made when first asked for and shared by all workspaces that have the set. */
interface Documents {
  readonly groups: readonly ServedGroup[]
  readonly byPath: Map<string, Document | undefined>
}

const rememberedSets = 64 // ~1 MB each when every document has been asked for
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export function createDiscovery(catalog: ResourceCatalog): Discovery {
  const sets = new LRUCache<string, Documents>({ max: rememberedSets })
  const documentsOf = ({ key, definitions }: CatalogSnapshot): Documents => {
    const known = sets.get(key)
    if (known) return known
    const fresh = { groups: groupDefinitions(definitions), byPath: new Map() }
    sets.set(key, fresh)
    return fresh
  }
  return {
    respond(exchange) {
      const { method } = exchange.request
      if (method !== 'GET' && method !== 'HEAD') throw methodNotServed()
      return chain(catalog.snapshot(exchange.logicalCluster), (snapshot) => answer(exchange, documentsOf(snapshot)))
    },
    paths: (exchange, others) =>
      chain(catalog.snapshot(exchange.logicalCluster), (snapshot) => listPaths(documentsOf(snapshot).groups, others)),
  }
}

function answer(exchange: Exchange, documents: Documents): MaybePromise<ApiResponse> {
  const path = exchange.info.path.endsWith('/') ? exchange.info.path.slice(0, -1) : exchange.info.path
  const isRoot = path === '/api' || path === '/apis'
  const aggregated = isRoot && wantsAggregated(exchange)
  // The one document that depends on who asks: how they reached this server.
  if (path === '/api' && !aggregated) return respondJson(exchange, 200, apiVersions(hostOf(exchange)))
  const key = aggregated ? `${path} aggregated` : path
  let document = documents.byPath.get(key)
  if (!document) {
    const value = aggregated ? aggregatedDocument(path, documents.groups) : legacyDocument(path, documents.groups)
    if (value === undefined) throw pathNotFound()
    documents.byPath.set(key, (document = toDocument(value)))
  }
  return respondDocument(exchange, document, aggregated)
}

function hostOf(exchange: Exchange): string {
  return exchange.header(':authority') || exchange.header('host')
}

function respondDocument(exchange: Exchange, document: Document, aggregated: boolean): MaybePromise<ApiResponse> {
  const isKnown = exchange.header('if-none-match').includes(document.etag)
  const response = respondBytes(
    exchange,
    isKnown ? 304 : 200,
    aggregated ? aggregatedType : jsonType,
    isKnown ? new Uint8Array(0) : document.body,
  )
  return chain(response, (made) => {
    if (aggregated) made.headers['cache-control'] = 'public'
    made.headers['etag'] = document.etag
    made.headers['vary'] = made.headers['vary'] ? 'Accept, Accept-Encoding' : 'Accept'
    return made
  })
}

/** Only v2 is offered; who asks for v2beta1 alone gets the legacy form. */
function wantsAggregated(exchange: Exchange): boolean {
  const accept = exchange.header('accept')
  if (!accept.includes('APIGroupDiscoveryList')) return false
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    if (type !== 'application' || subtype !== 'json') continue
    const as = parameters.get('as')
    if (as === undefined) return false
    const isV2 = parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2'
    if (as === 'APIGroupDiscoveryList' && isV2) return true
  }
  return false
}

function aggregatedDocument(path: string, groups: readonly ServedGroup[]): unknown {
  return apiGroupDiscoveryList(groups.filter(({ group }) => (group === '') === (path === '/api')))
}

function legacyDocument(path: string, groups: readonly ServedGroup[]): unknown {
  if (path === '/apis') return apiGroupList(groups)
  const [, root, first = '', second, rest] = path.split('/')
  if (rest !== undefined || (root === 'api' && second !== undefined)) return undefined
  const group = groups.find((candidate) => candidate.group === (root === 'api' ? '' : first))
  if (!group || (root === 'apis' && first === '')) return undefined
  if (root === 'apis' && second === undefined) return apiGroup(group)
  const wanted = root === 'api' ? first : second
  const version = group.versions.find((candidate) => candidate.version === wanted)
  return version && apiResourceList(group.group, version)
}

function toDocument(value: unknown): Document {
  const body = Buffer.from(JSON.stringify(value))
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
  return { body, etag }
}

function listPaths(groups: readonly ServedGroup[], others: readonly string[]): readonly string[] {
  const paths = ['/api', '/apis', '/apis/', ...others]
  for (const { group, versions } of groups) {
    if (group !== '') paths.push(`/apis/${group}`)
    for (const { version } of versions) paths.push(group === '' ? `/api/${version}` : `/apis/${group}/${version}`)
  }
  return paths.sort()
}
