import type { IncomingMessage, ServerResponse } from 'node:http'
import { isPromise } from '../base/maybe-promise.ts'
import { type ApiRequest, type ApiResponse, type Identity, isStreamBody } from '../client/transport.ts'
import type { StreamContext } from './http-stream.ts'
import { readBody } from './read-body.ts'
import { WritableSink } from './writable-sink.ts'

const noBody = new Uint8Array(0)

/** Serves one request of HTTP/1.1. */
export function serveHttp1(
  context: StreamContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  identity: Identity | undefined,
): void {
  incoming.on('error', ignore)
  outgoing.on('error', ignore)
  readBody(incoming, incoming.headers['content-length'], {
    limit: context.bodyBytes,
    done(body) {
      const response = context.handle(toRequest(incoming, outgoing, body, identity))
      if (isPromise(response)) void response.then((made) => write(outgoing, incoming.method, made))
      else write(outgoing, incoming.method, response)
    },
    tooLong: () => refuse(context, incoming, outgoing, identity),
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
    else body.start(new WritableSink(outgoing))
    return
  }
  if (status !== 304) headers['content-length'] = String(body.length)
  outgoing.writeHead(status, headers)
  outgoing.end(body)
}
