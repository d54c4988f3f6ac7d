import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Syncer } from '../../src/agent/syncer.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { eventually } from '../support/eventually.ts'
import { startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { startKubeCluster, type KubeCluster } from '../support/kube-cluster.ts'
import { slotFor, startSyncerPair, type SyncerPair, tenant } from '../support/syncer-pair.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const deployments = { group: 'apps', version: 'v1', resource: 'deployments' }
const jobs = { group: 'batch', version: 'v1', resource: 'jobs' }
const namespaces = { group: '', version: 'v1', resource: 'namespaces' }

const configMap = (name: string, data: Record<string, string> = { a: '1' }, namespace = 'shop'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})
const deployment = (name: string, replicas: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'registry.invalid/web:1' }] },
    },
  },
})

describe.skipIf(!binaries.available)('the syncer between a hub and a real child cluster', () => {
  let hubPlane: ControlPlane
  let childPlane: KubeCluster
  let pair: SyncerPair
  let syncer: Syncer

  beforeAll(async () => {
    ;[hubPlane, childPlane] = await Promise.all([startJudge({ name: 'hub' }), startKubeCluster({ name: 'child' })])
    pair = await startSyncerPair(hubPlane, childPlane)
    syncer = pair.newSyncer()
    syncer.start()
    await eventually(() => syncer.acting, { what: 'the syncer acts' })
  })
  afterAll(async () => {
    await pair?.close()
    await Promise.all([hubPlane?.close(), childPlane?.close()])
  })

  const nameOf = (manifest: KubeObject) => slotFor(pair.hubId, manifest).metadata.name ?? ''
  const target = () => slotFor(pair.hubId, configMap('x')).spec.targetNamespace
  const inChild = (gvr: typeof configMaps, name: string) => pair.child.resource(gvr).get({ namespace: target(), name })
  const remove = async (slot: string) => {
    await pair.change(slot, { desired: 'Absent' })
    await eventually(async () => (await pair.statusOf(slot)).removed, { what: `${slot} is removed` })
    await pair.deliveries.delete({ name: slot })
  }

  it('brings a Deployment into its mapped namespace as the ServiceAccount of its workspace', async () => {
    const slot = nameOf(deployment('web', 2))
    await pair.place(deployment('web', 2))
    const status = await pair.until(slot, 'Applied')
    const live = await inChild(deployments, 'web')
    expect(status).toMatchObject({ observedEpoch: 1, appliedGeneration: 1, appliedUid: live.metadata.uid })
    expect(live.metadata.labels).toMatchObject({ app: 'web', 'fleet.atoll.dev/managed': 'true' })
    const namespace = await pair.child.resource(namespaces).get({ name: target() })
    expect(namespace.metadata.annotations).toMatchObject({
      'internal.fleet.atoll.dev/origin': `hub-one/${tenant}/shop`,
    })
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' })
    const writes = await childPlane.auditEntries({
      verb: 'patch',
      resource: 'deployments',
      name: 'web',
      subresource: '',
    })
    expect(writes.some(({ code }) => code === 201)).toBe(true)
    expect(new Set(writes.map(({ impersonatedUser }) => impersonatedUser))).toContain(
      `system:serviceaccount:atoll-system:workspace-${tenant}`,
    )
  })

  it('tells the hub when the pods run', async () => {
    const slot = nameOf(deployment('web', 2))
    const status = await eventually(
      async () => {
        const now = await pair.statusOf(slot)
        return now.conditions?.some(({ type, status }) => type === 'Available' && status === 'True') && now
      },
      { what: 'the Deployment is available' },
    )
    expect(status.childStatus).toMatchObject({ availableReplicas: 2, readyReplicas: 2 })
  })

  it('updates what has changed and drops what is no longer wanted', async () => {
    const slot = nameOf(configMap('settings'))
    await pair.place(configMap('settings', { a: '1', b: '2' }))
    await pair.until(slot, 'Applied')
    await pair.change(slot, { manifest: configMap('settings', { a: '3' }) as never, sourceGeneration: 2 })
    await eventually(async () => (await pair.statusOf(slot)).appliedGeneration === 2, {
      what: 'generation 2 is applied',
    })
    expect((await inChild(configMaps, 'settings'))['data']).toEqual({ a: '3' })
  })

  it('puts a changed field back within a second, and an object that was deleted', async () => {
    const name = { namespace: target(), name: 'settings' }
    await pair.child
      .resource(configMaps)
      .patch(name, { type: 'merge', body: { data: { a: 'drift', other: 'theirs' } } })
    const began = performance.now()
    const repaired = await eventually(
      async () => {
        const live = await inChild(configMaps, 'settings')
        return (live['data'] as Record<string, string>)['a'] === '3' && live
      },
      { what: 'the field is put back', intervalMs: 20 },
    )
    console.log(`put back after ${Math.round(performance.now() - began)} ms`)
    expect(repaired['data']).toEqual({ a: '3', other: 'theirs' })

    await pair.child.resource(configMaps).delete(name)
    const again = await eventually(() => inChild(configMaps, 'settings'), { what: 'it is there again', intervalMs: 20 })
    expect(again.metadata.uid).not.toBe(repaired.metadata.uid)
    expect(again['data']).toEqual({ a: '3' })
    await eventually(
      async () => (await pair.statusOf(nameOf(configMap('settings')))).appliedUid === again.metadata.uid,
      {
        what: 'the new uid is recorded',
      },
    )
  })

  it('stops when a field is changed again after three repairs', async () => {
    const name = { namespace: target(), name: 'settings' }
    const slot = nameOf(configMap('settings'))
    for (let round = 0; round < 4; round++) {
      const body = { data: { a: `fight ${round}` } }
      await pair.child.resource(configMaps).patch(name, { type: 'merge', body })
      await eventually(
        async () => {
          const live = (await inChild(configMaps, 'settings'))['data'] as Record<string, string>
          const stopped = (await pair.statusOf(slot)).conditions?.some(({ type }) => type === 'Conflict')
          return live['a'] === '3' || stopped
        },
        { what: 'a repair or the end of repairs', intervalMs: 20 },
      )
    }
    const status = await pair.until(slot, 'Conflict')
    expect(status.conditions?.find(({ type }) => type === 'Conflict')?.message).toContain('.data.a')
    await remove(slot)
  })

  it('refuses an object of the same name that is not ours, and adopts an equal one when told to', async () => {
    const mine = configMap('foreign')
    const live = await pair.child
      .resource(configMaps)
      .create({ ...mine, metadata: { name: 'foreign', namespace: target() } })
    const slot = nameOf(mine)
    await pair.place(mine)
    await pair.until(slot, 'NotOurs')
    expect((await inChild(configMaps, 'foreign')).metadata.resourceVersion).toBe(live.metadata.resourceVersion)
    await pair.change(slot, { conflictPolicy: 'AdoptIfEqual' })
    const status = await pair.until(slot, 'Applied')
    expect(status).toMatchObject({ adopted: true, appliedUid: live.metadata.uid })
    await remove(slot)
    const released = await inChild(configMaps, 'foreign')
    expect(released.metadata.uid).toBe(live.metadata.uid)
    expect(released.metadata.labels).toBeUndefined()
    expect(released.metadata.annotations).toBeUndefined()
    await pair.child.resource(configMaps).delete({ namespace: target(), name: 'foreign' })
  })

  it('waits for the slots that come before', async () => {
    const first = nameOf(configMap('first'))
    const second = nameOf(configMap('second'))
    await pair.place(configMap('second'), { after: [first] })
    await pair.until(second, 'WaitingForDependency')
    await pair.place(configMap('first'))
    await pair.until(second, 'Applied')
    await remove(first)
    await remove(second)
  })

  it('names the reason of a refusal and sends nothing to the child', async () => {
    const bad = deployment('bad', 1)
    const spec = bad['spec'] as { template: { spec: Record<string, unknown> } }
    spec.template.spec['hostNetwork'] = true
    await pair.place(bad)
    const status = await pair.until(nameOf(bad), 'PodSecurityViolation')
    expect(status.conditions?.[0]?.message).toContain('hostNetwork')
    expect(await childPlane.auditEntries({ resource: 'deployments', name: 'bad' })).toEqual([])
    await remove(nameOf(bad))
  })

  it('leaves replicas to an autoscaler that has been placed', async () => {
    const hpa: KubeObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        maxReplicas: 5,
        minReplicas: 1,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      },
    }
    await pair.place(hpa)
    await pair.until(nameOf(hpa), 'Applied')
    const owns = async () =>
      (await inChild(deployments, 'web')).metadata.managedFields
        ?.filter(({ manager, operation }) => manager === 'atoll' && operation === 'Apply')
        .some(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('f:replicas'))
    await eventually(async () => !(await owns()), { what: 'replicas is no longer ours' })
    expect((await inChild(deployments, 'web'))['spec']).toMatchObject({ replicas: 2 })
    await pair.child.resource(deployments).patch(
      { namespace: target(), name: 'web' },
      {
        type: 'merge',
        body: { spec: { replicas: 4 } },
      },
    )
    await pair.change(nameOf(deployment('web', 2)), { sourceGeneration: 2 })
    await eventually(async () => (await pair.statusOf(nameOf(deployment('web', 2)))).appliedGeneration === 2, {
      what: 'the next version is applied',
    })
    expect((await inChild(deployments, 'web'))['spec']).toMatchObject({ replicas: 4 })
    await remove(nameOf(hpa))
    await eventually(owns, {
      what: 'replicas is ours again',
    })
    expect((await inChild(deployments, 'web'))['spec']).toMatchObject({ replicas: 2 })
    await pair.until(nameOf(deployment('web', 2)), 'Applied')
  })

  it('runs a Job once: what has finished is kept in mind, and not made again when the child removes it', async () => {
    const job: KubeObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace: 'shop' },
      spec: {
        ttlSecondsAfterFinished: 1,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'run', image: 'registry.invalid/run:1' }] } },
      },
    }
    const slot = nameOf(job)
    await pair.place(job)
    const { appliedUid } = await pair.until(slot, 'Applied')
    const deleted = () => childPlane.auditEntries({ verb: 'delete', resource: 'jobs', name: 'once' })
    await eventually(async () => (await deleted()).length > 0, { what: 'the child removes the finished Job' })
    await eventually(async () => (await pair.child.resource(jobs).list({ namespace: target() })).items.length === 0, {
      what: 'it is gone',
    })
    await pair.change(slot, { sourceGeneration: 2 })
    const status = await eventually(
      async () => {
        const now = await pair.statusOf(slot)
        return now.observedEpoch === 2 && now
      },
      { what: 'the slot has been looked at again' },
    )
    expect(status.appliedUid).toBe(appliedUid)
    expect(JSON.stringify(status.childStatus)).toContain('"Complete"')
    expect(status.conditions).toMatchObject([
      { type: 'Applied', status: 'True' },
      { type: 'Available', status: 'True', reason: 'Complete' },
    ])
    expect((await pair.child.resource(jobs).list({ namespace: target() })).items).toEqual([])
    await pair.change(slot, { sourceUid: 'source-2' })
    await eventually(async () => (await pair.statusOf(slot)).appliedUid !== appliedUid, { what: 'another Job runs' })
    await remove(slot)
  })

  it('replaces the copy when the source is another object of the same name', async () => {
    const slot = nameOf(configMap('again'))
    await pair.place(configMap('again'))
    const before = await pair.until(slot, 'Applied')
    await pair.change(slot, { sourceUid: 'source-2' })
    const after = await eventually(
      async () => {
        const status = await pair.statusOf(slot)
        return status.observedEpoch === 2 && status.appliedUid !== before.appliedUid && status
      },
      { what: 'a new object stands there' },
    )
    expect((await inChild(configMaps, 'again')).metadata.uid).toBe(after.appliedUid)
    await remove(slot)
  })

  it('deletes what a slot says is to be absent, by its uid, and the namespace that is empty then', async () => {
    const audit = (await childPlane.auditEntries({ verb: 'delete' })).length
    await remove(nameOf(deployment('web', 2)))
    await eventually(
      async () => {
        const found = await pair.child.resource(namespaces).list({ fieldSelector: `metadata.name=${target()}` })
        return found.items.length === 0
      },
      { what: 'the empty namespace is gone', timeoutMs: 30_000 },
    )
    const deletions = (await childPlane.auditEntries({ verb: 'delete' })).slice(audit)
    const bySyncer = deletions.filter(({ userAgent }) => userAgent === 'atoll-syncer')
    expect(bySyncer.map(({ resource }) => resource)).toEqual(['deployments', 'namespaces'])
  })

  it('waits for a kind that the child does not serve yet: the CRD comes first, then what it defines', async () => {
    const crd: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    }
    const widget: KubeObject = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'one', namespace: 'shop' },
      spec: { size: 1 },
    }
    const lonely = { ...widget, metadata: { name: 'lonely', namespace: 'shop' } }
    await pair.place(lonely)
    await pair.until(nameOf(lonely), 'KindNotServed')
    await pair.place(widget, { after: [nameOf(crd)] })
    await pair.until(nameOf(widget), 'WaitingForDependency')
    await pair.place(crd, { applyAs: 'system', targetNamespace: '' })
    await pair.until(nameOf(widget), 'Applied')
    await pair.until(nameOf(lonely), 'Applied')
    const widgets = { group: 'example.com', version: 'v1', resource: 'widgets' }
    const live = await inChild(widgets, 'one')
    await pair.child.resource(widgets).delete({ namespace: target(), name: 'one' })
    await eventually(async () => (await inChild(widgets, 'one')).metadata.uid !== live.metadata.uid, {
      what: 'the watch of the new kind has started',
    })
    await remove(nameOf(widget))
    await remove(nameOf(lonely))
    // The agent may not delete CRDs: other objects may be of them.
    await pair.change(nameOf(crd), { desired: 'Absent' })
    await pair.until(nameOf(crd), 'ForbiddenByChild')
    await pair.change(nameOf(crd), { release: true })
    await pair.until(nameOf(crd), 'Released')
  })

  it('gives back the rights of a workspace when somebody has taken them away, and its label to an object', async () => {
    const slot = nameOf(configMap('rights'))
    await pair.place(configMap('rights'))
    await pair.until(slot, 'Applied')
    const roleBindings = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'rolebindings' }
    await pair.child.resource(roleBindings).delete({ namespace: target(), name: 'atoll-workspace' })
    const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts' }
    await pair.child.resource(serviceAccounts).delete({ namespace: 'atoll-system', name: `workspace-${tenant}` })
    const label = 'fleet.atoll.dev/managed'
    const body = { metadata: { labels: { [label]: null } } }
    await pair.child.resource(configMaps).patch({ namespace: target(), name: 'rights' }, { type: 'merge', body })
    await eventually(async () => (await inChild(configMaps, 'rights')).metadata.labels?.[label] === 'true', {
      what: 'the label is back',
    })
    await pair.change(slot, { manifest: configMap('rights', { a: '9' }) as never })
    await eventually(async () => JSON.stringify((await inChild(configMaps, 'rights'))['data']) === '{"a":"9"}', {
      what: 'the next version is applied',
    })
    await remove(slot)
  })

  it('reports drift and leaves it when told so', async () => {
    const slot = nameOf(configMap('loose'))
    await pair.place(configMap('loose'), { driftPolicy: 'Report' })
    await pair.until(slot, 'Applied')
    const name = { namespace: target(), name: 'loose' }
    await pair.child.resource(configMaps).patch(name, { type: 'merge', body: { data: { a: 'theirs' } } })
    const status = await eventually(
      async () => {
        const now = await pair.statusOf(slot)
        return now.conditions?.some(({ type }) => type === 'Conflict') && now
      },
      { what: 'the drift is reported' },
    )
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Conflict', reason: 'Drifted', message: expect.stringContaining('.data.a') }),
    )
    expect((await inChild(configMaps, 'loose'))['data']).toEqual({ a: 'theirs' })
    await remove(slot)
  })

  it('uses the namespaces that are there on a child that belongs to one workspace, and keeps them', async () => {
    const manifest = configMap('identity', { a: '1' }, 'default')
    await pair.place(manifest, { targetNamespace: 'default' })
    await pair.until(nameOf(manifest), 'Applied')
    const before = await pair.child.resource(namespaces).get({ name: 'default' })
    expect(before.metadata.annotations).toBeUndefined()
    const system = configMap('system', { a: '1' }, 'kube-system')
    await pair.place(system, { targetNamespace: 'kube-system' })
    await pair.until(nameOf(system), 'NotOurs')
    await remove(nameOf(manifest))
    await remove(nameOf(system))
    expect((await pair.child.resource(namespaces).get({ name: 'default' })).metadata.deletionTimestamp).toBeUndefined()
  })

  it('brings in five hundred objects of two workspaces', async () => {
    const began = performance.now()
    const cpu = process.cpuUsage()
    const slots: string[] = []
    const jobs = Array.from({ length: 500 }, (_, index) => async () => {
      const manifest = configMap(`many-${index}`, { a: '1' }, 'bulk')
      const logicalCluster = index % 2 === 0 ? tenant : 'z9y8x7w6v5u4t3s2'
      const source = { ...slotFor(pair.hubId, manifest).spec.source, logicalCluster }
      const placed = await pair.place(manifest, { source })
      slots.push(placed.metadata.name ?? '')
    })
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let job = jobs.pop(); job; job = jobs.pop()) await job()
      }),
    )
    await eventually(
      async () => {
        const { items } = await pair.deliveries.list()
        const applied = items.filter(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Applied'))
        return applied.filter(({ metadata }) => slots.includes(metadata.name ?? '')).length === 500
      },
      { what: 'all are applied', timeoutMs: 300_000, intervalMs: 500 },
    )
    const used = process.cpuUsage(cpu)
    console.log('CPU ms of this process', (used.user + used.system) / 1000)
    console.log(`500 objects written, applied and acknowledged in ${Math.round(performance.now() - began)} ms`)
  })

  it('applies within milliseconds of the event', async () => {
    const times: number[] = []
    await pair.place(configMap('warm-up'))
    await pair.until(nameOf(configMap('warm-up')), 'Applied')
    const watch = pair.child.resource(configMaps).watch({ namespace: target() })
    const seen = new Map<string, number>()
    const abort = (async () => {
      for await (const event of watch) {
        const name = event.object.metadata.name ?? ''
        if (!seen.has(name)) seen.set(name, performance.now())
        if (name === 'speed-29') return
      }
    })()
    for (let index = 0; index < 30; index++) {
      const name = `speed-${index}`
      await pair.place(configMap(name))
      const began = performance.now()
      await eventually(() => seen.get(name), { what: `${name} is applied`, intervalMs: 1 })
      times.push((seen.get(name) ?? 0) - began)
    }
    await abort
    times.sort((a, b) => a - b)
    console.log(`from the written slot to the object: p50 ${times[15]?.toFixed(1)} ms, p90 ${times[27]?.toFixed(1)} ms`)
    expect(seen.size).toBeGreaterThanOrEqual(30)
  })
})
