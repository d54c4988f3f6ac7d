import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storageDrivers } from '../../src/hub/storage-drivers.ts'
import { stateConfigMap } from '../../src/agent/child-names.ts'
import type { ChildCluster } from '../../src/meta/fleet/child-cluster.ts'
import { agentNamespace } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { joinModes, joinTokenIn, startFleetWorld, type Child, type FleetWorld } from '../support/fleet-world.ts'
import type { Service } from '../support/process-group.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

const workspace = 'root:safe'
const aWhileMs = 150_000
const placement = { apiVersion: 'fleet.atoll.dev/v1alpha1', kind: 'Placement', metadata: { name: 'all' }, spec: {} }
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'app' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'registry.invalid/web:1' }] },
    },
  },
}

describe.skipIf(!binaries.available).each(joinModes)('nothing is deleted by accident in %s mode', (mode) => {
  let world: FleetWorld
  let north: Child
  let target = ''
  let first: Service | undefined

  const inHub = (args: readonly string[], hub: HubProcess = world.hub) =>
    hub.mustKubectl(workspace, ['-n', 'app', ...args])
  const create = (name: string, value: string, hub?: HubProcess) =>
    inHub(['create', 'configmap', name, `--from-literal=a=${value}`], hub)
  const change = (name: string, value: string, hub?: HubProcess) =>
    inHub(['patch', 'configmap', name, '--type=merge', '-p', JSON.stringify({ data: { a: value } })], hub)
  const edit = (name: string, value: string) =>
    north.kubectl([
      '-n',
      target,
      'patch',
      'configmap',
      name,
      '--type=merge',
      '-p',
      JSON.stringify({ data: { a: value } }),
    ])
  const valueOn = async (name: string) => {
    const { data } = await north.getJson<ConfigMap>(['configmap', name, '-n', target])
    return data?.['a']
  }
  const arrives = (name: string, value: string) =>
    eventually(async () => (await valueOn(name)) === value, {
      what: `${name} is ${value} on the child`,
      timeoutMs: aWhileMs,
      intervalMs: 250,
    })
  const disappears = (name: string) =>
    eventually(async () => !(await north.names('configmaps', target)).includes(name), {
      what: `${name} is gone from the child`,
      timeoutMs: aWhileMs,
      intervalMs: 250,
    })
  const condition = async (type: string, status: string) =>
    eventually(
      async () => (await world.condition('north', type)).status === status && (await world.condition('north', type)),
      {
        what: `the condition ${type} of the child cluster is ${status}`,
        timeoutMs: aWhileMs,
        intervalMs: 500,
      },
    )
  /** The child cluster has reported twice: what it was told in between, it knows. */
  const twoHeartbeats = async (hub: HubProcess = world.hub) => {
    const heard = async () =>
      (await hub.getJson<ChildCluster>('root', ['childcluster', 'north'])).status?.lastHeartbeatTime
    for (const which of ['next', 'second']) {
      const before = await heard()
      await eventually(async () => (await heard()) !== before, {
        what: `the ${which} heartbeat`,
        timeoutMs: aWhileMs,
        intervalMs: 500,
      })
    }
  }
  const deletes = async () =>
    (await north.agentDeletes()).map(
      ({ namespace, resource, name }) => `${namespace === target ? '' : `${namespace}/`}${resource}/${name}`,
    )

  beforeAll(async () => {
    world = await startFleetWorld({ name: 'safety', children: ['north'] })
    ;[north] = world.children as [Child]
    await world.join(north, { mode })
    await world.hub.mustAtoll(['ws', 'create', 'safe'])
    await world.hub.mustKubectl(workspace, ['create', 'namespace', 'app'])
    await world.hub.mustKubectl(workspace, ['label', 'namespace', 'app', 'fleet.atoll.dev/placement=all'])
    const items = [placement, deployment]
    await world.hub.mustKubectl(workspace, ['create', '--validate=false', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    })
    for (const name of ['kept', 'gone', 'doomed']) await create(name, '1')
    await inHub(['rollout', 'status', 'deployment/web', '--timeout=50s'])
    target = await world.mapped(north, workspace, 'app')
    for (const name of ['kept', 'gone', 'doomed']) await arrives(name, '1')
  })
  afterAll(async () => {
    await world?.close()
  })

  it('an API server of the child that is stopped for a minute: no deletion waits for it, all changes arrive', async () => {
    await north.cluster.stopApiServer()
    await change('kept', '2')
    await create('meanwhile', '1')
    await inHub(['delete', 'configmap', 'gone', '--wait=false'])
    await condition('Reachable', 'Unknown')
    expect(await world.hub.mustAtoll(['clusters'])).toMatch(/^north +\w+ +False/m)
    expect(await inHub(['get', 'deployment', 'web', '-o', 'jsonpath={.status.conditions[*].reason}'])).toContain(
      'ChildClusterUnreachable',
    )
    // The object may go although its copy cannot.
    await inHub(['wait', '--for=delete', 'configmap/gone', '--timeout=55s'])
    await north.cluster.startApiServer()
    await arrives('kept', '2')
    await arrives('meanwhile', '1')
    await disappears('gone')
    await condition('Ready', 'True')
    expect(await deletes()).toEqual(['configmaps/gone'])
  })

  it('a hub that is killed and started on a compacted store: changes on both sides are made good', async () => {
    await change('kept', '3')
    await create('last-words', '1')
    await world.hub.kill9()
    await edit('kept', 'drifted')
    await north.kubectl(['-n', target, 'delete', 'configmap', 'meanwhile'])
    const store = await storageDrivers.leveldb({ dataDir: world.hub.dataDir })
    await store.compact(await store.confirmedRevision())
    await store.close()
    await world.hub.start()
    await arrives('kept', '3')
    await arrives('last-words', '1')
    await arrives('meanwhile', '1')
    expect(await deletes()).toEqual(['configmaps/gone'])
  })

  it('an agent that has lost its memory', async () => {
    await north.kubectl(['-n', agentNamespace, 'delete', 'configmap', stateConfigMap])
    await world.hub.kill9()
    await world.hub.start()
    await change('kept', '4')
    await arrives('kept', '4')
    expect((await world.condition('north', 'Forked')).status).toBe('False')
    expect(await deletes()).toEqual(['configmaps/gone'])
  })

  it('a backup of the hub that is restored: the fork is reported, nothing happens until it is confirmed', async () => {
    await world.hub.stop()
    const backup = join(world.hub.folder, 'backup')
    await cp(world.hub.dataDir, backup, { recursive: true })
    await world.hub.start()
    await create('late', '1')
    await arrives('late', '1')
    await change('kept', '5')
    await arrives('kept', '5')
    await twoHeartbeats()

    await world.hub.stop()
    await rm(world.hub.dataDir, { recursive: true })
    await cp(backup, world.hub.dataDir, { recursive: true })
    await world.hub.start()
    const { message } = await condition('Forked', 'True')
    const { status } = await world.childCluster('north')
    expect(message).toContain(`until spec.confirmedIncarnation is ${status?.incarnation}`)
    expect(await world.hub.mustAtoll(['clusters'])).toMatch(/^north +\w+ +False/m)

    // Neither applied nor deleted, not even what this hub itself wants.
    await inHub(['delete', 'configmap', 'doomed', '--wait=false'])
    await change('kept', '6')
    await create('waiting', '1')
    await edit('last-words', 'drifted')
    await twoHeartbeats()
    expect(await valueOn('kept')).toBe('5')
    expect(await valueOn('last-words')).toBe('drifted')
    expect(await north.names('configmaps', target)).toEqual(expect.arrayContaining(['doomed', 'late']))
    expect(await north.names('configmaps', target)).not.toContain('waiting')
    expect(await deletes()).toEqual(['configmaps/gone'])

    const confirmed = { spec: { confirmedIncarnation: status?.incarnation } }
    const patch = ['patch', 'childcluster', 'north', '--type=merge', '-p', JSON.stringify(confirmed)]
    await world.hub.mustKubectl('root', patch)
    await arrives('kept', '6')
    await arrives('waiting', '1')
    await arrives('last-words', '1')
    await disappears('doomed')
    await condition('Ready', 'True')
    await condition('Forked', 'False')
    // This hub knows nothing of it: that is no reason to delete it.
    expect(await valueOn('late')).toBe('1')
    expect(await deletes()).toEqual(['configmaps/gone', 'configmaps/doomed'])
  })

  it.runIf(mode === 'agent')('an agent that has lost its credentials too: a new token lets it go on', async () => {
    const lost = world.agentOf(north)
    if (lost === undefined) throw new Error('no agent was started')
    await world.hub.processes.stop(lost)
    await rm(world.agentStateDir(north), { recursive: true })
    await north.kubectl(['-n', agentNamespace, 'delete', 'configmap', stateConfigMap])
    const without = world.startAgent(north)
    await eventually(() => without.ended(), { what: 'an agent without credentials ends' })
    expect(without.ended()).toBe('exit code 1')
    expect(without.logTail()).toContain('needs a join token')
    expect((await world.hub.atoll(['join', 'north', '--mode', 'agent'])).stderr).toContain('already')
    await change('kept', '6a')
    const joinToken = joinTokenIn(await world.hub.mustAtoll(['join', 'north', '--mode', 'agent', '--renew-token']))
    first = world.startAgent(north, { joinToken })
    await arrives('kept', '6a')
    expect(await deletes()).toEqual(['configmaps/gone', 'configmaps/doomed'])
  })

  it.runIf(mode === 'agent')(
    'a second agent with the same credentials: one acts, the other stands by and says so',
    async () => {
      if (first === undefined) throw new Error('no agent was started')
      const stateDir = join(world.hub.folder, 'second-agent')
      await cp(world.agentStateDir(north), stateDir, { recursive: true })
      const connections = async (agent: Service) =>
        (await readFile(agent.logFile, 'utf8')).split('connected to the hub').length
      const before = await connections(first)
      const second = world.startAgent(north, { stateDir, name: 'agent-second' })
      await eventually(
        async () => (await readFile(second.logFile, 'utf8')).includes('another agent with the same credentials'),
        {
          what: 'the second agent says that it stands by',
        },
      )
      expect(await world.hub.log()).toContain('a second agent of a child cluster was turned away')
      await change('kept', '7a')
      await arrives('kept', '7a')
      await twoHeartbeats()
      expect(await connections(first)).toBe(before)
      expect(await connections(second)).toBe(1)
      await condition('Ready', 'True')

      await world.hub.processes.kill(first)
      await change('kept', '8a')
      await inHub(['delete', 'configmap', 'waiting', '--wait=false'])
      await arrives('kept', '8a')
      await disappears('waiting')
      await condition('Ready', 'True')
      expect(await deletes()).toEqual(['configmaps/gone', 'configmaps/doomed', 'configmaps/waiting'])
    },
  )

  // An agent knows one address: a copy of its hub that runs elsewhere is nothing to it.
  it.runIf(mode === 'kubeconfig')(
    'a second hub with the same identity and credentials: one acts, and when it dies the other asks first',
    async () => {
      await world.hub.stop()
      const copy = join(world.hub.folder, 'copy')
      await cp(world.hub.dataDir, copy, { recursive: true })
      await world.hub.start()
      await change('kept', '7')
      await arrives('kept', '7')
      await using other = await startHubProcess({ name: 'other', dataFrom: copy, args: ['--allow-local-dial'] })
      await inHub(['delete', 'configmap', 'late', '--ignore-not-found', '--wait=false'], other)
      await inHub(['delete', 'configmap', 'last-words', '--wait=false'], other)
      await change('kept', 'of the other', other)
      await twoHeartbeats(other)
      expect(await valueOn('kept')).toBe('7')
      for (const value of ['8', '9', '10', '11', '12']) await change('kept', value)
      await arrives('kept', '12')
      await twoHeartbeats()

      await world.hub.kill9()
      await eventually(
        async () => {
          const { status } = await other.getJson<ChildCluster>('root', ['childcluster', 'north'])
          return status?.conditions?.some(({ type, status: value }) => type === 'Forked' && value === 'True')
        },
        { what: 'the other hub learns that it is behind', timeoutMs: aWhileMs, intervalMs: 500 },
      )
      expect(await valueOn('kept')).toBe('12')
      expect(await north.names('configmaps', target)).toContain('last-words')
      await other.close()

      await world.hub.start()
      await condition('Forked', 'True')
      const { status } = await world.childCluster('north')
      const confirmed = { spec: { confirmedIncarnation: status?.incarnation } }
      await world.hub.mustKubectl('root', [
        'patch',
        'childcluster',
        'north',
        '--type=merge',
        '-p',
        JSON.stringify(confirmed),
      ])
      await change('kept', '13')
      await arrives('kept', '13')
      expect(await deletes()).toEqual(['configmaps/gone', 'configmaps/doomed'])
      expect(await north.names('configmaps', target)).toEqual(
        expect.arrayContaining(['last-words', 'late', 'meanwhile', 'waiting']),
      )
      const ready = async (status: Promise<{ status?: { readyReplicas?: number } }>) =>
        (await status).status?.readyReplicas
      const there = await ready(north.getJson(['deployment', 'web', '-n', target]))
      await eventually(
        async () => (await ready(world.hub.getJson(workspace, ['deployment', 'web', '-n', 'app']))) === there,
        { what: `the hub knows that ${there} of the child's pods are ready` },
      )
    },
  )
})
