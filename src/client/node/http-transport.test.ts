import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
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
