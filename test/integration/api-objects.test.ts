import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { failure } from '../../src/meta/api-errors.ts'
import type { KubeList, KubeObject } from '../../src/meta/object.ts'
import { identityPrefix, ownerPrefix, prefixEnd } from '../../src/storage/keys.ts'
import { type Call, configMapBody, createCall, namespaceBody, statusOf } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const mergePatch = 'application/merge-patch+json'

describe('objects', () => {
  let api: TestApiServer
  let call: Call
  beforeEach(async () => {
    api = await startApiServer({ listen: false, workspaces: ['other'] })
    call = createCall(api.server)
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
  })
  afterEach(() => api.close())

  const keysBelow = async (prefix: string): Promise<string[]> => {
    const { items } = await api.backend.range({ start: prefix, end: prefixEnd(prefix), keysOnly: true })
    return items.map(({ key }) => key)
  }

  test('a create fills in what the server decides and answers with what is stored', async () => {
    const created = await call(configMaps, { method: 'POST', body: configMapBody('one') })
    expect(created.status).toBe(201)
    const object = created.json()
    expect(object.metadata).toMatchObject({ name: 'one', namespace: 'default' })
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(object.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(object.metadata.managedFields?.[0]).toMatchObject({ manager: 'test', operation: 'Update', apiVersion: 'v1' })
    expect((await call(`${configMaps}/one`)).text).toBe(created.text)
  })

  test('a taken generated name is tried again, and after eight times the client is told to come back', async () => {
    const zeros = await startApiServer({ listen: false, fillRandom: (target) => target.fill(0) })
    const ask = createCall(zeros.server)
    await ask('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }
    const first = await ask(configMaps, { method: 'POST', body })
    expect(first.json().metadata.name).toBe('gen-bbbbb')
    const second = await ask(configMaps, { method: 'POST', body })
    expect(statusOf(second)).toMatchObject({ code: 409, reason: 'AlreadyExists', details: { retryAfterSeconds: 1 } })
    expect(second.headers['retry-after']).toBe('1')
    await zeros.close()
  })

  test('an update from a stale resourceVersion loses, one without takes the newest', async () => {
    const first = (await call(configMaps, { method: 'POST', body: configMapBody('one') })).json()
    await call(`${configMaps}/one`, { method: 'PUT', body: configMapBody('one', { a: '2' }) })
    const stale = configMapBody('one', { a: '3' }, { resourceVersion: first.metadata.resourceVersion })
    expect(statusOf(await call(`${configMaps}/one`, { method: 'PUT', body: stale }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    })
  })

  test('a write that changes nothing keeps the resourceVersion and makes no event', async () => {
    const first = (await call(configMaps, { method: 'POST', body: configMapBody('one', { a: '1', b: '2' }) })).json()
    const revision = api.cache.revision
    const reordered = configMapBody('one', { b: '2', a: '1' })
    const again = await call(`${configMaps}/one`, { method: 'PUT', body: reordered })
    expect(again.json().metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const patched = await call(`${configMaps}/one`, {
      method: 'PATCH',
      body: { data: { a: '1' } },
      contentType: mergePatch,
    })
    expect(patched.json().metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    expect(api.cache.revision).toBe(revision)
  })

  test('concurrent patches of one object all arrive', async () => {
    await call(configMaps, { method: 'POST', body: configMapBody('one') })
    const patches = Array.from({ length: 20 }, (_, index) =>
      call(`${configMaps}/one`, { method: 'PATCH', body: { data: { [`k${index}`]: 'x' } }, contentType: mergePatch }),
    )
    expect((await Promise.all(patches)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    const { data } = (await call(`${configMaps}/one`)).json<KubeObject & { data: object }>()
    expect(Object.keys(data)).toHaveLength(21)
  })

  test('of many creates of one name exactly one wins', async () => {
    const creates = Array.from({ length: 10 }, () => call(configMaps, { method: 'POST', body: configMapBody('one') }))
    const codes = (await Promise.all(creates)).map(({ status }) => status)
    expect(codes.filter((code) => code === 201)).toHaveLength(1)
    expect(codes.filter((code) => code === 409)).toHaveLength(9)
  })

  test('index keys follow an object and its owners, in the same transaction', async () => {
    const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid })
    const body = configMapBody('owned', {}, { ownerReferences: [owner('uid-1')] })
    await call(configMaps, { method: 'POST', body })
    expect(await keysBelow(ownerPrefix('root', 'uid-1'))).toEqual(['w/root/uid-1//configmaps/default/owned'])
    expect(await keysBelow(identityPrefix(':configmaps'))).toEqual(['i/:configmaps/root/default/owned'])
    const changed = configMapBody('owned', {}, { ownerReferences: [owner('uid-2')] })
    await call(`${configMaps}/owned`, { method: 'PUT', body: changed })
    expect(await keysBelow(ownerPrefix('root', 'uid-1'))).toEqual([])
    expect(await keysBelow(ownerPrefix('root', 'uid-2'))).toHaveLength(1)
    await call(`${configMaps}/owned`, { method: 'DELETE' })
    expect(await keysBelow(ownerPrefix('root', 'uid-2'))).toEqual([])
    expect(await keysBelow(identityPrefix(':configmaps'))).toEqual([])
  })

  test('an owner uid that could not be a key is no key', async () => {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '../../l/root/ü' }
    const body = configMapBody('owned', {}, { ownerReferences: [reference] })
    expect((await call(configMaps, { method: 'POST', body })).status).toBe(201)
    expect(await keysBelow('w/')).toEqual([])
  })

  test('finalizers hold a deleted object until the last one goes', async () => {
    await call(configMaps, { method: 'POST', body: configMapBody('held', {}, { finalizers: ['example.com/a'] }) })
    const marked = (await call(`${configMaps}/held`, { method: 'DELETE' })).json()
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 0 })
    expect(marked.metadata.deletionTimestamp).toBeDefined()
    const revision = api.cache.revision
    const again = await call(`${configMaps}/held`, { method: 'DELETE' })
    expect(again.json().metadata.resourceVersion).toBe(marked.metadata.resourceVersion)
    expect(api.cache.revision).toBe(revision)
    const released = await call(`${configMaps}/held`, {
      method: 'PATCH',
      body: { metadata: { finalizers: null } },
      contentType: mergePatch,
    })
    expect(released.status).toBe(200)
    expect((await call(`${configMaps}/held`)).status).toBe(404)
  })

  test('what a deletion has fixed is kept when it is left out, and not changed', async () => {
    await call(configMaps, { method: 'POST', body: configMapBody('fixed', {}, { finalizers: ['example.com/a'] }) })
    const marked = (await call(`${configMaps}/fixed`, { method: 'DELETE' })).json().metadata
    const patch = (metadata: object) =>
      call(`${configMaps}/fixed`, { method: 'PATCH', body: { metadata }, contentType: mergePatch })
    const left = { deletionTimestamp: null, deletionGracePeriodSeconds: null, labels: { a: 'b' } }
    for (const metadata of [left, { deletionTimestamp: '2031-01-01T00:00:00Z' }]) {
      const { deletionTimestamp } = marked
      const kept = await patch(metadata)
      expect(kept.json().metadata).toMatchObject({ deletionTimestamp, deletionGracePeriodSeconds: 0 })
    }
    const refused = await patch({ deletionTimestamp: null, deletionGracePeriodSeconds: 77 })
    expect(refused.status).toBe(422)
    expect(statusOf(refused).message).toBe(
      'ConfigMap "fixed" is invalid: metadata.deletionGracePeriodSeconds: Invalid value: 77: field is immutable',
    )
    await patch({ finalizers: null })
  })

  test.each([
    ['in the body', '', { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: -1 }],
    ['in the URL', '?gracePeriodSeconds=-1', undefined],
  ])(
    'a negative grace period %s is a second for a pod on a node, and nothing for what has no grace',
    async (...how) => {
      const [, query, body] = how
      const remove = (path: string) => call(`${path}${query}`, { method: 'DELETE', ...(body ? { body } : {}) })
      const pods = '/api/v1/namespaces/default/pods'
      const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] }
      await call(pods, { method: 'POST', body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'brief' }, spec } })
      const marked = await remove(`${pods}/brief`)
      expect(marked.json().metadata).toMatchObject({ deletionGracePeriodSeconds: 1 })
      expect((await call(`${pods}/brief`)).status).toBe(200)
      await call(`${pods}/brief?gracePeriodSeconds=0`, { method: 'DELETE' })
      await call(configMaps, { method: 'POST', body: configMapBody('brief', {}, { finalizers: ['example.com/a'] }) })
      expect((await remove(`${configMaps}/brief`)).json().metadata).toMatchObject({ deletionGracePeriodSeconds: 0 })
      const released = { method: 'PATCH', body: { metadata: { finalizers: null } }, contentType: mergePatch }
      await call(`${configMaps}/brief`, released)
      expect((await call(`${configMaps}/brief`)).status).toBe(404)
    },
  )

  test('propagation policies become finalizers, and an explicit policy beats those that stand there', async () => {
    await call(configMaps, { method: 'POST', body: configMapBody('one') })
    const orphan = await call(`${configMaps}/one`, { method: 'DELETE', body: { propagationPolicy: 'Orphan' } })
    expect(orphan.json().metadata.finalizers).toEqual(['orphan'])
    const foreground = await call(`${configMaps}/one`, { method: 'DELETE', body: { propagationPolicy: 'Foreground' } })
    expect(foreground.json().metadata.finalizers).toEqual(['foregroundDeletion'])
    const background = await call(`${configMaps}/one`, { method: 'DELETE', body: { propagationPolicy: 'Background' } })
    expect(statusOf(background)).toMatchObject({ status: 'Success' })
  })

  test('a dry run shows what would be, and writes nothing', async () => {
    const revision = api.cache.revision
    const created = await call(`${configMaps}?dryRun=All`, { method: 'POST', body: configMapBody('dry') })
    expect(created.status).toBe(201)
    expect(created.json().metadata.resourceVersion).toBeUndefined()
    await call(configMaps, { method: 'POST', body: configMapBody('one') })
    const updated = await call(`${configMaps}/one?dryRun=All`, {
      method: 'PUT',
      body: configMapBody('one', { a: 'dry' }),
    })
    expect(updated.json()).toMatchObject({ data: { a: 'dry' } })
    const deleted = await call(`${configMaps}/one?dryRun=All`, { method: 'DELETE' })
    expect(statusOf(deleted)).toMatchObject({ status: 'Success' })
    expect((await call(`${configMaps}/one`)).json()).toMatchObject({ data: { a: '1' } })
    expect(api.cache.revision).toBe(revision + 1)
  })

  test('deletecollection removes what is selected and nothing else', async () => {
    for (const name of ['a', 'b', 'c']) {
      await call(configMaps, {
        method: 'POST',
        body: configMapBody(name, {}, { labels: { kind: name === 'c' ? 'y' : 'x' } }),
      })
    }
    const deleted = (await call(`${configMaps}?labelSelector=kind=x`, { method: 'DELETE' })).json<KubeList>()
    expect(deleted.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    const left = (await call(configMaps)).json<KubeList>()
    expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['c'])
  })

  test('pages show one snapshot, whatever is written meanwhile', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await call(configMaps, { method: 'POST', body: configMapBody(name) })
    const first = (await call(`${configMaps}?limit=2`)).json<KubeList>()
    expect(first.metadata.remainingItemCount).toBe(3)
    await call(`${configMaps}/c`, { method: 'DELETE' })
    await call(configMaps, { method: 'POST', body: configMapBody('bb') })
    const names = first.items.map(({ metadata }) => metadata.name)
    let next = first.metadata.continue
    while (next) {
      const page = (await call(`${configMaps}?limit=2&continue=${next}`)).json<KubeList>()
      expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
      names.push(...page.items.map(({ metadata }) => metadata.name))
      next = page.metadata.continue
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('a continue token is of no use in another workspace', async () => {
    for (const name of ['a', 'b']) await call(configMaps, { method: 'POST', body: configMapBody(name) })
    const { continue: token } = (await call(`${configMaps}?limit=1`)).json<KubeList>().metadata
    const elsewhere = await call(`/clusters/other${configMaps}?limit=1&continue=${token}`)
    expect(statusOf(elsewhere)).toMatchObject({ code: 400 })
  })

  test('a compacted token gives 410 with a token that goes on at the newest state', async () => {
    for (const name of ['a', 'b', 'c']) await call(configMaps, { method: 'POST', body: configMapBody(name) })
    const { continue: token } = (await call(`${configMaps}?limit=1`)).json<KubeList>().metadata
    await call(configMaps, { method: 'POST', body: configMapBody('d') })
    await api.backend.compact(api.cache.revision)
    const expired = statusOf(await call(`${configMaps}?limit=1&continue=${token}`))
    expect(expired).toMatchObject({ code: 410, reason: 'Expired' })
    const rest = (await call(`${configMaps}?continue=${expired.metadata.continue}`)).json<KubeList>()
    expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c', 'd'])
  })

  test('a resourceVersion of the future is answered with Timeout, an old exact one that is gone with Expired', async () => {
    const clocked = await startApiServer({ listen: false, clock: createManualClock(Date.now()) })
    const clock = clocked.clock as ReturnType<typeof createManualClock>
    const pending = createCall(clocked.server)('/api/v1/namespaces?resourceVersion=999999')
    await Promise.resolve()
    clock.advance(3_500)
    const late = await pending
    expect(statusOf(late)).toMatchObject({
      code: 504,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    })
    await clocked.close()
    await call(configMaps, { method: 'POST', body: configMapBody('a') })
    await call(configMaps, { method: 'POST', body: configMapBody('b') })
    await api.backend.compact(api.cache.revision)
    const gone = await call(`${configMaps}?resourceVersion=2&resourceVersionMatch=Exact`)
    expect(statusOf(gone)).toMatchObject({ code: 410, reason: 'Expired' })
  })

  test('nothing is created in a namespace that is missing or going, nor in a workspace that is going', async () => {
    const missing = await call('/api/v1/namespaces/none/configmaps', { method: 'POST', body: configMapBody('a') })
    expect(statusOf(missing)).toMatchObject({ code: 404, message: 'namespaces "none" not found' })
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('going') })
    await call('/api/v1/namespaces/going', { method: 'DELETE' })
    const refused = await call('/api/v1/namespaces/going/configmaps', { method: 'POST', body: configMapBody('a') })
    expect(statusOf(refused)).toMatchObject({
      code: 403,
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    })
  })

  test('integers beyond 2^53 survive, and __proto__ is a key like others', async () => {
    const text = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd","generation":9007199254740993},"data":{"__proto__":"x"}}`
    const created = await call(configMaps, { method: 'POST', body: text })
    expect(created.text).toContain('"generation":9007199254740993')
    expect((await call(`${configMaps}/odd`)).text).toContain('"__proto__":"x"')
    const patched = await call(`${configMaps}/odd`, {
      method: 'PATCH',
      body: { data: { a: 'b' } },
      contentType: mergePatch,
    })
    expect(patched.text).toContain('"generation":9007199254740993')
    expect(patched.text).toContain('"__proto__":"x"')
  })

  test('what admission refuses is not stored, and what it changes is', async () => {
    const refusing = await startApiServer({
      listen: false,
      plugins: [
        {
          name: 'Test',
          handles: ({ resource }) => resource === 'configmaps',
          mutate({ object }) {
            if (object) object.metadata.labels = { ...object.metadata.labels, admitted: 'yes' }
          },
          validate({ object, name, operation }) {
            if (name !== 'bad') return
            throw failure({
              code: 403,
              reason: 'Forbidden',
              message: `${operation} of ${object?.metadata.name ?? name}`,
            })
          },
        },
      ],
    })
    const ask = createCall(refusing.server)
    await ask('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    const good = await ask(configMaps, { method: 'POST', body: configMapBody('good') })
    expect(good.json().metadata.labels).toEqual({ admitted: 'yes' })
    const bad = await ask(configMaps, { method: 'POST', body: configMapBody('bad') })
    expect(statusOf(bad)).toMatchObject({ code: 403, message: 'CREATE of bad' })
    expect((await ask(`${configMaps}/bad`)).status).toBe(404)
    await refusing.close()
  })
})
