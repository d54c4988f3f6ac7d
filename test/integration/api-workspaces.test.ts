import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AuthorizationAttributes } from '../../src/access/authorization/attributes.ts'
import { workspaceAccessDenied } from '../../src/access/authorization/forbidden.ts'
import type { Identity } from '../../src/client/transport.ts'
import type { KubeList } from '../../src/meta/object.ts'
import { objectKey } from '../../src/storage/keys.ts'
import { type Call, configMapBody, createCall, namespaceBody, statusOf } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'
import { openWatch, toShort } from '../support/api-watch.ts'

const clusterRoles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const alice: Identity = { name: 'alice', groups: ['system:authenticated'] }

describe('workspaces', () => {
  let api: TestApiServer
  let call: Call
  const asked: AuthorizationAttributes[] = []
  beforeEach(async () => {
    asked.length = 0
    api = await startApiServer({
      listen: false,
      workspaces: ['one', 'two'],
      authorizer: {
        authorize(attributes) {
          asked.push(attributes)
          const allowed = attributes.user.name === 'admin' || attributes.logicalCluster === 'one'
          return { allowed, reason: allowed ? '' : workspaceAccessDenied }
        },
      },
    })
    call = createCall(api.server)
  })
  afterEach(() => api.close())

  test('are reached by path and by name, and without a prefix root is meant', async () => {
    await call('/clusters/one/api/v1/namespaces', { method: 'POST', body: namespaceBody('here') })
    expect((await call('/clusters/root:one/api/v1/namespaces/here')).status).toBe(200)
    expect((await call('/api/v1/namespaces/here')).status).toBe(404)
    expect((await call('/clusters/two/api/v1/namespaces/here')).status).toBe(404)
  })

  test('that are missing and that are forbidden give the same 403, and an administrator learns the truth', async () => {
    const ask = (workspace: string, path: string) => call(`/clusters/${workspace}${path}`, { identity: alice })
    for (const path of ['/api/v1/namespaces/x', '/api', '/healthz', '/api/v1/pods?watch=true', '/nonsense']) {
      const [forbidden, missing] = [await ask('two', path), await ask('none', path)]
      expect(forbidden.status).toBe(403)
      const same = (text: string): string => text.replaceAll('two', 'W').replaceAll('none', 'W')
      expect(same(missing.text)).toBe(same(forbidden.text))
      expect(Object.keys(missing.headers)).toEqual(Object.keys(forbidden.headers))
    }
    expect(statusOf(await call('/clusters/none/api'))).toMatchObject({ code: 404, reason: 'NotFound' })
  })

  test('with a name that cannot be one are refused with 400, a doubled prefix is not found', async () => {
    for (const name of ['UPPER', 'a b', '..', 'a/../b', '-x', 'ü']) {
      const { status } = await call(`/clusters/${encodeURIComponent(name)}/api`)
      expect([400, 404]).toContain(status)
    }
    expect((await call('/clusters/one/clusters/two/api')).status).toBe(404)
  })

  test('are told to authorization by name, with the selected name of a list', async () => {
    await call('/clusters/root:one/api/v1/namespaces/ns/configmaps?fieldSelector=metadata.name%3Dx')
    expect(asked.at(-1)).toMatchObject({
      logicalCluster: 'one',
      verb: 'list',
      group: '',
      version: 'v1',
      resource: 'configmaps',
      namespace: 'ns',
      name: 'x',
      path: '',
    })
    await call('/clusters/one/healthz')
    expect(asked.at(-1)).toMatchObject({ verb: 'get', resource: '', path: '/healthz' })
  })

  test('all at once are for system:masters alone, and for reading', async () => {
    expect((await call('/clusters/*/api/v1/configmaps', { identity: alice })).status).toBe(403)
    expect((await call('/clusters/*/api/v1/configmaps')).status).toBe(200)
    const body = configMapBody('x')
    expect((await call('/clusters/*/api/v1/namespaces/a/configmaps', { method: 'POST', body })).status).toBe(403)
  })

  test('put their prefix into every URL that an answer names', async () => {
    const index = (await call('/clusters/root:one/openapi/v3')).json<{
      paths: Record<string, { serverRelativeURL: string }>
    }>()
    const urls = Object.values(index.paths).map(({ serverRelativeURL }) => serverRelativeURL)
    expect(urls.length).toBeGreaterThan(20)
    for (const url of urls) expect(url).toMatch(/^\/clusters\/root:one\/openapi\/v3\//)
    expect((await call(urls[0] ?? '')).status).toBe(200)
    const moved = await call('/clusters/root:one/openapi/v3/apis/apps/v1?hash=OLD')
    expect(moved.status).toBe(301)
    expect(String(moved.headers['location'])).toMatch(
      /^\/clusters\/root:one\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/,
    )
  })

  describe('have the bootstrap objects without storing them:', () => {
    const roles = async (workspace: string): Promise<KubeList> =>
      (await call(`/clusters/${workspace}${clusterRoles}`)).json()
    const mergePatch = 'application/merge-patch+json'

    test('each with uids of its own that never change', async () => {
      const [one, two] = [await roles('one'), await roles('two')]
      expect(one.items.length).toBeGreaterThan(50)
      expect(one.items.map(({ metadata }) => metadata.name)).toEqual(two.items.map(({ metadata }) => metadata.name))
      const uids = new Set([...one.items, ...two.items].map(({ metadata }) => metadata.uid))
      expect(uids.size).toBe(2 * one.items.length)
      expect(await roles('one')).toEqual(one)
      const { items } = await api.backend.range({ start: 'o/', end: 'o0' })
      expect(items).toEqual([])
    })

    test('an edit stores a copy with the same uid, for that workspace alone', async () => {
      const before = (await call(`/clusters/one${clusterRoles}/view`)).json()
      const body = { metadata: { labels: { mine: 'yes' } } }
      const edited = await call(`/clusters/one${clusterRoles}/view`, { method: 'PATCH', body, contentType: mergePatch })
      expect(edited.json().metadata).toMatchObject({ uid: before.metadata.uid, labels: { mine: 'yes' } })
      expect((await roles('one')).items.filter(({ metadata }) => metadata.name === 'view')).toHaveLength(1)
      expect((await call(`/clusters/two${clusterRoles}/view`)).json().metadata.labels).not.toHaveProperty('mine')
    })

    test('a patch that changes nothing stores nothing', async () => {
      const before = (await call(`/clusters/one${clusterRoles}/view`)).json()
      const body = { metadata: { labels: before.metadata.labels } }
      const same = await call(`/clusters/one${clusterRoles}/view`, { method: 'PATCH', body, contentType: mergePatch })
      expect(same.json().metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    })

    test('a delete hides the object, and a create brings a new one in its place', async () => {
      const before = (await call(`/clusters/one${clusterRoles}/view`)).json()
      const deleted = await call(`/clusters/one${clusterRoles}/view`, { method: 'DELETE' })
      expect(statusOf(deleted)).toMatchObject({ status: 'Success', details: { uid: before.metadata.uid } })
      expect((await call(`/clusters/one${clusterRoles}/view`)).status).toBe(404)
      expect((await roles('one')).items.map(({ metadata }) => metadata.name)).not.toContain('view')
      expect((await call(`/clusters/one${clusterRoles}/view`, { method: 'DELETE' })).status).toBe(404)
      const body = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'view' },
        rules: [],
      }
      const again = await call(`/clusters/one${clusterRoles}`, { method: 'POST', body })
      expect(again.status).toBe(201)
      expect(again.json().metadata.uid).not.toBe(before.metadata.uid)
      expect((await call(`/clusters/one${clusterRoles}`, { method: 'POST', body })).status).toBe(409)
      const { items } = await api.backend.range({ start: 'o/', end: 'o0', keysOnly: true })
      const address = {
        logicalCluster: 'one',
        group: 'rbac.authorization.k8s.io',
        resource: 'clusterroles',
        namespace: '',
        name: 'view',
      }
      expect(items.map(({ key }) => key)).toEqual([objectKey(address)])
    })

    test('a create of a name that is there is refused although nothing is stored', async () => {
      const body = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'admin' },
        rules: [],
      }
      expect(statusOf(await call(`/clusters/one${clusterRoles}`, { method: 'POST', body }))).toMatchObject({
        code: 409,
        reason: 'AlreadyExists',
      })
    })

    test('pages hold stored and unstored objects in one order', async () => {
      for (const name of ['a-first', 'm-middle', 'z-last']) {
        const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [] }
        await call(`/clusters/one${clusterRoles}`, { method: 'POST', body })
      }
      const whole = (await roles('one')).items.map(({ metadata }) => metadata.name)
      const paged: (string | undefined)[] = []
      let token: string | undefined = ''
      do {
        const query: string = token === '' ? '' : `&continue=${token}`
        const page: KubeList = (await call(`/clusters/one${clusterRoles}?limit=10${query}`)).json()
        paged.push(...page.items.map(({ metadata }) => metadata.name))
        token = page.metadata.continue
      } while (token)
      expect(paged).toEqual(whole)
      expect(whole[0]).toBe('a-first')
      expect(whole.at(-1)).toBe('z-last')
    })

    test('a watch sees an edit as a change and a delete as a delete', async () => {
      const watch = await openWatch(
        api.server,
        `/clusters/one${clusterRoles}?watch=true&fieldSelector=metadata.name%3Dview`,
      )
      await watch.received(1)
      const body = { metadata: { labels: { mine: 'yes' } } }
      await call(`/clusters/one${clusterRoles}/view`, { method: 'PATCH', body, contentType: mergePatch })
      await call(`/clusters/one${clusterRoles}/view`, { method: 'DELETE' })
      const role = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'view' },
        rules: [],
      }
      await call(`/clusters/one${clusterRoles}`, { method: 'POST', body: role })
      const events = await watch.received(4)
      expect(events.map(toShort)).toEqual(['ADDED view', 'MODIFIED view', 'DELETED view', 'ADDED view'])
      expect(events[2]?.object.metadata.labels).toMatchObject({ mine: 'yes' })
      watch.close()
    })
  })
})
