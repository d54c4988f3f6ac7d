import type { IncomingMessage, ServerResponse } from 'node:http'
import { isPromise } from '../base/maybe-promise.ts'
import { type ApiRequest, type ApiResponse, type ByteSink, type Identity, isStreamBody } from '../client/transport.ts'
import type { StreamContext } from './http-stream.ts'

const noBody = new Uint8Array(0)

/** Serves one request of HTTP/1.1. */
export function serveHttp1(
  context: StreamContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  identity: Identity | undefined,
): void {
  const chunks: Buffer[] = []
  let length = 0
  let refused = false
  incoming.on('error', ignore)
  outgoing.on('error', ignore)
  if (Number(incoming.headers['content-length']) > context.bodyBytes) {
    refuse(context, incoming, outgoing, identity)
    return
  }
  incoming.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (refused) return
    if (length <= context.bodyBytes) {
      chunks.push(chunk)
      return
    }
    refused = true
    chunks.length = 0
    refuse(context, incoming, outgoing, identity)
  })
  incoming.on('end', () => {
    if (refused) return
    const body = chunks.length === 0 ? noBody : Buffer.concat(chunks)
    const response = context.handle(toRequest(incoming, outgoing, body, identity))
    if (isPromise(response)) void response.then((made) => write(outgoing, incoming.method, made))
    else write(outgoing, incoming.method, response)
  })
}

/** Who sends too much is answered at once; the rest is not read, so the connection is of no use any more. */
function refuse(
  context: StreamContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  identity: Identity | undefined,
): void {
  const response = context.tooLarge(toRequest(incoming, outgoing, noBody, identity))
  response.headers['connection'] = 'close'
  write(outgoing, incoming.method, response)
}

function ignore(): void {}

export function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse | undefined,
  body: Uint8Array,
  identity: Identity | undefined,
): ApiRequest {
  let signal: AbortSignal | undefined
  return {
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers: incoming.headers,
    body,
    ...(identity ? { identity } : {}),
    get signal() {
      if (!signal) {
        const controller = new AbortController()
        ;(outgoing ?? incoming).once('close', () => controller.abort())
        signal = controller.signal
      }
      return signal
    },
  }
}

function write(outgoing: ServerResponse, method: string | undefined, { status, headers, body }: ApiResponse): void {
  if (outgoing.destroyed || outgoing.headersSent) return
  if (isStreamBody(body)) {
    outgoing.writeHead(status, headers)
    outgoing.flushHeaders()
    if (method === 'HEAD') outgoing.end()
    else body.start(new Http1Sink(outgoing))
    return
  }
  if (status !== 304) headers['content-length'] = String(body.length)
  outgoing.writeHead(status, headers)
  outgoing.end(body)
}

class Http1Sink implements ByteSink {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return true
    return this.#response.write(chunk)
  }

  end(): void {
    if (!this.closed) this.#response.end()
  }

  get bufferedBytes(): number {
    return this.#response.writableLength
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded
  }

  onDrain(listener: () => void): void {
    this.#response.once('drain', listener)
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) listener()
    else this.#response.once('close', listener)
  }
}
