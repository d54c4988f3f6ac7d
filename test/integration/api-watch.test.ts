import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from '../../src/base/clock.ts'
import type { KubeList } from '../../src/meta/object.ts'
import { type Call, configMapBody, createCall, namespaceBody, statusOf } from '../support/api-call.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'
import { openWatch, toShort } from '../support/api-watch.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const watchAll = `${configMaps}?watch=true`

describe('a watch', () => {
  let api: TestApiServer
  let call: Call
  let clock: ManualClock
  beforeEach(async () => {
    clock = createManualClock(Date.now())
    api = await startApiServer({ listen: false, clock, workspaces: ['one', 'two'] })
    call = createCall(api.server)
    await call('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
  })
  afterEach(() => api.close())

  const create = (name: string, metadata: object = {}) =>
    call(configMaps, { method: 'POST', body: configMapBody(name, {}, metadata) })
  const update = (name: string, metadata: object = {}) =>
    call(`${configMaps}/${name}`, { method: 'PUT', body: configMapBody(name, {}, metadata) })
  const remove = (name: string) => call(`${configMaps}/${name}`, { method: 'DELETE' })
  const revisionNow = async (): Promise<string> =>
    (await call(configMaps)).json<KubeList>().metadata.resourceVersion ?? ''

  test('without a resourceVersion begins with what is there and goes on with what happens', async () => {
    await create('a')
    const watch = await openWatch(api.server, watchAll)
    await watch.received(1)
    await create('b')
    await update('a', { labels: { x: 'y' } })
    await remove('b')
    expect((await watch.received(4)).map(toShort)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b'])
    watch.close()
  })

  test('from a resourceVersion shows every change behind it, once and in order', async () => {
    await create('a')
    const from = await revisionNow()
    await update('a', { labels: { x: '1' } })
    await create('b')
    const watch = await openWatch(api.server, `${watchAll}&resourceVersion=${from}`)
    await remove('a')
    const events = await watch.received(3)
    expect(events.map(toShort)).toEqual(['MODIFIED a', 'ADDED b', 'DELETED a'])
    const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    expect(new Set(revisions).size).toBe(3)
    watch.close()
  })

  test('shows objects that leave a selection as deleted, with what they were and the revision of the change', async () => {
    const watch = await openWatch(api.server, `${watchAll}&labelSelector=app%3Dweb`)
    await create('a')
    await update('a', { labels: { app: 'web' } })
    await update('a', { labels: { app: 'web', more: 'yes' } })
    const left = (await update('a', { labels: { app: 'other' } })).json()
    await remove('a')
    await create('b', { labels: { app: 'web' } })
    const events = await watch.received(4)
    expect(events.map(toShort)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b'])
    expect(events[2]?.object.metadata).toMatchObject({
      labels: { app: 'web', more: 'yes' },
      resourceVersion: left.metadata.resourceVersion,
    })
    watch.close()
  })

  test('of one name sees that object alone', async () => {
    await create('a')
    await create('b')
    const watch = await openWatch(api.server, `${watchAll}&fieldSelector=metadata.name%3Db`)
    await update('a', { labels: { x: 'y' } })
    await update('b', { labels: { x: 'y' } })
    expect((await watch.received(2)).map(toShort)).toEqual(['ADDED b', 'MODIFIED b'])
    watch.close()
  })

  test('with sendInitialEvents ends the beginning with an annotated bookmark', async () => {
    await create('a')
    const query = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
    const watch = await openWatch(api.server, `${watchAll}&${query}`)
    const [first, bookmark] = await watch.received(2)
    expect(first && toShort(first)).toBe('ADDED a')
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: await revisionNow(), annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    })
    watch.close()
  })

  test('with sendInitialEvents=false begins now', async () => {
    await create('a')
    const watch = await openWatch(api.server, `${watchAll}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`)
    await create('b')
    expect((await watch.received(1)).map(toShort)).toEqual(['ADDED b'])
    watch.close()
  })

  test('sends bookmarks every minute and before its end, and ends cleanly at its timeout', async () => {
    const watch = await openWatch(
      api.server,
      `${watchAll}&allowWatchBookmarks=true&timeoutSeconds=100&resourceVersion=${await revisionNow()}`,
    )
    await create('a')
    await watch.received(1)
    clock.advance(60_000)
    const [, bookmark] = await watch.received(2)
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: await revisionNow() } } })
    expect(bookmark?.object.metadata.annotations).toBeUndefined()
    clock.advance(38_000)
    await watch.received(3)
    clock.advance(2_000)
    await watch.ended
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK', 'BOOKMARK'])
  })

  test('from a compacted revision answers 200 with one ERROR event of code 410', async () => {
    await create('a')
    await create('b')
    await create('c')
    await api.backend.compact(api.cache.revision - 1)
    const fresh = await startApiServer({ listen: false, backend: api.backend })
    const watch = await openWatch(fresh.server, `${watchAll}&resourceVersion=2`)
    await watch.ended
    expect(watch.events).toHaveLength(1)
    expect(watch.events[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
    await fresh.server.close()
  })

  test('that does not read is cut off with 410 and holds up nobody', async () => {
    let unread = 0
    const slow = await openWatch(api.server, watchAll, { bufferedBytes: () => unread })
    const quick = await openWatch(api.server, watchAll)
    await create('a')
    await quick.received(1)
    unread = 64 * 1024 * 1024
    await create('b')
    await slow.ended
    expect(slow.events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410 } })
    await create('c')
    expect((await quick.received(3)).map(toShort)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
    quick.close()
  })

  test('shows what happens at once in lines of its own, long ones too, whoever else looks on', async () => {
    const watches = [await openWatch(api.server, watchAll), await openWatch(api.server, watchAll)]
    const selective = await openWatch(api.server, `${watchAll}&labelSelector=!hidden`)
    const names = Array.from({ length: 12 }, (_, n) => `many-${n}`)
    const data = { text: 'é\n'.repeat(10_000) }
    await Promise.all(names.map((name) => call(configMaps, { method: 'POST', body: configMapBody(name, data) })))
    const [first, second] = await Promise.all(watches.map((watch) => watch.received(names.length)))
    expect(first?.map(toShort).toSorted()).toEqual(names.map((name) => `ADDED ${name}`).toSorted())
    expect(second).toEqual(first)
    expect(await selective.received(names.length)).toEqual(first)
    for (const { object } of first ?? []) expect(object['data']).toEqual(data)
    for (const watch of [...watches, selective]) watch.close()
  })

  test('in the form of tables has column definitions in its first event only', async () => {
    await create('a')
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const watch = await openWatch(api.server, watchAll, { headers: { accept } })
    await watch.received(1)
    await create('b')
    const [first, second] = await watch.received(2)
    expect(first?.object).toMatchObject({ kind: 'Table', rows: [{ object: { kind: 'PartialObjectMetadata' } }] })
    expect(first?.object['columnDefinitions']).toHaveLength(3)
    expect(second?.object).toMatchObject({ kind: 'Table', columnDefinitions: null })
    watch.close()
  })

  test('in the form of partial objects has metadata only', async () => {
    const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
    const watch = await openWatch(api.server, watchAll, { headers: { accept } })
    await create('a')
    const [event] = await watch.received(1)
    expect(event?.object.kind).toBe('PartialObjectMetadata')
    expect(Object.keys(event?.object ?? {}).toSorted()).toEqual(['apiVersion', 'kind', 'metadata'])
    watch.close()
  })

  test('over all workspaces says where each object lives', async () => {
    const watch = await openWatch(api.server, '/clusters/*/api/v1/configmaps?watch=true')
    for (const workspace of ['one', 'two']) {
      await call(`/clusters/${workspace}/api/v1/namespaces`, { method: 'POST', body: namespaceBody('default') })
      await call(`/clusters/${workspace}${configMaps}`, { method: 'POST', body: configMapBody('a') })
    }
    const events = await watch.received(2)
    const places = events.map(({ object }) => object.metadata.annotations?.['kcp.io/cluster'])
    expect(places).toEqual(['one', 'two'])
    watch.close()
    const list = (await call('/clusters/*/api/v1/configmaps')).json<KubeList>()
    expect(list.items.map(({ metadata }) => metadata.annotations?.['kcp.io/cluster'])).toEqual(['one', 'two'])
    const plain = (await call(`/clusters/one${configMaps}/a`)).json()
    expect(plain.metadata.annotations).toBeUndefined()
  })

  test('of another workspace sees nothing', async () => {
    const watch = await openWatch(api.server, `/clusters/two/api/v1/configmaps?watch=true`)
    await create('a')
    await call('/clusters/two/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
    await call(`/clusters/two${configMaps}`, { method: 'POST', body: configMapBody('mine') })
    expect((await watch.received(1)).map(toShort)).toEqual(['ADDED mine'])
    watch.close()
  })

  test('is refused with an HTTP error when its options make no sense', async () => {
    expect(statusOf(await call(`${watchAll}&resourceVersion=x`))).toMatchObject({ code: 400 })
    expect(statusOf(await call(`${watchAll}&sendInitialEvents=true`))).toMatchObject({ code: 422, reason: 'Invalid' })
    expect(statusOf(await call(`${watchAll}&labelSelector=((`))).toMatchObject({ code: 400 })
  })

  test('ends when the server closes, and leaves nothing behind', async () => {
    const watch = await openWatch(api.server, watchAll)
    const other = await openWatch(api.server, `${watchAll}&labelSelector=a`)
    other.close()
    expect(api.cache.stats().watches).toBeLessThanOrEqual(1)
    await api.server.close()
    await watch.ended
    expect(api.cache.stats().watches).toBe(0)
  })
})
