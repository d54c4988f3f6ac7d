import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { type MaybePromise, isPromise } from '../base/maybe-promise.ts'
import { type ApiRequest, type ApiResponse, type Identity, isStreamBody } from '../client/transport.ts'
import { readBody } from './read-body.ts'
import { WritableSink } from './writable-sink.ts'

const noBody = new Uint8Array(0)
/** Who has not sent a whole request by then will not: as long as a request may be in work. */
export const bodyTimeoutMs = 60_000

/** A request of HTTP/2. The signal is made only for those who look at it. */
class Http2ApiRequest implements ApiRequest {
  readonly method: string
  readonly url: string
  readonly headers: ApiRequest['headers']
  readonly body: Uint8Array
  readonly identity?: Identity
  readonly #stream: ServerHttp2Stream
  #signal: AbortSignal | undefined

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    body: Uint8Array,
    identity: Identity | undefined,
  ) {
    this.#stream = stream
    this.method = headers[':method'] as string
    this.url = headers[':path'] as string
    this.headers = headers
    this.body = body
    if (identity) this.identity = identity
  }

  get signal(): AbortSignal {
    if (!this.#signal) {
      const controller = new AbortController()
      if (this.#stream.closed) controller.abort()
      else this.#stream.once('close', () => controller.abort())
      this.#signal = controller.signal
    }
    return this.#signal
  }
}

export interface StreamContext {
  handle(request: ApiRequest): MaybePromise<ApiResponse>
  readonly bodyBytes: number
  /** The answer to a body that is too long. */
  tooLarge(request: ApiRequest): ApiResponse
}

/** Serves one stream of HTTP/2, by the core API: the compatible one costs half as much again. */
export function serveStream(
  context: StreamContext,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  identity: Identity | undefined,
): void {
  stream.on('error', ignore) // a peer that resets its stream is no event for us; 'close' follows
  if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
    answer(context, stream, new Http2ApiRequest(stream, headers, noBody, identity))
    return
  }
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), bodyTimeoutMs).unref()
  stream.once('close', () => clearTimeout(timer))
  readBody(stream, headers['content-length'], {
    limit: context.bodyBytes,
    done(body) {
      clearTimeout(timer)
      if (!stream.destroyed) answer(context, stream, new Http2ApiRequest(stream, headers, body, identity))
    },
    tooLong() {
      write(stream, headers[':method'], context.tooLarge(new Http2ApiRequest(stream, headers, noBody, identity)))
      stream.close(constants.NGHTTP2_NO_ERROR)
    },
  })
}

function ignore(): void {}

function answer(context: StreamContext, stream: ServerHttp2Stream, request: ApiRequest): void {
  const response = context.handle(request)
  if (isPromise(response)) void response.then((made) => write(stream, request.method, made))
  else write(stream, request.method, response)
}

/** Another one in each answer: in the table of known headers (HPACK) it would only push out those that come again. */
const uniqueHeaders = ['audit-id']

function write(stream: ServerHttp2Stream, method: unknown, { status, headers, body }: ApiResponse): void {
  if (stream.destroyed || stream.closed) return
  const head: OutgoingHttpHeaders & { [option: symbol]: readonly string[] } = headers
  head[':status'] = status
  head[sensitiveHeaders] = uniqueHeaders
  if (isStreamBody(body)) {
    stream.respond(head, { endStream: method === 'HEAD' })
    if (method !== 'HEAD') body.start(new WritableSink(stream))
    return
  }
  if (status !== 304) head['content-length'] = String(body.length)
  const isEmpty = body.length === 0 || method === 'HEAD'
  stream.respond(head, { endStream: isEmpty })
  if (!isEmpty) stream.end(body)
}
