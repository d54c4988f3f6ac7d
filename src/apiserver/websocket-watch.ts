import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { isPromise } from '../base/maybe-promise.ts'
import { type ApiRequest, type ApiResponse, type ByteSink, type Identity, isStreamBody } from '../client/transport.ts'
import { badRequest } from '../meta/api-errors.ts'
import type { Status } from '../meta/status.ts'
import { toRequest } from './http1.ts'
import type { StreamContext } from './http-stream.ts'
import { parseRequestInfo } from './request-info.ts'

/** How browsers hand over a token: as a subprotocol, because they cannot set headers. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.'
const maxIncomingBytes = 1_024 // a watcher has nothing to say
const noBody = new Uint8Array(0)
const highWaterBytes = 256 * 1024

/** Serves watches over WebSocket, one JSON text a frame, on the URLs of ordinary watches. */
export interface WebSocketWatches {
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, identity: Identity | undefined): void
}

export function createWebSocketWatches(context: Pick<StreamContext, 'handle'>): WebSocketWatches {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxIncomingBytes,
    handleProtocols: (protocols) => [...protocols].find((protocol) => !protocol.startsWith(bearerProtocol)) ?? false,
  })
  const accept = (incoming: IncomingMessage, socket: Socket, head: Buffer, response: ApiResponse): void => {
    const { body } = response
    if (response.status !== 200 || !isStreamBody(body) || !isWatch(incoming)) {
      refuse(socket, response.status === 200 ? notAWatch() : response)
      return
    }
    server.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate())
      body.start(new WebSocketSink(webSocket))
    })
  }
  return {
    upgrade(incoming, socket, head, identity) {
      socket.on('error', () => socket.destroy())
      const request = withBearer(toRequest(incoming, undefined, noBody, identity))
      const response = context.handle(request)
      if (isPromise(response)) void response.then((made) => accept(incoming, socket, head, made))
      else accept(incoming, socket, head, response)
    },
  }
}

/** Of a request that was answered: its URL is well-formed. A long list is streamed, too. */
function isWatch({ method = '', url = '' }: IncomingMessage): boolean {
  return parseRequestInfo(method, url).verb === 'watch'
}

function withBearer(request: ApiRequest): ApiRequest {
  const protocols = request.headers['sec-websocket-protocol']
  if (typeof protocols !== 'string' || request.headers['authorization'] !== undefined) return request
  const found = protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(bearerProtocol))
  if (found === undefined) return request
  const token = Buffer.from(found.slice(bearerProtocol.length), 'base64url').toString()
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` }, signal: request.signal }
}

function notAWatch(): ApiResponse {
  const status: Status = badRequest('only watches are served over a WebSocket here').status
  return { status: 400, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(status)) }
}

/** A request that is not upgraded still gets its answer. */
function refuse(socket: Socket, { status, headers, body }: ApiResponse): void {
  const bytes = isStreamBody(body) ? noBody : body
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-length: ${bytes.length}`,
    'connection: close',
  ]
  for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) lines.push(`${name}: ${one}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  socket.end(bytes)
}

class WebSocketSink implements ByteSink {
  readonly keepsMessages = true
  readonly #webSocket: WebSocket
  #drained: (() => void) | undefined

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return true
    const text = chunk.at(-1) === 0x0a ? chunk.subarray(0, -1) : chunk
    this.#webSocket.send(text, { binary: false }, () => this.#notify())
    return this.bufferedBytes < highWaterBytes
  }

  #notify(): void {
    if (!this.#drained || this.bufferedBytes >= highWaterBytes) return
    const listener = this.#drained
    this.#drained = undefined
    listener()
  }

  end(): void {
    if (!this.closed) this.#webSocket.close(1000)
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount
  }

  get closed(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN
  }

  onDrain(listener: () => void): void {
    this.#drained = listener
  }

  onClose(listener: () => void): void {
    if (this.closed) listener()
    else this.#webSocket.once('close', listener)
  }
}
