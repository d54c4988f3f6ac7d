import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import { encodeCredit, encodeFrame, encodeHead, frameTypes } from './frame.ts'
import { windowBytes } from './outgoing-body.ts'
import { createTunnelClient, type TunnelClient, tunnelPath, tunnelProtocol } from './tunnel-client.ts'
import { createTunnelServer, type TunnelServer } from './tunnel-server.ts'
import type { TunnelHandler, TunnelRequest, TunnelResponse, TunnelSink } from './tunnel-types.ts'

const text = (value: string) => new TextEncoder().encode(value)
const ok = (body: TunnelResponse['body']): TunnelResponse => ({ status: 200, headers: { 'x-a': ['1', '2'] }, body })
const idle = new AbortController().signal
const request = (url: string, change: Partial<TunnelRequest> = {}): TunnelRequest => ({
  method: 'GET',
  url,
  headers: { accept: 'application/json' },
  body: new Uint8Array(0),
  signal: idle,
  ...change,
})

/** Reads as a test wants: everything, or only when asked to. */
interface Reader {
  ended: Promise<void>
  limitBytes: number
  readonly bytes: number
  text(): string
  resume(): void
  leave(): void
  sink: TunnelSink
}

function createReader(limitBytes = Number.POSITIVE_INFINITY): Reader {
  const chunks: Uint8Array[] = []
  let drain: (() => void) | undefined
  let close: (() => void) | undefined
  let markEnded: () => void = () => {}
  const ended = new Promise<void>((resolve) => (markEnded = resolve))
  const reader: Reader = {
    ended,
    limitBytes,
    get bytes() {
      return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    },
    text: () => Buffer.concat(chunks).toString(),
    resume() {
      reader.limitBytes = Number.POSITIVE_INFINITY
      drain?.()
    },
    leave: () => close?.(),
    sink: {
      bufferedBytes: 0,
      closed: false,
      write(chunk: Uint8Array) {
        chunks.push(chunk)
        return reader.bytes < reader.limitBytes
      },
      end: () => markEnded(),
      onDrain: (listener: () => void) => void (drain = listener),
      onClose: (listener: () => void) => void (close = listener),
    },
  }
  return reader
}

async function until(question: () => boolean): Promise<void> {
  for (let tries = 0; !question(); tries++) {
    if (tries > 2_000) throw new Error('it never became so')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

describe('a tunnel between an agent and the hub', () => {
  let http: Server
  let server: TunnelServer
  let client: TunnelClient
  let hubHandle: TunnelHandler
  let agentHandle: TunnelHandler
  let authentic = true
  let url = ''

  beforeEach(async () => {
    authentic = true
    hubHandle = async (asked) => ok(text(`${asked.method} ${asked.url} by ${asked.identity?.name}`))
    agentHandle = async (asked) => ok(text(`child ${asked.url}`))
    http = createServer()
    server = createTunnelServer({
      authenticate: async () =>
        authentic ? { childClusterUid: 'c1', identity: { name: 'system:fleet:agent:c1', groups: ['g'] } } : undefined,
      handle: (asked) => hubHandle(asked),
      clock: systemClock,
      logger: silentLogger,
    })
    http.on('upgrade', (incoming, socket, head) => {
      if (!server.handleUpgrade(incoming, socket, head)) socket.destroy()
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    client = newClient((asked) => agentHandle(asked))
    client.start()
    await until(() => client.connected && server.connected.length === 1)
  })
  const newClient = (handle: TunnelHandler) =>
    createTunnelClient({
      hubUrl: url,
      credentials: () => ({ certPem: '', keyPem: '' }),
      handle,
      clock: systemClock,
      logger: silentLogger,
    })
  afterEach(async () => {
    await client.close()
    await server.close()
    http.closeAllConnections()
    http.close()
  })

  it('carries a request with the identity of the connection, whatever the request says', async () => {
    const forged = { ...request('/api?x=1'), identity: { name: 'admin', groups: ['system:masters'] } }
    const { status, headers, body } = await client.transport(forged)
    expect([status, headers]).toEqual([200, { 'x-a': ['1', '2'] }])
    expect(Buffer.from(body as Uint8Array).toString()).toBe('GET /api?x=1 by system:fleet:agent:c1')
  })

  it('carries requests of the hub to the child', async () => {
    const answer = await server.transportTo('c1')?.(request('/version'))
    expect(Buffer.from(answer?.body as Uint8Array).toString()).toBe('child /version')
    expect(server.transportTo('other')).toBeUndefined()
  })

  it('carries bodies byte for byte in both directions', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'a1b2')
    hubHandle = async (asked) => ok(asked.body)
    const { body } = await client.transport(request('/', { method: 'POST', body: large }))
    const reader = createReader()
    if (body instanceof Uint8Array) throw new Error('a large body is streamed')
    body.start(reader.sink)
    await reader.ended
    expect(reader.text() === large.toString()).toBe(true)
  })

  it('answers a thousand requests at once, each with its own answer', async () => {
    hubHandle = async (asked) => {
      await new Promise((resolve) => setImmediate(resolve))
      return ok(text(asked.url))
    }
    const urls = Array.from({ length: 1_000 }, (_, index) => `/${index}`)
    const answers = await Promise.all(urls.map((one) => client.transport(request(one))))
    expect(answers.map(({ body }) => Buffer.from(body as Uint8Array).toString())).toEqual(urls)
  })

  it('streams a watch while other requests go on', async () => {
    let sink: TunnelSink | undefined
    hubHandle = async (asked) =>
      asked.url === '/watch' ? ok({ start: (given) => void (sink = given) }) : ok(text('other'))
    const { body } = await client.transport(request('/watch'))
    const reader = createReader()
    if (body instanceof Uint8Array) throw new Error('a watch is a stream')
    body.start(reader.sink)
    await until(() => sink !== undefined)
    sink?.write(text('one\n'))
    await until(() => reader.text() === 'one\n')
    await client.transport(request('/other'))
    sink?.write(text('two\n'))
    sink?.end()
    await reader.ended
    expect(reader.text()).toBe('one\ntwo\n')
  })

  it('holds a writer back when the reader is slow, and lets it go on afterwards', async () => {
    const chunk = new Uint8Array(16 * 1024)
    let written = 0
    let held = false
    const wanted = 4 * windowBytes
    hubHandle = async ({ url: path }) => {
      if (path === '/other') return ok(text('other'))
      return ok({
        start(sink) {
          const pump = () => {
            held = false
            while (written < wanted) {
              written += chunk.byteLength
              if (!sink.write(chunk)) {
                held = true
                return
              }
            }
            sink.end()
          }
          sink.onDrain(pump)
          pump()
        },
      })
    }
    const { body } = await client.transport(request('/slow'))
    const reader = createReader(1)
    if (body instanceof Uint8Array) throw new Error('expected a stream')
    body.start(reader.sink)
    await until(() => held)
    await client.transport(request('/other'))
    expect(written).toBeLessThan(wanted)
    reader.resume()
    await reader.ended
    expect(reader.bytes).toBe(wanted)
  })

  it('tells the other end that a request was given up, before and during its answer', async () => {
    const signals: AbortSignal[] = []
    let closed = 0
    hubHandle = async (asked) => {
      signals.push(asked.signal)
      if (asked.url === '/never') return new Promise(() => {})
      return ok({ start: (sink) => sink.onClose(() => (closed += 1)) })
    }
    const abort = new AbortController()
    const never = client.transport(request('/never', { signal: abort.signal }))
    await until(() => signals.length === 1)
    abort.abort()
    await expect(never).rejects.toThrow('given up')
    await until(() => signals[0]?.aborted === true)

    const { body } = await client.transport(request('/stream'))
    const reader = createReader()
    if (!(body instanceof Uint8Array)) body.start(reader.sink)
    reader.leave()
    await until(() => signals[1]?.aborted === true)
    expect(closed).toBe(1)
  })

  it('fails what is under way when the connection is cut, ends streams, and connects again', async () => {
    const signals: AbortSignal[] = []
    hubHandle = async (asked) => {
      signals.push(asked.signal)
      return asked.url === '/never' ? new Promise(() => {}) : ok({ start: () => {} })
    }
    const { body } = await client.transport(request('/stream'))
    const reader = createReader()
    if (!(body instanceof Uint8Array)) body.start(reader.sink)
    const never = client.transport(request('/never'))
    never.catch(() => {})
    await until(() => signals.length === 2)
    http.closeAllConnections()
    client.reconnect()
    await expect(never).rejects.toThrow('the tunnel has ended')
    await reader.ended
    await until(() => signals.every((signal) => signal.aborted))
    hubHandle = async () => ok(text('again'))
    await until(() => client.connected && server.connected.length === 1)
    expect((await client.transport(request('/'))).status).toBe(200)
  })

  it('lets nobody in who is not known, and takes no upgrade of another protocol', async () => {
    authentic = false
    const stranger = new WebSocket(url.replace('http', 'ws') + tunnelPath, tunnelProtocol)
    const [refused] = (await once(stranger, 'error')) as [Error]
    expect(refused.message).toContain('401')
    const other = new WebSocket(url.replace('http', 'ws') + tunnelPath)
    const [wrong] = (await once(other, 'error')) as [Error]
    expect(wrong.message).toContain('400')
  })

  const whoAnswers = async () => {
    const answer = await server.transportTo('c1')?.(request('/'))
    return Buffer.from(answer?.body as Uint8Array).toString()
  }

  it('gives a child one session: a second agent waits until the first one has gone', async () => {
    const second = newClient(async () => ok(text('second')))
    second.start()
    await until(() => second.superseded)
    expect(second.connected).toBe(false)
    expect(await whoAnswers()).toBe('child /')
    await client.close()
    await until(() => second.connected && server.connected.length === 1)
    expect(second.superseded).toBe(false)
    expect(await whoAnswers()).toBe('second')
    await second.close()
  })

  it('gives the session of an agent that answers no more to the next one', async () => {
    await client.close()
    await until(() => server.connected.length === 0)
    const dead = new WebSocket(url.replace('http', 'ws') + tunnelPath, tunnelProtocol, { autoPong: false })
    await once(dead, 'open')
    const next = newClient(async () => ok(text('next')))
    next.start()
    await until(() => next.connected)
    expect(await whoAnswers()).toBe('next')
    await next.close()
    dead.terminate()
  })

  it('keeps no body of a request that cannot have one: a watch would hold it as long as it lasts', async () => {
    hubHandle = async (asked) => ok(text(`${asked.method} ${asked.body.byteLength}`))
    const answerTo = async (method: string) => {
      const { body } = await client.transport(request('/', { method, body: new Uint8Array(100_000) }))
      return Buffer.from(body as Uint8Array).toString()
    }
    expect(await answerTo('GET')).toBe('GET 0')
    expect(await answerTo('POST')).toBe('POST 100000')
  })

  it('ends the connection of a peer that asks and does not read', async () => {
    await client.close()
    await until(() => server.connected.length === 0)
    const peer = new WebSocket(url.replace('http', 'ws') + tunnelPath, tunnelProtocol)
    await once(peer, 'open')
    peer.on('error', () => {})
    await until(() => server.connected.length === 1)
    let answers = 0
    hubHandle = async () => (answers++, ok(new Uint8Array(64_000)))
    peer.pause()
    for (let stream = 1; stream < 20_000; stream += 2) peer.send(encodeFrame(frameTypes.open, stream, open))
    await until(() => server.connected.length === 0)
    expect(answers).toBeLessThan(5_000)
    peer.terminate()
  })

  const open = encodeHead({ method: 'GET', url: '/', headers: {} })
  const hostile: [string, Uint8Array][] = [
    ['an empty message', new Uint8Array(0)],
    ['a frame without its header', new Uint8Array(4)],
    ['an unknown type', encodeFrame(99 as never, 1)],
    ['stream 0', encodeFrame(frameTypes.open, 0, open)],
    ['a stream with a number of the hub', encodeFrame(frameTypes.open, 2, open)],
    ['an answer to nothing', encodeFrame(frameTypes.data, 1, text('x'))],
    ['a head without a length', encodeFrame(frameTypes.open, 1, new Uint8Array(2))],
    ['a head longer than its frame', encodeFrame(frameTypes.open, 1, new Uint8Array([0, 0, 255, 255, 1]))],
    ['a head that is not JSON', encodeFrame(frameTypes.open, 1, new Uint8Array([0, 0, 0, 1, 0x7b]))],
    ['a head that is a list', encodeFrame(frameTypes.open, 1, encodeHead([]))],
    [
      'a method with a line break',
      encodeFrame(frameTypes.open, 1, encodeHead({ method: 'GET\r\n', url: '/', headers: {} })),
    ],
    ['a URL elsewhere', encodeFrame(frameTypes.open, 1, encodeHead({ method: 'GET', url: 'http://x', headers: {} }))],
    [
      'a header that is a number',
      encodeFrame(frameTypes.open, 1, encodeHead({ method: 'GET', url: '/', headers: { a: 1 } })),
    ],
    ['a credit of the wrong size', encodeFrame(frameTypes.open, 1, open)],
    ['a message larger than any frame', new Uint8Array(5 * 1024 * 1024)],
  ]
  it.each(hostile)('ends the connection on %s, and only that one', async (what, bytes) => {
    hubHandle = () => new Promise(() => {})
    await client.close()
    await until(() => server.connected.length === 0)
    const peer = new WebSocket(url.replace('http', 'ws') + tunnelPath, tunnelProtocol)
    await once(peer, 'open')
    peer.on('error', () => {})
    const closed = once(peer, 'close')
    peer.send(bytes)
    if (what.startsWith('a credit')) peer.send(encodeFrame(frameTypes.credit, 1, encodeCredit(0xffffffff)))
    await closed
    hubHandle = async () => ok(text('still here'))
    client = newClient(agentHandle)
    client.start()
    await until(() => client.connected)
    expect((await client.transport(request('/'))).status).toBe(200)
  })
})
