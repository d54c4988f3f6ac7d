import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { createStorageCheck } from '../../src/hub/storage-check.ts'
import type { Backend } from '../../src/storage/backend.ts'
import { openLeveldbBackend } from '../../src/storage/leveldb/leveldb-backend.ts'
import { createMemoryBackend } from '../../src/storage/memory/memory-backend.ts'
import { StorageError, type StorageErrorCode } from '../../src/storage/storage-error.ts'
import { type Call, configMapBody, createCall, namespaceBody, statusOf } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const create = (name: string) => ({ method: 'POST', body: configMapBody(name) })

let api: TestApiServer
let call: Call

async function serve(backend: Backend): Promise<void> {
  api = await startApiServer({ listen: false, backend, healthChecks: [createStorageCheck(backend)] })
  call = createCall(api.server)
  await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
  await call(configMaps, create('before'))
}

describe('a hub whose disk takes no more', () => {
  let directory: string
  let full = false
  beforeEach(async () => {
    full = false
    directory = await mkdtemp(join(tmpdir(), 'atoll-full-'))
    await serve(
      await openLeveldbBackend({
        directory: join(directory, 'store'),
        wrapWriter: (write) => (operations, sync) =>
          full ? Promise.reject(new Error('No space left on device')) : write(operations, sync),
      }),
    )
  })
  afterEach(async () => {
    await api.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('refuses writes with 503 and a time to come back, and goes on reading', async () => {
    full = true
    for (const request of [
      create('after'),
      { method: 'DELETE' as const },
      { method: 'PUT', body: configMapBody('before', { b: '2' }) },
    ]) {
      const path = request.method === 'POST' ? configMaps : `${configMaps}/before`
      const answer = await call(path, request)
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('1')
      expect(statusOf(answer)).toMatchObject({ reason: 'ServiceUnavailable', details: { retryAfterSeconds: 1 } })
      expect(statusOf(answer).message).toContain('the store takes no writes until the hub is restarted')
    }
    expect((await call(`${configMaps}/before`)).json<{ data: unknown }>().data).toEqual({ a: '1' })
    const list = (await call(configMaps)).json<{ items: { metadata: { name: string } }[] }>()
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['before'])
  })

  test('is not ready, and says which check it is; it lives', async () => {
    expect((await call('/readyz')).text).toBe('ok')
    full = true
    await call(configMaps, create('after'))
    const ready = await call('/readyz')
    expect(ready.status).toBe(500)
    expect(ready.text).toContain('[-]storage failed: reason withheld')
    expect((await call('/readyz/storage')).status).toBe(500)
    expect((await call('/livez')).status).toBe(200)
  })

  test('has everything that it acknowledged when it starts again, and takes writes', async () => {
    full = true
    await call(configMaps, create('after'))
    await api.close()
    full = false
    const backend = await openLeveldbBackend({ directory: join(directory, 'store') })
    api = await startApiServer({ listen: false, backend })
    call = createCall(api.server)
    expect((await call(`${configMaps}/before`)).status).toBe(200)
    expect((await call(configMaps, create('later'))).status).toBe(201)
  })

  test('does not start on a store of which a part is missing', async () => {
    await api.close()
    const store = join(directory, 'store')
    const [manifest = ''] = (await readdir(store)).filter((name) => name.startsWith('MANIFEST'))
    await writeFile(join(store, manifest), 'not a manifest')
    await expect(openLeveldbBackend({ directory: store })).rejects.toMatchObject({ code: 'corrupt' })
    const backend = createMemoryBackend()
    await serve(backend) // for afterEach
  })
})

describe('a store that fails', () => {
  afterEach(() => api.close())

  it.each<[StorageErrorCode, number, string]>([
    ['unavailable', 503, 'the store cannot be read now'],
    ['corrupt', 500, 'the store is damaged'],
    ['read-only', 503, 'takes no writes'],
    ['closed', 503, 'shutting down'],
  ])('because it is %s is told with %d, without what concerns the operator alone', async (code, status, text) => {
    let isBroken = false
    const backend = createMemoryBackend()
    const { txn } = backend
    backend.txn = (request) =>
      isBroken ? Promise.reject(new StorageError(code, 'the detail')) : txn.call(backend, request)
    await serve(backend)
    isBroken = true
    const answer = await call(configMaps, create('after'))
    expect(answer.status).toBe(status)
    expect(statusOf(answer).message).toContain(text)
    expect(answer.text).not.toContain('the detail')
    expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined)
  })
})
