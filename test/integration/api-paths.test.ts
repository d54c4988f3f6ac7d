import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Call, configMapBody, createCall, namespaceBody, statusOf } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

describe('what a path and a method do not offer', () => {
  let api: TestApiServer
  let call: Call
  beforeAll(async () => {
    api = await startApiServer({ listen: false })
    call = createCall(api.server)
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    await call(configMaps, { method: 'POST', body: configMapBody('kept') })
  })
  afterAll(() => api.close())

  test('nothing is deleted or created in all namespaces at once', async () => {
    for (const method of ['DELETE', 'POST']) {
      const answer = await call('/api/v1/configmaps', { method })
      expect(answer.status).toBe(405)
      expect(statusOf(answer).reason).toBe('MethodNotAllowed')
    }
    expect((await call(`${configMaps}/kept`)).status).toBe(200)
  })

  test('nothing is written when the answer could not be', async () => {
    const headers = { accept: 'text/html' }
    expect((await call(configMaps, { method: 'POST', body: configMapBody('unseen'), headers })).status).toBe(406)
    expect((await call(`${configMaps}/unseen`)).status).toBe(404)
    expect((await call(`${configMaps}/kept`, { method: 'DELETE', headers })).status).toBe(406)
    expect((await call(`${configMaps}/kept`)).status).toBe(200)
  })

  it.each([
    ['PUT', configMaps, 405],
    ['OPTIONS', configMaps, 405],
    ['POST', '/api/v1/watch/namespaces/default/configmaps', 405],
    ['DELETE', '/api/v1/watch/namespaces/default/configmaps/kept', 405],
    ['POST', '/api', 405],
    ['PUT', '/apis/apps/v1', 405],
    ['DELETE', '/version', 405],
    ['DELETE', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 405],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x', 404],
    ['GET', '//api/v1/namespaces', 404],
    ['GET', '/healthz/', 404],
    ['GET', `${configMaps}/kept/status`, 404],
    ['GET', `${configMaps}/kept?timeout=5`, 400],
    ['GET', `${configMaps}/kept?timeout=soon`, 400],
    ['GET', `${configMaps}/kept?timeout=5s`, 200],
    ['HEAD', configMaps, 200],
  ])('%s %s is answered with %d', async (method, path, status) => {
    const answer = await call(path, { method })
    expect(answer.status).toBe(status)
    if (status !== 200) expect(statusOf(answer).kind).toBe('Status')
  })

  test('only what is served warns of its deprecation', async () => {
    const endpoints = '/api/v1/namespaces/default/endpoints'
    expect((await call(endpoints)).headers['warning']).toBeDefined()
    expect((await call(endpoints, { method: 'PUT' })).headers['warning']).toBeUndefined()
  })

  test('a resourceVersion that is none is refused, and zero is none', async () => {
    const put = (resourceVersion: string) =>
      call(`${configMaps}/kept`, { method: 'PUT', body: configMapBody('kept', { b: '2' }, { resourceVersion }) })
    expect((await put('newest')).status).toBe(400)
    expect((await put('1')).status).toBe(409)
    expect((await put('0')).status).toBe(200)
  })

  test('an owner named twice is kept once, with a warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kept', uid: '6b1b0c44-7f3f-4f3b-9a4f-0d6ad2f0b6c1' }
    const body = configMapBody('owned', {}, { ownerReferences: [owner, { ...owner, uid: 'other' }, owner] })
    const answer = await call(configMaps, { method: 'POST', body })
    expect(answer.headers['warning']).toEqual([expect.stringContaining(`UID(s) observed: ${owner.uid}`)])
    expect(answer.json().metadata.ownerReferences).toEqual([owner, { ...owner, uid: 'other' }])
  })
})
