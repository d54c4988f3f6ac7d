import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSessionWatchdog, type SessionWatchdog } from './session-watchdog.ts'

let server: Http2Server
let client: ClientHttp2Session
let session: ServerHttp2Session
let watchdog: SessionWatchdog

beforeEach(async () => {
  server = createServer()
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    if (headers[':path'] === '/large') stream.write(Buffer.alloc(100_000))
  })
  server.listen(0)
  await once(server, 'listening')
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    maxSendHeaderBlockLength: 1024 * 1024,
  })
  client.on('error', () => {})
  ;[session] = (await once(server, 'session')) as [ServerHttp2Session]
  watchdog = createSessionWatchdog()
  watchdog.add(session)
  await ask('/')
})

afterEach(() => {
  client.destroy()
  session.destroy()
  server.close()
})

/** Resolves when the head of the answer has come, and leaves the stream open as a watch does. */
async function ask(path: string): Promise<ClientHttp2Stream> {
  const stream = client.request({ ':path': path })
  stream.on('error', () => {})
  await once(stream, 'response')
  return stream
}

/** nghttp2 takes no header that long and ends the session, of which it tells the client alone. */
async function sendTooLongHeader(): Promise<void> {
  client.request({ ':path': `/${'x'.repeat(200_000)}` }).on('error', () => {})
  const [code] = (await once(client, 'goaway')) as [number]
  expect(code).toBe(constants.NGHTTP2_COMPRESSION_ERROR)
}

/** As long as a ping takes, so what was sent before has arrived. */
const pinged = () => new Promise<void>((resolve) => void client.ping(() => resolve()))

test('a session that a header too long has ended without a word is destroyed', async () => {
  await sendTooLongHeader()
  watchdog.sweep()
  expect(session.destroyed).toBe(false)
  watchdog.sweep()
  expect(session.destroyed).toBe(true)
})

test('one that may have a slow client is given more time', async () => {
  const stream = await ask('/large')
  let received = 0
  for await (const chunk of stream) if ((received += (chunk as Buffer).length) === 100_000) break
  await sendTooLongHeader()
  for (let sweeps = 0; sweeps < 60; sweeps++) watchdog.sweep()
  expect(session.destroyed).toBe(false)
  watchdog.sweep()
  expect(session.destroyed).toBe(true)
})

test('sessions that work, or wait for events, stay', async () => {
  for (let round = 0; round < 5; round++) {
    if (round < 3) await ask(`/${round}`)
    watchdog.sweep()
    await pinged()
  }
  expect(session.destroyed).toBe(false)
  await ask('/still')
})
