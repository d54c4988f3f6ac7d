import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { request } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { KubeList } from '../../src/meta/object.ts'
import type { Status } from '../../src/meta/status.ts'
import { configMapBody, createCall, namespaceBody } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'

const configMaps = '/clusters/root/api/v1/namespaces/default/configmaps'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
}

describe('over HTTPS', () => {
  let api: TestApiServer
  let session: ClientHttp2Session
  let certificate: { ca: string; cert: string; key: string }
  beforeAll(async () => {
    api = await startApiServer({
      fallback: (_, response) => {
        response.statusCode = 200
        response.end('pages')
      },
    })
    certificate = credentials(api)
    session = connect(api.url, certificate)
    await createCall(api.server)('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
  })
  afterAll(async () => {
    session.destroy()
    await api.close()
  })

  const http2 = (path: string, method = 'GET', body?: string | Buffer, headers: object = {}, over = session) =>
    new Promise<Answer>((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const stream = over.request(
        { ':path': path, ':method': method, ...type, ...headers },
        { endStream: body === undefined },
      )
      let head: IncomingHttpHeaders = {}
      const chunks: Buffer[] = []
      stream.on('response', (received) => (head = received))
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, bytes: Buffer.concat(chunks) }))
      stream.on('error', reject)
      if (body !== undefined) stream.end(body)
    })
  const http1WithHeaders = (count: number) =>
    http1(`${configMaps}/labelled`, 'GET', undefined, { 'x-many': Array<string>(count).fill('v') })
  const http1 = (path: string, method = 'GET', body?: string, headers: OutgoingHttpHeaders = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const outgoing = request(
        `${api.url}${path}`,
        { ...certificate, agent: false, method, headers: { ...type, ...headers } },
        (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes: Buffer.concat(chunks) }),
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })

  test('both protocols create and read the same objects on one port', async () => {
    const created = await http2(configMaps, 'POST', JSON.stringify(configMapBody('h2')))
    expect(created.status).toBe(201)
    const read = await http1(`${configMaps}/h2`)
    expect(read.bytes.equals(created.bytes)).toBe(true)
    expect((await http1(configMaps, 'POST', JSON.stringify(configMapBody('h1')))).status).toBe(201)
    expect((await http2(`${configMaps}/h1`)).status).toBe(200)
  })

  test('every answer has an audit id and says that it must not be cached', async () => {
    const { headers } = await http2(`${configMaps}/absent`)
    expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['cache-control']).toBe('no-cache, private')
    const echoed = await http2(`${configMaps}/absent`, 'GET', undefined, { 'audit-id': 'mine-1' })
    expect(echoed.headers['audit-id']).toBe('mine-1')
  })

  test('HEAD has the headers of GET and no body', async () => {
    for (const ask of [http1, http2]) {
      const { status, headers, bytes } = await ask('/clusters/root/api/v1/namespaces/default', 'HEAD')
      expect(status).toBe(200)
      expect(Number(headers['content-length'])).toBeGreaterThan(100)
      expect(bytes).toHaveLength(0)
    }
  })

  test('who announces a body over the limit is answered before it is sent', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '107374182400' }
    const stream = session.request({ ':path': configMaps, ':method': 'POST', ...headers }, { endStream: false })
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    expect(head[':status']).toBe(413)
    stream.close()
    const outgoing = request(`${api.url}${configMaps}`, { ...certificate, agent: false, method: 'POST', headers })
    outgoing.on('error', () => {})
    outgoing.flushHeaders()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    expect(incoming.statusCode).toBe(413)
    expect(incoming.headers.connection).toBe('close')
    outgoing.destroy()
  })

  test('a body over the limit is answered with 413, and the connection lives on', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024, 'x')
    const refused = await http2(configMaps, 'POST', large).catch(() => undefined)
    if (refused) {
      expect(refused.status).toBe(413)
      expect(JSON.parse(refused.bytes.toString()) as Status).toMatchObject({
        reason: 'RequestEntityTooLarge',
        message: 'Request entity too large: limit is 3145728',
      })
    }
    expect((await http2('/clusters/root/api/v1/namespaces/default')).status).toBe(200)
  })

  const values = (count: number) => Array.from({ length: count }, (_, index) => `value${index + 10_000}`).join(',')
  const selecting = (count: number) => `${configMaps}?labelSelector=${encodeURIComponent(`app in (${values(count)})`)}`

  test('a long selector is read over both protocols', async () => {
    const labelled = { ...configMapBody('labelled'), metadata: { name: 'labelled', labels: { app: 'value14000' } } }
    await http2(configMaps, 'POST', JSON.stringify(labelled))
    for (const answer of [await http2(selecting(4_500)), await http1(selecting(12_000))]) {
      expect(answer.status).toBe(200)
      const list = JSON.parse(answer.bytes.toString()) as KubeList
      expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['labelled'])
    }
  })

  test('a client of HTTP/2 is told how long headers may be; what is longer ends its own stream alone', async () => {
    expect(session.remoteSettings.maxHeaderListSize).toBe(65_536)
    const watch = session.request({ ':path': `${configMaps}?watch=true` })
    const lost = once(watch, 'close').then(() => 'lost')
    await once(watch, 'response')
    const generous = connect(api.url, { ...certificate, maxSendHeaderBlockLength: 1024 * 1024 })
    await once(generous, 'remoteSettings')
    await expect(http2(selecting(5_500), 'GET', undefined, {}, generous)).rejects.toThrow('ENHANCE_YOUR_CALM')
    expect((await http2(`${configMaps}/labelled`, 'GET', undefined, {}, generous)).status).toBe(200)
    expect(await Promise.race([lost, Promise.resolve('open')])).toBe('open')
    watch.close()
    generous.destroy()
  })

  test('what cannot be read in the midst of an answer ends the connection, and puts nothing into the answer', async () => {
    const socket = tlsConnect({ ...certificate, port: Number(new URL(api.url).port), host: '127.0.0.1' })
    let received = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
    socket.write(`GET ${configMaps}?watch=true HTTP/1.1\r\nHost: hub\r\n\r\n`)
    while (!received.includes('\r\n\r\n')) await once(socket, 'data')
    socket.on('error', () => {}) // it may be reset
    const closed = once(socket, 'close')
    socket.write('this is no HTTP\r\n\r\n')
    await closed
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  test('headers over the limit are refused with a Status over HTTP/1.1', async () => {
    for (const refused of [await http1(selecting(100_000)), await http1WithHeaders(5_000)]) {
      expect(refused.status).toBe(431)
      expect(refused.headers.connection).toBe('close')
      expect(JSON.parse(refused.bytes.toString()) as Status).toMatchObject({ kind: 'Status', code: 431 })
    }
    expect((await http1(`${configMaps}/labelled`)).status).toBe(200)
  })

  test('many headers are read over both protocols', async () => {
    expect((await http1WithHeaders(1_200)).status).toBe(200)
    const many = connect(api.url, { ...certificate, maxSendHeaderBlockLength: 1024 * 1024 })
    const answer = await http2(`${configMaps}/labelled`, 'GET', undefined, { 'x-many': Array(1_200).fill('v') }, many)
    expect(answer.status).toBe(200)
    many.destroy()
  })

  test('what is no HTTP is answered with a Status', async () => {
    const socket = tlsConnect({ ...certificate, port: Number(new URL(api.url).port), host: '127.0.0.1' })
    socket.write('nonsense\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'close')
    const text = Buffer.concat(chunks).toString()
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(text).toContain('"kind":"Status"')
  })

  test('long answers are compressed for those who take it, short ones never', async () => {
    const data = { payload: 'y'.repeat(200_000) }
    await http2(configMaps, 'POST', JSON.stringify(configMapBody('long', data)))
    const plain = await http2(`${configMaps}/long`)
    const compressed = await http2(`${configMaps}/long`, 'GET', undefined, { 'accept-encoding': 'gzip' })
    expect(compressed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(compressed.bytes).equals(plain.bytes)).toBe(true)
    const short = await http2(`${configMaps}/h2`, 'GET', undefined, { 'accept-encoding': 'gzip' })
    expect(short.headers['content-encoding']).toBeUndefined()
  })

  test('a list longer than a slice arrives whole, plain and compressed', async () => {
    const call = createCall(api.server)
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('many') })
    const many = '/clusters/root/api/v1/namespaces/many/configmaps'
    const padding = 'z'.repeat(4_000)
    await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        call(many, { method: 'POST', body: configMapBody(`cm-${index}`, { padding }) }),
      ),
    )
    await call(many, { method: 'POST', body: configMapBody('huge', { padding: 'h'.repeat(900_000) }) })
    const plain = await http2(many)
    expect(plain.bytes).toHaveLength(Number(plain.headers['content-length']))
    const list = JSON.parse(plain.bytes.toString()) as KubeList
    expect(list.items).toHaveLength(601)
    expect(new Set(list.items.map(({ metadata }) => metadata.name)).size).toBe(601)
    const compressed = await http2(many, 'GET', undefined, { 'accept-encoding': 'gzip' })
    expect(gunzipSync(compressed.bytes).equals(plain.bytes)).toBe(true)
  })

  test('a client without a certificate is anonymous, a bad token is nobody', async () => {
    const seen: string[] = []
    const watched = await startApiServer({
      authorizer: {
        authorize({ user }) {
          seen.push(user.name)
          return { allowed: true, reason: '' }
        },
      },
    })
    const { ca } = credentials(watched)
    const stranger = connect(watched.url, { ca })
    await http2('/version', 'GET', undefined, {}, stranger)
    const refused = await http2('/version', 'GET', undefined, { authorization: 'Bearer nonsense' }, stranger)
    expect(refused.status).toBe(401)
    const known = connect(watched.url, credentials(watched))
    await http2('/version', 'GET', undefined, {}, known)
    expect(seen).toEqual(['system:anonymous', 'admin'])
    stranger.destroy()
    known.destroy()
    await watched.close()
  })

  test('what is no API path goes to the fallback, on both protocols; browsers get pages at the root', async () => {
    for (const ask of [http1, http2]) expect((await ask('/console/app.js')).bytes.toString()).toBe('pages')
    const root = await http2('/', 'GET', undefined, { accept: 'text/html,*/*' })
    expect(root.bytes.toString()).toBe('pages')
    expect(JSON.parse((await http2('/')).bytes.toString())).toHaveProperty('paths')
  })

  test('a watch over WebSocket sends one JSON text a frame and ends with the server', async () => {
    const socket = new WebSocket(
      `${api.url.replace('https', 'wss')}${configMaps}?watch=true&fieldSelector=metadata.name%3Dh2`,
      {
        ...certificate,
      },
    )
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(data.toString())).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'h2' } } })
    socket.close()
    await once(socket, 'close')
  })

  test('a watch over WebSocket sends events that happen at once in frames of their own', async () => {
    const url = `${api.url.replace('https', 'wss')}${configMaps}?watch=true&resourceVersion=0&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`
    const socket = new WebSocket(url, certificate)
    const names: string[] = []
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as { object: { metadata: { name: string } } }
      names.push(event.object.metadata.name)
    })
    await once(socket, 'open')
    const wanted = Array.from({ length: 8 }, (_, n) => `at-once-${n}`)
    await Promise.all(wanted.map((name) => http2(configMaps, 'POST', JSON.stringify(configMapBody(name)))))
    while (names.length < wanted.length) await once(socket, 'message')
    expect(names.toSorted()).toEqual(wanted)
    for (const name of wanted) await http2(`${configMaps}/${name}`, 'DELETE')
    socket.close()
    await once(socket, 'close')
  })

  test('a WebSocket takes its token from the subprotocol; what is no watch is not upgraded', async () => {
    const token = Buffer.from('nonsense').toString('base64url')
    const protocols = [`base64url.bearer.authorization.k8s.io.${token}`, 'json']
    const { ca } = certificate
    const refused = new WebSocket(`${api.url.replace('https', 'wss')}${configMaps}?watch=true`, protocols, { ca })
    const [error] = (await once(refused, 'error')) as [Error]
    expect(error.message).toContain('401')
    const plain = new WebSocket(`${api.url.replace('https', 'wss')}${configMaps}`, certificate)
    const [notUpgraded] = (await once(plain, 'error')) as [Error]
    expect(notUpgraded.message).toContain('400')
  })

  test('closing answers what is in work, ends watches, and refuses what comes later', async () => {
    const short = await startApiServer()
    const client = connect(short.url, credentials(short))
    const stream = client.request({ ':path': '/api/v1/namespaces?watch=true' })
    await once(stream, 'response')
    const ended = once(stream, 'end')
    stream.resume()
    await short.server.close({ graceMs: 1_000 })
    await ended
    await expect(http2('/version', 'GET', undefined, {}, client)).rejects.toThrow()
    client.destroy()
    await short.close()
  })
})

function credentials({ kubeconfigPath, caPem }: TestApiServer): { ca: string; cert: string; key: string } {
  const kubeconfig = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as {
    users: { user: Record<'client-certificate-data' | 'client-key-data', string> }[]
  }
  const user = kubeconfig.users[0]?.user
  const decode = (text = ''): string => Buffer.from(text, 'base64').toString()
  return { ca: caPem, cert: decode(user?.['client-certificate-data']), key: decode(user?.['client-key-data']) }
}
