import { setMaxListeners } from 'node:events'
import type { RawData, WebSocket } from 'ws'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import {
  decodeCredit,
  decodeFrame,
  decodeHead,
  encodeCredit,
  encodeFrame,
  encodeHead,
  type Frame,
  FrameError,
  frameTypes,
  toRequestHead,
  toResponseHead,
} from './frame.ts'
import { createIncomingBody, type IncomingBody } from './incoming-body.ts'
import { createOutgoingBody, type OutgoingBody, windowBytes } from './outgoing-body.ts'
import {
  TunnelClosedError,
  type TunnelHandler,
  type TunnelIdentity,
  type TunnelRequest,
  type TunnelResponse,
} from './tunnel-types.ts'

export interface TunnelSessionOptions {
  /** Open. */
  socket: WebSocket
  role: 'agent' | 'hub'
  /** Answers what the peer asks; absent: every request is refused. */
  handle?: TunnelHandler
  /** Who the peer is, by its certificate: what its requests carry. Nothing in a frame changes it. */
  peer?: TunnelIdentity
  clock: Clock
  logger: Logger
}

/** One connection, requests in both directions over it. */
export interface TunnelSession {
  readonly transport: TunnelHandler
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  /** Whether the peer is there: it answers a ping within this time. */
  answers(withinMs: number): Promise<boolean>
  close(): void
}

interface Asked {
  resolve(response: TunnelResponse): void
  reject(error: Error): void
  body?: IncomingBody
  release(): void
}
interface Answered {
  abort: AbortController
  body?: OutgoingBody
}

const maxAnswered = 4_096 // requests of the peer at once; more are refused, not queued
const headTimeoutMs = 60_000 // as of any other transport: a handler that hangs must not hang its asker for ever
/** Far more than the windows of all streams of an honest peer: this one asks and does not read. */
const maxUnreadBytes = 64 * 1024 * 1024
const pingIntervalMs = 15_000 // a peer that answers no ping until the next one is gone
const largestWhole = 64 * 1024 // a response up to this goes with its head in one frame
const nothing = new Uint8Array(0)
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD'])

export function createTunnelSession(options: TunnelSessionOptions): TunnelSession {
  const { socket, handle, peer, clock, logger } = options
  const own = options.role === 'agent' ? 1 : 0
  const asked = new Map<number, Asked>()
  const answered = new Map<number, Answered>()
  let nextStream = own === 1 ? 1 : 2
  let over = false
  let alive = true
  let markClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => (markClosed = resolve))

  const send = (frame: Uint8Array) => {
    if (over) return
    socket.send(frame, { binary: true }, () => {})
    if (socket.bufferedAmount <= maxUnreadBytes) return
    logger.warn('the tunnel was closed because its peer does not read what it asks for')
    socket.terminate()
    shutDown()
  }
  const reset = (stream: number, reason: string) =>
    send(encodeFrame(frameTypes.reset, stream, new TextEncoder().encode(reason)))

  function shutDown(): void {
    if (over) return
    over = true
    cancelPing()
    const error = new TunnelClosedError('the tunnel has ended')
    for (const one of asked.values()) {
      one.release()
      one.body?.end()
      one.reject(error)
    }
    asked.clear()
    for (const one of answered.values()) {
      one.abort.abort()
      one.body?.close()
    }
    answered.clear()
    markClosed()
  }

  function transport(request: TunnelRequest): Promise<TunnelResponse> {
    return new Promise((resolve, reject) => {
      if (over) return reject(new TunnelClosedError('the tunnel has ended'))
      if (request.signal.aborted) return reject(new TunnelClosedError('the request was given up'))
      const stream = nextStream
      nextStream = nextStream + 2 > 0xffff_fff0 ? own + (own === 1 ? 0 : 2) : nextStream + 2
      const giveUp = () => {
        const one = asked.get(stream)
        if (!one) return
        asked.delete(stream)
        one.release()
        reset(stream, 'given up')
        one.body?.end()
        reject(new TunnelClosedError('the request was given up'))
      }
      setMaxListeners(0, request.signal) // one may stand for many requests at once, which is no leak
      request.signal.addEventListener('abort', giveUp, { once: true })
      const cancelTimeout = clock.after(headTimeoutMs, giveUp)
      asked.set(stream, {
        resolve(response) {
          cancelTimeout()
          resolve(response)
        },
        reject,
        release() {
          cancelTimeout()
          request.signal.removeEventListener('abort', giveUp)
        },
      })
      const { method, url, headers } = request
      send(encodeFrame(frameTypes.open, stream, encodeHead({ method, url, headers }), request.body))
    })
  }

  function receiveResponse({ type, stream, payload }: Frame): void {
    const one = asked.get(stream)
    if (!one) return // given up meanwhile
    const finish = () => {
      asked.delete(stream)
      one.release()
    }
    if (type === frameTypes.whole) {
      const { head, body } = decodeHead(payload)
      if (one.body) throw new FrameError('a response has two heads')
      finish()
      return one.resolve({ ...toResponseHead(head), body })
    }
    if (type === frameTypes.head) {
      if (one.body) throw new FrameError('a response has two heads')
      const head = toResponseHead(decodeHead(payload).head)
      const cancel = () => {
        if (asked.get(stream) !== one) return
        finish()
        reset(stream, 'no longer read')
      }
      one.body = createIncomingBody(
        (count) => send(encodeFrame(frameTypes.credit, stream, encodeCredit(count))),
        cancel,
      )
      return one.resolve({ ...head, body: one.body.body })
    }
    if (type === frameTypes.reset) {
      finish()
      one.body?.end()
      return one.reject(new TunnelClosedError(`the peer gave the request up: ${new TextDecoder().decode(payload)}`))
    }
    if (!one.body) throw new FrameError('bytes come before the head of their response')
    if (type === frameTypes.data) return one.body.push(payload)
    finish()
    one.body.end()
  }

  function receiveRequest(stream: number, payload: Uint8Array): void {
    if (answered.has(stream)) throw new FrameError('a stream is opened twice')
    const { head, body } = decodeHead(payload)
    const request = toRequestHead(head)
    if (!handle) return reset(stream, 'this end answers no requests')
    if (answered.size >= maxAnswered) return reset(stream, 'too many requests at once')
    const abort = new AbortController()
    answered.set(stream, { abort })
    // A request is held as long as its answer lasts, and a watch lasts: what cannot have a body must not hold one.
    const given = bodiless.has(request.method) ? nothing : body
    const asking: TunnelRequest = { ...request, body: given, signal: abort.signal, ...(peer ? { identity: peer } : {}) }
    handle(asking).then(
      (response) => answer(stream, response),
      (error: unknown) => {
        if (!answered.delete(stream)) return
        logger.debug('a tunnelled request failed', { error: String(error) })
        reset(stream, 'the request could not be carried out')
      },
    )
  }

  function answer(stream: number, { status, headers, body }: TunnelResponse): void {
    const one = answered.get(stream)
    const head = encodeHead({ status, headers })
    if (!one) {
      // Given up meanwhile: the source of the body must learn that nobody reads it.
      if (!(body instanceof Uint8Array)) body.start(closedSink)
      return
    }
    if (body instanceof Uint8Array && body.byteLength <= largestWhole) {
      answered.delete(stream)
      return send(encodeFrame(frameTypes.whole, stream, head, body))
    }
    send(encodeFrame(frameTypes.head, stream, head))
    if (over) return answer(stream, { status, headers, body })
    one.body = createOutgoingBody(stream, send, () => answered.delete(stream))
    if (body instanceof Uint8Array) {
      one.body.sink.write(body)
      one.body.sink.end()
    } else body.start(one.body.sink)
  }

  function receiveControl({ type, stream, payload }: Frame): void {
    const one = answered.get(stream)
    if (!one) return // answered meanwhile
    if (type === frameTypes.credit) {
      const count = decodeCredit(payload)
      if (count > windowBytes) throw new FrameError('a credit is larger than the window')
      return one.body?.grant(count)
    }
    answered.delete(stream)
    one.abort.abort()
    one.body?.close()
  }

  function receive(frame: Frame): void {
    const isOwn = frame.stream % 2 === own
    const { type } = frame
    if (frame.stream === 0) throw new FrameError('there is no stream 0')
    if (type === frameTypes.open) {
      if (isOwn) throw new FrameError('the peer opens a stream with one of our numbers')
      return receiveRequest(frame.stream, frame.payload)
    }
    if (isOwn) {
      if (type === frameTypes.credit) throw new FrameError('a credit for bytes that we do not send')
      return receiveResponse(frame)
    }
    if (type !== frameTypes.credit && type !== frameTypes.reset)
      throw new FrameError('a response to what was not asked')
    receiveControl(frame)
  }

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (over) return
    alive = true
    try {
      if (!isBinary) throw new FrameError('a frame is not binary')
      receive(decodeFrame(toBytes(data)))
    } catch (error) {
      if (!(error instanceof FrameError)) logger.error('the tunnel failed on a frame', { error })
      else logger.warn('the tunnel was closed because of a frame that is not in order', { error: error.message })
      socket.close(1002)
      shutDown()
      // A peer that does not answer the close is not waited for.
      clock.after(1_000, () => socket.terminate())
    }
  })
  socket.on('pong', () => (alive = true))
  socket.on('close', shutDown)
  socket.on('error', (error) => {
    logger.debug('the tunnel broke', { error: String(error) })
    socket.terminate()
    shutDown()
  })
  let cancelPing = () => {}
  const ping = () => {
    if (over) return
    if (!alive) {
      socket.terminate()
      return shutDown()
    }
    alive = false
    socket.ping(nothing)
    cancelPing = clock.after(pingIntervalMs, ping)
  }
  cancelPing = clock.after(pingIntervalMs, ping)

  return {
    transport,
    closed,
    answers: (withinMs) =>
      new Promise((resolve) => {
        if (over) return resolve(false)
        const settle = (answer: boolean) => {
          cancel()
          socket.off('pong', onPong)
          resolve(answer)
        }
        const onPong = () => settle(!over)
        const cancel = clock.after(withinMs, () => settle(false), { keepAlive: true })
        socket.on('pong', onPong)
        socket.ping(nothing)
      }),
    close() {
      socket.close(1000)
      shutDown()
      clock.after(1_000, () => socket.terminate())
    },
  }
}

const closedSink = {
  write: () => false,
  end: () => {},
  bufferedBytes: 0,
  closed: true,
  onDrain: () => {},
  onClose: (listener: () => void) => listener(),
}

function toBytes(data: RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return Array.isArray(data) ? Buffer.concat(data) : data
}
