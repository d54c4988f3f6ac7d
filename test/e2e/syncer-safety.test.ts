import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { joinChildCluster } from '../../src/agent/join-child-cluster.ts'
import { createSyncer, type Syncer } from '../../src/agent/syncer.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { createClient } from '../../src/client/create-client.ts'
import type { ApiRequest, Transport } from '../../src/client/transport.ts'
import { TransportError } from '../../src/client/client.ts'
import type { JsonObject, KubeObject } from '../../src/meta/object.ts'
import { readAuditLog } from '../support/audit-log.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { eventually } from '../support/eventually.ts'
import { startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { adminTransport, slotFor, startSyncerPair, type SyncerPair } from '../support/syncer-pair.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
const configMap = (name: string, data: Record<string, string> = { a: '1' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
})

describe.skipIf(!binaries.available)('what a syncer never does', () => {
  let hubPlane: ControlPlane
  let childPlane: ControlPlane
  let pair: SyncerPair
  let syncer: Syncer
  let deletionsBefore = 0
  let slot = ''
  let target = ''

  /** A road to the hub that a test can cut or bend. */
  let bend: ((request: ApiRequest, next: Transport) => ReturnType<Transport>) | undefined
  const hubThrough = () => {
    const direct = adminTransport(hubPlane)
    const transport: Transport = (request) => (bend ? bend(request, direct.transport) : direct.transport(request))
    return createClient({ transport })
  }

  beforeAll(async () => {
    ;[hubPlane, childPlane] = await Promise.all([
      startJudge({ name: 'hub' }),
      startJudge({ name: 'child', audit: true }),
    ])
    pair = await startSyncerPair(hubPlane, childPlane, 'safe')
    target = slotFor(pair.hubId, configMap('x')).spec.targetNamespace
  })
  afterAll(async () => {
    await pair?.close()
    await Promise.all([hubPlane?.close(), childPlane?.close()])
  })
  beforeEach(async () => {
    bend = undefined
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    await eventually(() => syncer.acting, { what: 'the syncer acts' })
    slot = slotFor(pair.hubId, configMap('kept')).metadata.name ?? ''
    if ((await pair.deliveries.list()).items.every(({ metadata }) => metadata.name !== slot))
      await pair.place(configMap('kept'))
    await pair.until(slot, 'Applied')
    deletionsBefore = (await deletions()).length
  })
  afterEach(async () => {
    await syncer.stop()
  })

  async function deletions() {
    const all = await readAuditLog(childPlane.auditLogFile)
    return all.filter(({ verb, userAgent }) => verb.startsWith('delete') && userAgent === 'atoll-syncer')
  }
  /** As a patch: the agent writes its heartbeat into the same object meanwhile. */
  const tellAgent = (spec: JsonObject) => pair.reports.patch({ name: 'report' }, { type: 'merge', body: { spec } })
  const kept = () => pair.child.resource(configMaps).get({ namespace: target, name: 'kept' })
  /** Something later in the same queue has been carried out, so what came before has been looked at. */
  async function settled(): Promise<void> {
    const marker = configMap(`marker-${Math.random().toString(36).slice(2)}`)
    await pair.place(marker)
    await pair.until(slotFor(pair.hubId, marker).metadata.name ?? '', 'Applied')
  }

  it('deletes nothing because a slot is missing', async () => {
    const { metadata } = await kept()
    await pair.deliveries.delete({ name: slot })
    await settled()
    expect((await kept()).metadata.uid).toBe(metadata.uid)
    expect((await deletions()).length).toBe(deletionsBefore)
    await pair.child.resource(configMaps).delete({ namespace: target, name: 'kept' })
  })

  it('deletes nothing because a mark was changed in the child: it puts the mark back', async () => {
    const { metadata } = await kept()
    const sourceUid = 'internal.fleet.atoll.dev/source-uid'
    const said = metadata.annotations?.[sourceUid]
    const body = { metadata: { annotations: { [sourceUid]: 'another' } } }
    await pair.child.resource(configMaps).patch({ namespace: target, name: 'kept' }, { type: 'merge', body })
    const now = await eventually(
      async () => {
        const live = await kept()
        return live.metadata.annotations?.[sourceUid] === said && live
      },
      { what: 'the mark is put back', intervalMs: 20 },
    )
    expect(said).toBe('source-1')
    expect(now.metadata.uid).toBe(metadata.uid)
    expect((await deletions()).length).toBe(deletionsBefore)
  })

  it('deletes nothing because the hub lists nothing', async () => {
    bend = async (request, next) => {
      const answer = await next(request)
      if (request.method !== 'GET' || !/deliveries\?/.test(request.url) || /watch=true/.test(request.url)) return answer
      const list = { apiVersion: 'v1', kind: 'DeliveryList', metadata: { resourceVersion: '999999999' }, items: [] }
      return { status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(list)) }
    }
    await syncer.stop()
    const other = pair.newSyncer({ hub: hubThrough() })
    other.start()
    await eventually(() => other.acting, { what: 'the other syncer acts' })
    expect((await kept()).metadata.deletionTimestamp).toBeUndefined()
    await other.stop()
    expect((await deletions()).length).toBe(deletionsBefore)
    bend = undefined
    await forgetMemory()
  })

  async function forgetMemory() {
    const name = { namespace: 'atoll-system', name: 'atoll-state' }
    await pair.child.resource(configMaps).delete(name)
  }

  it('goes on putting drift back while the hub is away, and deletes nothing', async () => {
    bend = () => Promise.reject(new TransportError('the hub is away'))
    await pair.child
      .resource(configMaps)
      .patch({ namespace: target, name: 'kept' }, { type: 'merge', body: { data: { a: '2' } } })
    await eventually(async () => JSON.stringify((await kept())['data']) === '{"a":"1"}', {
      what: 'the drift is put back',
    })
    expect((await deletions()).length).toBe(deletionsBefore)
  })

  it('does nothing for a hub that is behind, until its new incarnation has been confirmed', async () => {
    let behind = true
    bend = async (request, next) => {
      const answer = await next(request)
      const isList =
        request.method === 'GET' && /(deliveries|agentreports)\?/.test(request.url) && !/watch=true/.test(request.url)
      if (!isList || !behind) return answer
      const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '5' }, items: [] }
      return { status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(list)) }
    }
    // Ends the watches, as a restart of the hub does.
    await hubPlane.stopApiServer()
    await hubPlane.startApiServer()
    const report = await eventually(
      async () => {
        const { status } = await pair.reports.get({ name: 'report' })
        return status?.forked && status
      },
      { what: 'the fork is reported' },
    )
    expect(report.forked).toMatchObject({ hubIncarnation: 1, hubRevision: 5, seenIncarnation: 1 })
    expect(syncer.acting).toBe(false)
    const written = (await deletions()).length
    await pair.child
      .resource(configMaps)
      .patch({ namespace: target, name: 'kept' }, { type: 'merge', body: { data: { a: 'x' } } })
    behind = false
    await pair.change(slot, { desired: 'Absent' })
    await tellAgent({ incarnation: 2 })
    await eventually(async () => (await pair.reports.get({ name: 'report' })).status?.forked?.hubIncarnation === 2, {
      what: 'the new incarnation has been seen',
    })
    expect((await kept())['data']).toEqual({ a: 'x' })
    expect((await deletions()).length).toBe(written)

    // The fork outlives the syncer.
    await syncer.stop()
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    await eventually(async () => (await pair.reports.get({ name: 'report' })).status?.forked?.hubIncarnation === 2, {
      what: 'the next syncer knows it too',
    })
    expect(syncer.acting).toBe(false)

    await pair.change(slot, { desired: 'Present', manifest: configMap('kept') as never, incarnation: 2 })
    await tellAgent({ incarnation: 2, confirmedIncarnation: 2 })
    await eventually(async () => JSON.stringify((await kept())['data']) === '{"a":"1"}', {
      what: 'the hub is obeyed again',
    })
    await eventually(async () => (await pair.reports.get({ name: 'report' })).status?.forked === undefined, {
      what: 'the report says so',
    })
  })

  it('obeys no hub but the one that claimed the child', async () => {
    const agent = createSyncer({
      hub: hubThrough(),
      child: { transport: adminTransport(childPlane).transport },
      childClusterUid: pair.childClusterUid,
      hubId: 'another-hub',
      agentVersion: 'test',
      logger: silentLogger,
      clock: systemClock,
      leaseDurationMs: 3_000,
    })
    await syncer.stop()
    const before = (await deletions()).length
    agent.start()
    await pair.change(slot, { desired: 'Absent' })
    await eventually(
      async () => {
        const lease = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }
        const { spec } = await pair.child.resource(lease).get({ namespace: 'atoll-system', name: 'atoll-syncer' })
        return (spec as { holderIdentity?: string }).holderIdentity
      },
      { what: 'the other agent holds the lease' },
    )
    expect(agent.acting).toBe(false)
    await agent.stop()
    expect((await kept()).metadata.deletionTimestamp).toBeUndefined()
    expect((await deletions()).length).toBe(before)
    await pair.change(slot, { desired: 'Present', manifest: configMap('kept') as never })
  })

  it('lets one of two syncers act, and the other take over', async () => {
    const second = pair.newSyncer({ hub: hubThrough() })
    second.start()
    await settled()
    expect([syncer.acting, second.acting]).toEqual([true, false])
    await syncer.stop()
    await eventually(() => second.acting, { what: 'the second one acts' })
    await settled()
    await second.stop()
    expect((await deletions()).length).toBe(deletionsBefore)
  })

  it('deletes nothing when its own memory has been wiped', async () => {
    await syncer.stop()
    await forgetMemory()
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    await eventually(() => syncer.acting, { what: 'it acts again' })
    await settled()
    expect((await deletions()).length).toBe(deletionsBefore)
    expect((await kept()).metadata.deletionTimestamp).toBeUndefined()
  })

  it('deletes only the uid that the slot recorded', async () => {
    await syncer.stop()
    await pair.child.resource(configMaps).delete({ namespace: target, name: 'kept' })
    const theirs = { ...configMap('kept'), metadata: { name: 'kept', namespace: target } }
    const { metadata } = await pair.child.resource(configMaps).create(theirs)
    await pair.change(slot, { desired: 'Absent' })
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    await eventually(async () => (await pair.statusOf(slot)).removed, { what: 'the slot is acknowledged' })
    expect((await kept()).metadata.uid).toBe(metadata.uid)
    expect((await deletions()).length).toBe(deletionsBefore)
    await pair.child.resource(configMaps).delete({ namespace: target, name: 'kept' })
    await pair.deliveries.delete({ name: slot })
  })

  it('recognizes what it applied before a crash kept it from saying so', async () => {
    const { metadata } = await kept()
    await syncer.stop()
    const current = await pair.deliveries.get({ name: slot })
    await pair.deliveries.update({ ...current, status: {} }, { subresource: 'status' })
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    const status = await pair.until(slot, 'Applied')
    expect(status.appliedUid).toBe(metadata.uid)
  })

  it('removes the namespaces of its hub that emptied while no syncer was there, and no others', async () => {
    await syncer.stop()
    const origins = { emptied: `${pair.hubId}/t/gone`, 'of-another-hub': 'other/t/gone', used: `${pair.hubId}/t/used` }
    for (const [name, origin] of Object.entries(origins)) {
      const annotations = { 'internal.fleet.atoll.dev/origin': origin }
      const metadata = { name, annotations, labels: { 'fleet.atoll.dev/managed': 'true' } }
      await pair.child.resource(namespaces).create({ apiVersion: 'v1', kind: 'Namespace', metadata })
    }
    const theirs = { ...configMap('theirs'), metadata: { name: 'theirs', namespace: 'used' } }
    await pair.child.resource(configMaps).create(theirs)
    syncer = pair.newSyncer({ hub: hubThrough() })
    syncer.start()
    const going = async (name: string) =>
      (await pair.child.resource(namespaces).get({ name })).metadata.deletionTimestamp !== undefined
    await eventually(() => going('emptied'), { what: 'the empty one is removed' })
    await settled()
    expect([await going('of-another-hub'), await going('used'), await going(target)]).toEqual([false, false, false])
    await pair.child.resource(configMaps).delete({ namespace: 'used', name: 'theirs' })
  })

  it('refuses a namespace of the mapped name that somebody else has made', async () => {
    const manifest = { ...configMap('other'), metadata: { name: 'other', namespace: 'taken' } }
    const { spec, metadata } = slotFor(pair.hubId, manifest)
    await pair.child.resource(namespaces).create({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: spec.targetNamespace },
    })
    await pair.place(manifest)
    await pair.until(metadata.name ?? '', 'NotOurs')
    const held = await pair.child.resource(configMaps).list({ namespace: spec.targetNamespace })
    expect(held.items.map((object) => object.metadata.name)).not.toContain('other')
  })

  it('cannot be joined by a second hub, which learns the owner', async () => {
    const { transport } = adminTransport(childPlane)
    const again = joinChildCluster({ childTransport: transport, hubId: 'thief', childClusterUid: 'x', name: 'mine' })
    await expect(again).rejects.toThrow('already belongs to hub hub-safe as child cluster "safe"')
  })

  it('leaves without deleting when told to keep the workloads', async () => {
    const { metadata } = await kept()
    await tellAgent({ leaving: { workloads: 'keep' } })
    await eventually(async () => (await pair.reports.get({ name: 'report' })).status?.left, { what: 'it has left' })
    const free = await kept()
    expect(free.metadata.uid).toBe(metadata.uid)
    expect(free.metadata.labels).toBeUndefined()
    expect(free.metadata.annotations).toBeUndefined()
    const own = (await deletions()).slice(deletionsBefore)
    expect(own.filter(({ namespace, resource }) => namespace === target && resource !== 'rolebindings')).toEqual([])
    const left = await pair.child.resource(configMaps).list({ namespace: 'atoll-system' })
    expect(left.items.map((object) => object.metadata.name)).not.toContain('atoll-claim')
    await rejoin()
  })

  it('leaves with everything that its slots recorded when told to delete the workloads, and with nothing else', async () => {
    const theirs = { ...configMap('theirs'), metadata: { name: 'theirs', namespace: target } }
    await pair.child.resource(configMaps).create(theirs)
    await tellAgent({ leaving: { workloads: 'delete' } })
    await eventually(async () => (await pair.reports.get({ name: 'report' })).status?.left, { what: 'it has left' })
    const { items } = await pair.child.resource(configMaps).list({ namespace: target })
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['theirs'])
    const namespace = await pair.child.resource(namespaces).get({ name: target })
    expect(namespace.metadata.deletionTimestamp).toBeUndefined()
    expect(namespace.metadata.labels).not.toHaveProperty(['fleet.atoll.dev/managed'])
  })

  async function rejoin() {
    await syncer.stop()
    const { hubId, childClusterUid } = pair
    // The agent's namespace is on its way out, and there is no controller here that lets it go.
    const own = await pair.child.resource(namespaces).get({ name: 'atoll-system' })
    expect(own.metadata.deletionTimestamp).toBeDefined()
    const finalized = { ...own, spec: { finalizers: [] } }
    await childPlane.request('/api/v1/namespaces/atoll-system/finalize', { method: 'PUT', body: finalized })
    await joinChildCluster({
      childTransport: adminTransport(childPlane).transport,
      hubId,
      childClusterUid,
      name: 'safe',
    })
    await tellAgent({ leaving: null })
    const body = [{ op: 'replace', path: '/status', value: {} }]
    await pair.reports.patch({ name: 'report' }, { type: 'json', body }, { subresource: 'status' })
  }
})
