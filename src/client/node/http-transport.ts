import { lookup } from 'node:dns'
import { setMaxListeners } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { TransportError } from '../client.ts'
import type { ApiRequest, ApiResponse, ByteSink, StreamBody, Transport } from '../transport.ts'

export interface HttpTransportOptions {
  /** `https://host:port`, with a path prefix when the API lives below one. */
  serverUrl: string
  caPem?: string
  clientCertificatePem?: string
  clientKeyPem?: string
  /** Sent as a bearer token; a function is asked for every request, so that a rotated token is picked up. */
  token?: string | (() => string | undefined)
  /** Off by default; `join` refuses kubeconfigs that ask for it. */
  insecureSkipTlsVerify?: boolean
  /** Why an address that the server's name stands for must not be dialled; asked with every connection. */
  refuseAddress?(ip: string): string | undefined
  /** How long to wait for the head of an answer. Default 60 s, what kube-apiserver itself allows. */
  timeoutMs?: number
  /** For a server that is not to be trusted; its answers must also end within `timeoutMs`. Default: none. */
  answerBounds?: AnswerBounds
}

/** An answer that is longer is cut off: to the reader it is one that broke off. */
export interface AnswerBounds {
  maxBytes: number
  /** Of one event of a watch. */
  maxEventBytes: number
}

/** A transport to a kube-apiserver or a hub over HTTP/1.1 with kept-alive connections. `close` drops idle ones. */
export function createHttpTransport(options: HttpTransportOptions): { transport: Transport; close(): void } {
  const server = new URL(options.serverUrl)
  const secure = server.protocol === 'https:'
  const prefix = server.pathname.replace(/\/$/, '')
  const agent = new Agent({
    keepAlive: true,
    ...(options.caPem === undefined ? {} : { ca: options.caPem }),
    ...(options.clientCertificatePem === undefined ? {} : { cert: options.clientCertificatePem }),
    ...(options.clientKeyPem === undefined ? {} : { key: options.clientKeyPem }),
    rejectUnauthorized: options.insecureSkipTlsVerify !== true,
    ...(options.refuseAddress === undefined ? {} : { lookup: guardedLookup(options.refuseAddress) }),
  })
  const timeoutMs = options.timeoutMs ?? 60_000

  const transport: Transport = (request) =>
    new Promise<ApiResponse>((resolve, reject) => {
      const token = typeof options.token === 'function' ? options.token() : options.token
      setMaxListeners(0, request.signal) // one may stand for many requests at once, which is no leak
      const outgoing = (secure ? httpsRequest : httpRequest)({
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port || (secure ? 443 : 80),
        method: request.method,
        path: prefix + request.url,
        headers: toHeaders(request, token),
        ...(secure ? { agent } : {}),
        signal: request.signal,
      })
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
      outgoing.on('error', (cause) => {
        clearTimeout(timer)
        reject(new TransportError(`cannot reach ${server.host}: ${cause.message}`, { cause }))
      })
      outgoing.on('response', (incoming) => {
        clearTimeout(timer)
        const { answerBounds } = options
        if (answerBounds && !isWatch(request.url)) endWithin(incoming, timeoutMs)
        resolve(toResponse(incoming, answerBounds && excessOf(request.url, answerBounds)))
      })
      outgoing.end(request.body)
    })
  return { transport, close: () => agent.destroy() }
}

/** Counts the bytes of an answer: true once there are more than an honest one has. */
type Excess = (chunk: Uint8Array) => boolean

/** A watch may last, but no single event of it may be without an end. */
function excessOf(url: string, { maxBytes, maxEventBytes }: AnswerBounds): Excess {
  let bytes = 0
  if (!isWatch(url)) return (chunk) => (bytes += chunk.byteLength) > maxBytes
  return (chunk) => {
    const end = chunk.lastIndexOf(0x0a)
    bytes = end === -1 ? bytes + chunk.byteLength : chunk.byteLength - end - 1
    return bytes > maxEventBytes
  }
}

function endWithin(incoming: IncomingMessage, ms: number): void {
  const timer = setTimeout(() => incoming.destroy(new Error(`the answer took longer than ${ms} ms`)), ms)
  incoming.once('close', () => clearTimeout(timer))
}

const isWatch = (url: string): boolean => /[?&]watch=(true|1)(&|$)/.test(url)

/** What a name stands for can change between a check and a connection: the addresses that are dialled are the ones looked at. */
function guardedLookup(refuse: (ip: string) => string | undefined): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      const found = typeof address === 'string' ? [address] : (address ?? []).map((one) => one.address)
      const why = error ? undefined : found.map(refuse).find((reason) => reason !== undefined)
      callback(why === undefined ? error : new Error(`${hostname}: ${why}`), address, family)
    })
  }
}

function toHeaders(request: ApiRequest, token: string | undefined): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : [...value]
  }
  if (token !== undefined && token !== '') headers['authorization'] = `Bearer ${token}`
  if (request.body.byteLength > 0) headers['content-length'] = String(request.body.byteLength)
  return headers
}

/** Small answers could be gathered here, but only the caller knows whether it asked for a stream: all stream. */
function toResponse(incoming: IncomingMessage, excess: Excess | undefined): ApiResponse {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers[name] = value
  const body: StreamBody = { start: (sink) => pipeToSink(incoming, sink, excess) }
  return { status: incoming.statusCode ?? 500, headers, body }
}

function pipeToSink(incoming: IncomingMessage, sink: ByteSink, excess: Excess | undefined): void {
  // Cut off before anybody listened: no event comes any more.
  if (incoming.destroyed) return sink.end()
  sink.onClose(() => incoming.destroy())
  sink.onDrain(() => incoming.resume())
  incoming.on('data', (chunk: Uint8Array) => {
    if (excess?.(chunk)) incoming.destroy()
    else if (!sink.write(chunk)) incoming.pause()
  })
  // A body cut short looks like an end to a watch, which starts again, and like broken JSON to everybody else.
  incoming.on('error', () => sink.end())
  incoming.on('end', () => sink.end())
  incoming.on('close', () => sink.end())
}
