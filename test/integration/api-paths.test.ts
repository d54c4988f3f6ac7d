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

  test('what the store cannot hold is the fault of who asks', async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles'
    const name = 'x'.repeat(5_000) // of a role, anything goes that fits into a path
    const refused = await call(roles, { method: 'POST', body: JSON.stringify({ metadata: { name } }) })
    expect(statusOf(refused)).toMatchObject({
      code: 400,
      message: expect.stringContaining('the object cannot be stored'),
    })
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

  test('so many warnings that no client would take them are cut short', async () => {
    const strange = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`strange${index}`, 1]))
    const body = { ...configMapBody('strange'), ...strange }
    const answer = await call(`${configMaps}?dryRun=All`, { method: 'POST', body })
    expect(answer.status).toBe(201)
    const warnings = [answer.headers['warning'] ?? []].flat()
    expect(warnings.length).toBeGreaterThan(10)
    expect(warnings.join('').length).toBeLessThan(8_192)
  })

  test('the options of a delete are checked before anything is deleted', async () => {
    for (const body of [{ kind: 'Foo', apiVersion: 'v1' }, { gracePeriodSeconds: 'soon' }]) {
      expect((await call(`${configMaps}/kept`, { method: 'DELETE', body })).status).toBe(400)
    }
    expect((await call(`${configMaps}/kept`)).status).toBe(200)
  })

  test('an event is refused outside the namespace of what it is about', async () => {
    const events = '/api/v1/namespaces/default/events'
    const event = (namespace: string) => ({ metadata: { name: 'e' }, involvedObject: { kind: 'Pod', namespace } })
    const refused = await call(events, { method: 'POST', body: event('other') })
    expect(statusOf(refused).details?.causes?.[0]?.field).toBe('involvedObject.namespace')
    expect((await call(events, { method: 'POST', body: event('default') })).status).toBe(201)
  })

  test('a patch after which an object could not be read is Invalid', async () => {
    const patch = (body: unknown) =>
      call(`${configMaps}/kept`, { method: 'PATCH', body, contentType: 'application/merge-patch+json' })
    for (const body of [{ kind: 'Secret' }, { data: { a: 1 } }]) {
      const answer = await patch(body)
      expect(answer.status).toBe(422)
      expect(statusOf(answer).details?.causes?.[0]?.field).toBe('patch')
    }
  })

  test('a pod that is nowhere has no logs yet, and takes no commands', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    await call(pods, { method: 'POST', body: pod })
    expect(await call(`${pods}/p/log`)).toMatchObject({ status: 200, text: '' })
    expect((await call(`${pods}/p/exec?command=ls`)).status).toBe(400)
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

  test('what depends on a generated name depends on the last one', async () => {
    let turn = 0
    // The first name is taken by the job before; uids come from here, too.
    const fillRandom = (target: Uint8Array) => target.fill(turn++ < 3 ? 0 : 1)
    const own = await startApiServer({ listen: false, fillRandom })
    const ask = createCall(own.server)
    await ask('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    const jobs = '/apis/batch/v1/namespaces/default/jobs'
    const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } }
    const body = (metadata: object) => ({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: pod } })
    await ask(jobs, { method: 'POST', body: body({ name: 'gen-bbbbb' }) })
    const job = (await ask(jobs, { method: 'POST', body: body({ generateName: 'gen-' }) })).json()
    expect(job.metadata.name).not.toBe('gen-bbbbb')
    expect(job.metadata.labels).toMatchObject({ 'job-name': job.metadata.name })
    expect(job['spec']).toMatchObject({ template: { metadata: { labels: { 'job-name': job.metadata.name } } } })
    await own.close()
  })

  test('no patch makes an object deeper than objects may be', async () => {
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }
    const names = { plural: 'deeps', kind: 'Deep' }
    const metadata = { name: 'deeps.x.example' }
    const spec = { group: 'x.example', scope: 'Namespaced', names, versions: [version] }
    const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec }
    expect((await call(crd, { method: 'POST', body })).status).toBe(201)
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const path = '/spec/versions/0/schema/openAPIV3Schema/example'
    const deepen = `[{"op":"add","path":"${path}","value":${nested(398)}}]`
    const contentType = 'application/json-patch+json'
    const patched = await call(`${crd}/deeps.x.example`, { method: 'PATCH', body: deepen, contentType })
    expect(patched.status).toBe(400)
    for (const type of ['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml']) {
      const answer = await call(`${configMaps}/kept?fieldManager=me`, {
        method: 'PATCH',
        body: nested(500),
        contentType: `application/${type}`,
      })
      expect(answer.status).toBe(400)
    }
  })

  test('an apply that names a resourceVersion creates what is not there, and leaves what is', async () => {
    const body = (value: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'only-new', resourceVersion: '1' },
      data: { value },
    })
    const apply = (value: string) =>
      call(`${configMaps}/only-new?fieldManager=me`, {
        method: 'PATCH',
        body: body(value),
        contentType: 'application/apply-patch+yaml',
      })
    expect((await apply('first')).status).toBe(201)
    const again = await apply('second')
    expect(again.status).toBe(409)
    expect(again.text).toContain('the object has been modified')
    expect((await call(`${configMaps}/only-new`)).text).toContain('first')
  })
})
