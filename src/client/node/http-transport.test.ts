import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { collectBody } from '../response-body.ts'
import { createHttpTransport } from './http-transport.ts'

const request = {
  method: 'GET',
  url: '/version',
  headers: {},
  body: new Uint8Array(),
  signal: new AbortController().signal,
}

test('what a name stands for is looked at before it is dialled, and a refused address is never connected to', async () => {
  const server = createServer()
  let connections = 0
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const asked: string[] = []
  const { transport, close } = createHttpTransport({
    serverUrl: `https://localhost:${port}`,
    refuseAddress(ip) {
      asked.push(ip)
      return 'is a loopback address'
    },
  })
  try {
    await expect(transport(request)).rejects.toThrow('localhost: is a loopback address')
    expect(asked.length).toBeGreaterThan(0)
    expect(connections).toBe(0)
  } finally {
    close()
    server.close()
  }
})

/** Asks a server that is up to no good, within bounds of 1,000 bytes and 100 bytes an event. */
async function askBounded(url: string, answer: (response: ServerResponse) => void): Promise<Uint8Array> {
  const server = createHttpServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { transport, close } = createHttpTransport({
    serverUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerBounds: { maxBytes: 1_000, maxEventBytes: 100 },
    timeoutMs: 200,
  })
  try {
    return await collectBody((await transport({ ...request, url })).body)
  } finally {
    close()
    server.closeAllConnections()
    server.close()
  }
}

function writeForEver(response: ServerResponse): void {
  const next = () => void (response.destroyed || (response.write('x'.repeat(64)), setImmediate(next)))
  next()
}

test('an answer without an end is cut off by its length', async () => {
  expect((await askBounded('/api/v1/pods?limit=500', writeForEver)).byteLength).toBeLessThanOrEqual(1_000)
})

test('an answer that begins and does not go on is cut off by the time', async () => {
  const body = await askBounded('/api/v1/pods', (response) => void response.write('{"items":['))
  expect(Buffer.from(body).toString()).toBe('{"items":[')
})

test('a watch may be as long as it likes, but not one event of it', async () => {
  const events = '{"type":"BOOKMARK"}\n'.repeat(500)
  const honest = await askBounded('/api/v1/pods?watch=true', (response) => void response.end(events))
  expect(honest.byteLength).toBe(events.length)
  expect((await askBounded('/api/v1/pods?limit=1&watch=true', writeForEver)).byteLength).toBeLessThanOrEqual(1_000)
})
