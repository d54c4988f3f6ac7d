import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse } from '../client/transport.ts'
import { methodNotServed, notAcceptable, pathNotFound } from '../meta/api-errors.ts'
import { parseAccept } from '../meta/content-type.ts'
import type { CatalogSnapshot } from '../registry/resource-catalog.ts'
import type { Exchange } from './exchange.ts'
import type { OpenApiDocument } from './openapi/create-open-api-v3.ts'
import { acceptsGzip, jsonType, respond } from './respond.ts'
import type { ServerParts } from './server-parts.ts'

const yearMs = 365 * 24 * 60 * 60 * 1000
const compressFromBytes = 16 * 1024 // compressed once, so even short ones are worth it

/** `/openapi/v3` and the documents below it. */
export function handleOpenApi(parts: ServerParts, exchange: Exchange): MaybePromise<ApiResponse> {
  const { method } = exchange.request
  if (method !== 'GET' && method !== 'HEAD') throw methodNotServed()
  return chain(parts.catalog.snapshot(exchange.logicalCluster), (snapshot) => answer(parts, exchange, snapshot))
}

function answer(parts: ServerParts, exchange: Exchange, snapshot: CatalogSnapshot): ApiResponse {
  const { path, prefix } = exchange.info
  requireJson(exchange)
  if (path === '/openapi/v3' || path === '/openapi/v3/') {
    return respondDocument(exchange, parts.openApi.index(snapshot, prefix), undefined)
  }
  const [, , , root, first = '', second, rest] = path.split('/')
  const [group, version] = root === 'api' ? ['', first] : [first, second]
  const isKnown = (root === 'api' && second === undefined) || (root === 'apis' && rest === undefined)
  const document = isKnown && version ? parts.openApi.document(snapshot, group ?? '', version) : undefined
  if (!document) throw pathNotFound()
  const hash = exchange.parameter('hash')
  if (hash !== '' && hash !== document.hash) return redirect(exchange, document)
  const expires = hash === '' ? undefined : new Date(parts.clock.now() + yearMs).toUTCString()
  return respondDocument(exchange, document, expires)
}

function redirect(exchange: Exchange, document: OpenApiDocument): ApiResponse {
  const response = respond(exchange, 301, jsonType, new Uint8Array(0))
  response.headers['location'] = `${exchange.info.prefix}${exchange.info.path}?hash=${document.hash}`
  return response
}

function requireJson(exchange: Exchange): void {
  const accept = exchange.header('accept')
  if (accept === '') return
  const takesJson = parseAccept(accept).some(
    ({ type, subtype }) => type === '*' || (type === 'application' && (subtype === 'json' || subtype === '*')),
  )
  if (!takesJson) throw notAcceptable([jsonType])
}

function respondDocument(exchange: Exchange, document: OpenApiDocument, expires: string | undefined): ApiResponse {
  const etag = `"${document.hash}"`
  const isKnown = exchange.header('if-none-match').includes(etag)
  const compressed = !isKnown && document.bytes.length > compressFromBytes && acceptsGzip(exchange)
  const body = isKnown ? new Uint8Array(0) : compressed ? document.gzip() : document.bytes
  const response = respond(exchange, isKnown ? 304 : 200, jsonType, body)
  response.headers['etag'] = etag
  response.headers['vary'] = 'Accept, Accept-Encoding'
  if (compressed) response.headers['content-encoding'] = 'gzip'
  if (expires !== undefined) {
    response.headers['cache-control'] = 'public, immutable'
    response.headers['expires'] = expires
  }
  return response
}
