import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import {
  createSecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Identity } from '../client/transport.ts'
import type { FallbackHandler, Listening, ListenOptions } from './api-server.ts'
import { serveHttp1 } from './http1.ts'
import { hasLostHeaders, http1Limits, refuseHeaders, refuseUnreadable } from './http1-limits.ts'
import { serveStream, type StreamContext } from './http-stream.ts'
import { createSessionWatchdog } from './session-watchdog.ts'

export interface HttpsServerParts extends StreamContext {
  /** Whether this server answers the URL; else the fallback does. */
  isApiPath(url: string, accept: string | undefined): boolean
  readonly fallback: FallbackHandler | undefined
  /** An upgrade to another protocol (WebSocket). */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, identity: Identity | undefined): void
}

export interface HttpsServer {
  readonly listening: Listening
  /** No new connections or requests; resolves when all that was open has ended, or was cut after `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** Requests of one connection that may be in work at once: a watch is one, and informers have many. */
const maxConcurrentStreams = 2_000
/** Megabytes that one connection may hold; Node's ten are too few for a hundred watches. */
const maxSessionMemory = 512
/**
 * What the headers of one request may have over HTTP/2. `nghttp2` ends the whole connection over a single header that is
 * longer, and cannot be told otherwise; clients that are told the limit refuse such a request themselves, and the
 * connection with its watches lives on.
 */
const maxHeaderListSize = 64 * 1024
/** None: HTTP/2 counts 32 bytes for each header, so `maxHeaderListSize` is what limits their number. */
const maxHeaderListPairs = maxHeaderListSize / 32
const sweepMs = 5_000
const streamWindowBytes = 1024 * 1024 // request bodies; the default of 64 KiB makes an upload wait for round trips

export async function startHttpsServer(parts: HttpsServerParts, options: ListenOptions): Promise<HttpsServer> {
  const { key, cert, clientCa } = options
  const server = createSecureServer({
    key,
    cert,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
    settings: { maxConcurrentStreams, initialWindowSize: streamWindowBytes, maxHeaderListSize },
    maxHeaderListPairs,
    maxSessionMemory,
  })
  const identities = new WeakMap<object, { identity: Identity | undefined }>()
  const identityOf = (socket: object | undefined): Identity | undefined => {
    if (!socket || !options.certificateIdentity || clientCa === undefined) return undefined
    let known = identities.get(socket)
    if (!known) identities.set(socket, (known = { identity: readIdentity(socket, options) }))
    return known.identity
  }
  serveHttp1Requests(server, parts, identityOf)
  Object.assign(server, http1Limits)
  const sessions = new Set<ServerHttp2Session>()
  const watchdog = createSessionWatchdog()
  const sweeping = setInterval(() => watchdog.sweep(), sweepMs).unref()
  server.once('close', () => clearInterval(sweeping))
  server.on('session', (session) => {
    sessions.add(session)
    watchdog.add(session)
    session.on('error', () => session.destroy())
    session.once('close', () => void sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
    const url = headers[':path'] ?? '/'
    if (parts.isApiPath(url, headers.accept) || !parts.fallback) {
      const { session } = stream
      serveStream(parts, stream, headers, flags, session ? identityOf(sessionSocket(session)) : undefined)
    } else parts.fallback(...compatible(stream, headers))
  })
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => void sockets.delete(socket))
  })
  server.on('tlsClientError', (_, socket) => void socket.destroy())
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (hasLostHeaders(request)) socket.destroy()
    else parts.upgrade(request, socket, head, identityOf(socket))
  })
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    listening: { host: options.host, port },
    close: (graceMs) => close(server, sessions, sockets, graceMs),
  }
}

/**
 * Registering for `request` makes Node serve HTTP/2 through its compatible layer, too: that listener is taken away, so
 * that streams come to us alone.
 */
function serveHttp1Requests(
  server: Http2SecureServer,
  parts: HttpsServerParts,
  identityOf: (socket: object | undefined) => Identity | undefined,
): void {
  const http1 = server as unknown as Server
  http1.on('clientError', refuseUnreadable)
  http1.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (hasLostHeaders(request)) refuseHeaders(response)
    else if (parts.isApiPath(request.url ?? '/', request.headers.accept) || !parts.fallback) {
      serveHttp1(parts, request, response, identityOf(request.socket))
    } else parts.fallback(request, response)
  })
  server.removeAllListeners('stream')
}

function compatible(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): [Http2ServerRequest, Http2ServerResponse] {
  const raw = Object.entries(headers).flatMap(([name, value]) => [name, String(value)])
  return [new Http2ServerRequest(stream, headers, {}, raw), new Http2ServerResponse(stream)]
}

function sessionSocket(session: Http2Session): object {
  return session.socket
}

function readIdentity(socket: object, { certificateIdentity }: ListenOptions): Identity | undefined {
  // Sessions hand out a proxy of their socket, which answers for it.
  const tls = socket as TLSSocket
  if (!tls.authorized) return undefined
  const certificate = tls.getPeerCertificate()
  return certificate && Object.keys(certificate).length > 0 ? certificateIdentity?.(certificate) : undefined
}

function listen(server: Http2SecureServer, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function close(
  server: Http2SecureServer,
  sessions: ReadonlySet<ServerHttp2Session>,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const session of sessions) session.close()
  const http1 = server as unknown as { closeIdleConnections?: () => void }
  http1.closeIdleConnections?.()
  const timer = setTimeout(() => {
    for (const session of sessions) session.destroy()
    for (const socket of sockets) socket.destroy()
  }, graceMs)
  await closed
  clearTimeout(timer)
}
