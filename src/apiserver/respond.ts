import { gzip } from 'node:zlib'
import { promisify } from 'node:util'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ApiResponse, ResponseBody } from '../client/transport.ts'
import type { Status } from '../meta/status.ts'
import { stringifyJson } from '../meta/json.ts'
import { toYaml } from '../meta/yaml-writer.ts'
import type { Exchange } from './exchange.ts'

export const jsonType = 'application/json'
const yamlType = 'application/yaml'
export const textType = 'text/plain; charset=utf-8'

const compressFromBytes = 128 * 1024 // below, gzip costs more than the network saves
const compress = promisify(gzip)
const compressionLevel = 1

/** The head that every answer has. */
export function respond(exchange: Exchange, status: number, contentType: string, body: ResponseBody): ApiResponse {
  const headers: Record<string, string | string[]> = {
    'audit-id': exchange.auditId,
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  }
  const warnings = exchange.warningHeaders()
  if (warnings) headers['warning'] = warnings
  return { status, headers, body }
}

/** A body that is all there: compressed when it is long and the client takes it. */
export function respondBytes(
  exchange: Exchange,
  status: number,
  contentType: string,
  body: Uint8Array,
): MaybePromise<ApiResponse> {
  const response = respond(exchange, status, contentType, body)
  if (body.length <= compressFromBytes || !acceptsGzip(exchange)) return response
  return compress(body, { level: compressionLevel }).then((compressed) => {
    response.headers['content-encoding'] = 'gzip'
    response.headers['vary'] = 'Accept-Encoding'
    response.body = compressed
    return response
  })
}

export function acceptsGzip(exchange: Exchange): boolean {
  const accepted = exchange.request.headers['accept-encoding']
  return typeof accepted === 'string' && /(^|[\s,])gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(accepted)
}

export function respondJson(exchange: Exchange, status: number, value: unknown): MaybePromise<ApiResponse> {
  return respondBytes(exchange, status, jsonType, Buffer.from(stringifyJson(value)))
}

export function respondText(exchange: Exchange, status: number, text: string): ApiResponse {
  const response = respond(exchange, status, textType, Buffer.from(text))
  response.headers['x-content-type-options'] = 'nosniff'
  return response
}

/** A failure, or the Success of a delete. */
export function respondStatus(exchange: Exchange, status: Status): ApiResponse {
  const asYaml = exchange.header('accept').startsWith(yamlType)
  const text = asYaml ? toYaml(status) : `${stringifyJson(status)}\n`
  const response = respond(exchange, status.code ?? 200, asYaml ? yamlType : jsonType, Buffer.from(text))
  const retryAfterSeconds = status.details?.retryAfterSeconds
  if (retryAfterSeconds) response.headers['retry-after'] = String(retryAfterSeconds)
  if (status.code === 403) response.headers['x-content-type-options'] = 'nosniff'
  return response
}
