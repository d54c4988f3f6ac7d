import { describe, expect, test } from 'vitest'
import { silentLogger } from '../base/logger.ts'
import type { HealthCheck } from './api-server.ts'
import { Exchange } from './exchange.ts'
import { createHealth } from './health.ts'

const failing: HealthCheck = {
  name: 'etcd',
  endpoints: ['healthz', 'readyz'],
  check: () => Promise.reject(new Error('secret reason')),
}

async function ask(url: string, checks: readonly HealthCheck[] = [], closing = false): Promise<[number, string]> {
  const request = { method: 'GET', url, headers: {}, body: new Uint8Array(0), signal: new AbortController().signal }
  const exchange = new Exchange(request, 0)
  exchange.parse()
  const signal = closing ? AbortSignal.abort() : new AbortController().signal
  const { status, body } = await createHealth(checks, signal, silentLogger).respond(exchange)
  return [status, Buffer.from(body as Uint8Array).toString()]
}

describe('health endpoints', () => {
  test('say ok, and what was looked at when asked', async () => {
    expect(await ask('/healthz')).toEqual([200, 'ok'])
    expect(await ask('/livez?verbose')).toEqual([200, '[+]ping ok\n[+]log ok\nlivez check passed\n'])
    expect(await ask('/livez/ping')).toEqual([200, 'ok'])
  })

  test('a failed check is told with its name but not its reason', async () => {
    const text = '[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nhealthz check failed\n'
    expect(await ask('/healthz', [failing])).toEqual([500, text])
    expect((await ask('/livez', [failing]))[0]).toBe(200)
    expect((await ask('/readyz/etcd', [failing]))[0]).toBe(500)
  })

  test('checks can be excluded, and a wrong name is pointed out', async () => {
    const [status, text] = await ask('/healthz?exclude=etcd&exclude=none&verbose', [failing])
    expect(status).toBe(200)
    expect(text).toContain('[+]etcd excluded: ok')
    expect(text).toContain('warn: some health checks cannot be excluded: no matches for "none"')
  })

  test('a server that closes is alive but not ready', async () => {
    expect((await ask('/readyz', [], true))[0]).toBe(500)
    expect((await ask('/livez', [], true))[0]).toBe(200)
  })

  test('a check that does not exist is not found', async () => {
    await expect(ask('/livez/nothing')).rejects.toMatchObject({ code: 404 })
  })
})
