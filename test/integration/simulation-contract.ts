import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createKubectl, createStrictKubectl, type Kubectl } from '../support/kubectl.ts'

export interface WorkloadCluster {
  readonly kubeconfigPath: string
  stopKwok(): void
  startKwok(): void
}

export interface WorkloadContractOptions {
  /** Ready when `beforeAll` of the caller is done. */
  cluster(): WorkloadCluster
  /** An API server and nothing else: no garbage is collected, namespaces have no ServiceAccount. Default false. */
  bare?: boolean
  /** Claims get volumes and balancers addresses, for which a real cluster needs a storage driver and a cloud. Default true. */
  hasSurroundings?: boolean
}

interface Item {
  readonly metadata: {
    readonly name: string
    readonly generation?: number
    readonly annotations?: Record<string, string>
    readonly labels?: Record<string, string>
    readonly deletionTimestamp?: string
  }
  readonly spec: Record<string, never> & {
    readonly nodeName?: string
    readonly containers: readonly { readonly image: string }[]
  }
  readonly status?: Record<string, unknown> & { readonly phase?: string }
}

/**
 * What stock kubectl sees of workloads, the same on a real cluster and on a simulated one: this is how the simulation is
 * kept honest. Every test has a namespace of its own.
 */
export function describeWorkloads({ cluster, bare = false, hasSurroundings = true }: WorkloadContractOptions): void {
  let kubectl: Kubectl
  let must: ReturnType<typeof createStrictKubectl>
  let namespace = ''
  let count = 0

  beforeAll(() => {
    kubectl = createKubectl(cluster())
    must = createStrictKubectl(cluster())
  })
  afterEach(async () => {
    cluster().startKwok()
    await kubectl(['delete', 'deployments,statefulsets,daemonsets,jobs,pods', '--all', '-n', namespace, '--wait=false'])
  })
  const inNamespace = (...args: readonly string[]) => must(['-n', namespace, ...args], { timeoutMs: 60_000 })
  const rollout = (what: string) => inNamespace('rollout', 'status', what, '--timeout=30s')
  const read = async <T>(...args: string[]) => JSON.parse(await inNamespace('get', ...args, '-o', 'json')) as T
  const items = async (...args: string[]) => (await read<{ items: Item[] }>(...args)).items
  const apply = (object: object) => must(['apply', '-n', namespace, '-f', '-'], { stdin: JSON.stringify(object) })
  const images = async () => {
    const pods = (await items('pods')).filter(({ metadata }) => !metadata.deletionTimestamp)
    return pods.map(({ spec }) => spec.containers[0]?.image).sort((a = '', b = '') => (a < b ? -1 : 1))
  }
  async function freshNamespace() {
    count += 1
    namespace = `workloads-${count}`
    await must(['create', 'namespace', namespace])
    if (bare) return
    await eventually(async () => (await kubectl(['get', 'serviceaccount', 'default', '-n', namespace])).code === 0, {
      what: 'the default service account exists',
    })
  }
  async function deploy(replicas: number, extra: object = {}) {
    await freshNamespace()
    await apply(deployment({ replicas, ...extra }))
  }

  describe('a Deployment', () => {
    it('has as many running pods as it asks for, bound to nodes', async () => {
      await deploy(3)
      expect(await rollout('deployment/web')).toContain('successfully rolled out')
      const pods = await items('pods', '-l', 'app=web')
      expect(pods.map(({ status }) => status?.phase)).toEqual(['Running', 'Running', 'Running'])
      expect(pods.every(({ spec }) => spec.nodeName?.startsWith('node-'))).toBe(true)
      expect(await inNamespace('get', 'deployment', 'web', '--no-headers')).toMatch(/^web +3\/3 +3 +3 /)
      expect(await inNamespace('wait', '--for=condition=Available', 'deployment/web', '--timeout=5s')).toContain('met')
    })

    it('replaces its pods when the template changes and keeps enough of them available', async () => {
      await deploy(4, { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } })
      await rollout('deployment/web')
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      let least = 4
      await eventually(
        async () => {
          const { status } = await read<Item>('deployment', 'web')
          least = Math.min(least, Number(status?.['availableReplicas'] ?? 0))
          return status?.['updatedReplicas'] === 4 && status['replicas'] === 4 && status['availableReplicas'] === 4
        },
        { what: 'the rollout is complete', intervalMs: 20 },
      )
      expect(least).toBe(4)
      await eventually(async () => (await images()).join() === Array(4).fill('registry.invalid/web:2').join(), {
        what: 'only pods of the new image are left',
      })
    })

    it('rolls back to an earlier template under a new revision', async () => {
      await deploy(2)
      await rollout('deployment/web')
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      await rollout('deployment/web')
      const first = (await items('replicasets')).find(({ spec }) => spec['replicas'] === 0)?.metadata.name
      await inNamespace('rollout', 'undo', 'deployment/web')
      await rollout('deployment/web')
      await eventually(async () => (await images()).every((image) => image === 'registry.invalid/web:1'), {
        what: 'pods of the first image are back',
      })
      const sets = await items('replicasets')
      const current = sets.find(({ spec }) => spec['replicas'] === 2)?.metadata
      expect(current?.name).toBe(first)
      expect(current?.annotations).toMatchObject({
        'deployment.kubernetes.io/revision': '3',
        'deployment.kubernetes.io/revision-history': '1',
      })
      expect(await inNamespace('rollout', 'history', 'deployment/web')).toMatch(/\n2 .*\n3 /s)
    })

    it('does not finish a rollout while no pod can start, keeps the old pods, and finishes it afterwards', async () => {
      await deploy(4)
      await rollout('deployment/web')
      cluster().stopKwok()
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      const stuck = await kubectl(['-n', namespace, 'rollout', 'status', 'deployment/web', '--timeout=3s'])
      expect(stuck.code).not.toBe(0)
      const { status, metadata } = await read<Item>('deployment', 'web')
      expect(status).toMatchObject({ availableReplicas: 3, observedGeneration: metadata.generation })
      cluster().startKwok()
      expect(await rollout('deployment/web')).toContain('successfully rolled out')
    })

    it('follows a change of replicas, also in the middle of a rollout', async () => {
      await deploy(2)
      await rollout('deployment/web')
      await inNamespace('scale', 'deployment/web', '--replicas=5')
      await rollout('deployment/web')
      expect(await images()).toHaveLength(5)
      cluster().stopKwok()
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      await inNamespace('scale', 'deployment/web', '--replicas=10')
      const sizes = await eventually(
        async () => {
          const all = (await items('replicasets')).map(({ spec }) => Number(spec['replicas']))
          // 10 wanted and a quarter more, rounded up.
          return all.reduce((sum, size) => sum + size, 0) === 13 && all
        },
        { what: 'both ReplicaSets have their shares', timeoutMs: 20_000 },
      )
      expect(sizes.every((size) => size > 0)).toBe(true)
      cluster().startKwok()
      await inNamespace('scale', 'deployment/web', '--replicas=0')
      await rollout('deployment/web')
      await eventually(async () => (await items('pods')).length === 0, { what: 'all pods are gone' })
    })

    it('starts nothing new while it is paused', async () => {
      await deploy(1)
      await rollout('deployment/web')
      await inNamespace('rollout', 'pause', 'deployment/web')
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      await eventually(
        async () => {
          const { status, metadata } = await read<Item>('deployment', 'web')
          const conditions = (status?.['conditions'] ?? []) as { reason: string }[]
          return (
            status?.['observedGeneration'] === metadata.generation &&
            conditions.some(({ reason }) => reason === 'DeploymentPaused')
          )
        },
        { what: 'the pause is seen' },
      )
      expect(await images()).toEqual(['registry.invalid/web:1'])
      expect(await items('replicasets')).toHaveLength(1)
      await inNamespace('rollout', 'resume', 'deployment/web')
      await rollout('deployment/web')
      await eventually(async () => (await images()).join() === 'registry.invalid/web:2', { what: 'the new pod' })
    })

    it('has no pod of the new template before the last old one is gone when its strategy is Recreate', async () => {
      await deploy(2, { strategy: { type: 'Recreate' } })
      await rollout('deployment/web')
      cluster().stopKwok()
      await inNamespace('set', 'image', 'deployment/web', '*=registry.invalid/web:2')
      await eventually(
        async () => (await items('pods')).filter(({ metadata }) => metadata.deletionTimestamp).length === 2,
        { what: 'the old pods are being deleted' },
      )
      expect((await items('pods')).length).toBe(2)
      cluster().startKwok()
      await rollout('deployment/web')
      await eventually(async () => (await images()).join() === Array(2).fill('registry.invalid/web:2').join(), {
        what: 'the new pods run',
      })
    })

    it('says that its deadline has passed', async () => {
      cluster().stopKwok()
      await deploy(1, { progressDeadlineSeconds: 2 })
      const { code, stderr } = await kubectl(['-n', namespace, 'rollout', 'status', 'deploy/web', '--timeout=30s'])
      expect(code).toBe(1)
      expect(stderr).toContain('exceeded its progress deadline')
    })

    it('replaces a pod that somebody deletes, and lets go of one that loses its label', async () => {
      await deploy(2)
      await rollout('deployment/web')
      const [first = '', second = ''] = (await items('pods')).map(({ metadata }) => metadata.name)
      await inNamespace('delete', 'pod', first, '--wait')
      await rollout('deployment/web')
      await inNamespace('label', 'pod', second, 'app-')
      await eventually(
        async () => {
          const pods = await items('pods')
          return pods.length === 3 && pods.filter(({ metadata }) => metadata.labels?.['app'] === 'web').length === 2
        },
        { what: 'a third pod beside the released one' },
      )
    })

    it('waits as long as minReadySeconds says', async () => {
      await deploy(1, { minReadySeconds: 3 })
      await eventually(async () => (await read<Item>('deployment', 'web')).status?.['readyReplicas'] === 1, {
        what: 'the pod is ready',
        intervalMs: 50,
      })
      const early = await kubectl(['-n', namespace, 'rollout', 'status', 'deployment/web', '--timeout=1s'])
      expect(early.code).toBe(1)
      expect(await rollout('deployment/web')).toContain('successfully rolled out')
    })

    it.skipIf(bare)('takes everything with it when it is deleted', async () => {
      await deploy(2)
      await rollout('deployment/web')
      await inNamespace('delete', 'deployment', 'web')
      await eventually(async () => (await items('replicasets,pods')).length === 0, { what: 'all is gone' })
    })
  })

  describe('a pod', () => {
    it('stays until its kubelet has stopped it', async () => {
      await deploy(1)
      await rollout('deployment/web')
      const [pod] = await items('pods')
      cluster().stopKwok()
      await inNamespace('delete', 'pod', pod?.metadata.name ?? '', '--wait=false')
      await eventually(async () => (await items('pods')).length === 2, { what: 'its replacement exists' })
      const held = (await items('pods')).find(({ metadata }) => metadata.name === pod?.metadata.name)
      expect(held?.metadata.deletionTimestamp).toBeDefined()
      cluster().startKwok()
      await eventually(async () => (await items('pods')).length === 1, { what: 'it is gone' })
    })

    it('that fits on no node waits and says why', async () => {
      await freshNamespace()
      const resources = { requests: { cpu: '5000' } }
      const spec = { containers: [{ name: 'c', image: 'registry.invalid/huge', resources }] }
      await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'huge' }, spec })
      await eventually(
        async () => {
          const { status } = await read<Item>('pod', 'huge')
          const conditions = (status?.['conditions'] ?? []) as { type: string; reason?: string; message?: string }[]
          const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
          return scheduled?.reason === 'Unschedulable' && /Insufficient cpu/.test(scheduled.message ?? '')
        },
        { what: 'the reason is told' },
      )
      expect((await read<Item>('pod', 'huge')).status?.phase).toBe('Pending')
    })
  })

  describe('a StatefulSet', () => {
    const set = (extra: object = {}) => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 3,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: template('db'),
        ...extra,
      },
    })
    const names = async () => (await items('pods')).map(({ metadata }) => metadata.name).sort()

    it('has pods with ordinals, one after the other', async () => {
      await freshNamespace()
      cluster().stopKwok()
      await apply(set())
      await eventually(async () => (await names()).join() === 'db-0', { what: 'the first pod is there' })
      cluster().startKwok()
      expect(await rollout('statefulset/db')).toContain('roll out complete: 3 new pods')
      expect(await names()).toEqual(['db-0', 'db-1', 'db-2'])
    })

    it('updates from the last pod down to the partition, and can be undone', async () => {
      await freshNamespace()
      await apply(set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }))
      await rollout('statefulset/db')
      await inNamespace('set', 'image', 'statefulset/db', '*=registry.invalid/db:2')
      expect(await rollout('statefulset/db')).toContain('partitioned roll out complete: 1 new pods')
      expect(await images()).toEqual([...Array<string>(2).fill('registry.invalid/db:1'), 'registry.invalid/db:2'])
      await inNamespace(
        'patch',
        'statefulset',
        'db',
        '-p',
        '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}',
      )
      expect(await rollout('statefulset/db')).toContain('roll out complete: 3 new pods')
      expect(await images()).toEqual(Array(3).fill('registry.invalid/db:2'))
      await inNamespace('rollout', 'undo', 'statefulset/db')
      await rollout('statefulset/db')
      expect(await images()).toEqual(Array(3).fill('registry.invalid/db:1'))
      expect(await inNamespace('rollout', 'history', 'statefulset/db')).toMatch(/\n2 .*\n3 /s)
    })

    it.runIf(hasSurroundings)('gives each pod a bound claim of its own, which outlives it', async () => {
      await freshNamespace()
      const resources = { requests: { storage: '1Gi' } }
      const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources } }
      await apply(set({ replicas: 2, volumeClaimTemplates: [claim] }))
      await rollout('statefulset/db')
      await inNamespace('scale', 'statefulset/db', '--replicas=1')
      await eventually(async () => (await names()).join() === 'db-0', { what: 'the second pod is gone' })
      const claims = await items('persistentvolumeclaims')
      expect(claims.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([
        ['data-db-0', 'Bound'],
        ['data-db-1', 'Bound'],
      ])
      await inNamespace('delete', 'persistentvolumeclaim', 'data-db-1', '--timeout=10s')
      const kept = await kubectl(['-n', namespace, 'delete', 'persistentvolumeclaim', 'data-db-0', '--timeout=1s'])
      expect(kept.code).not.toBe(0) // a pod uses it
    })
  })

  describe('a DaemonSet', () => {
    it('has a pod on every node and replaces them one by one', async () => {
      await freshNamespace()
      const selector = { matchLabels: { app: 'log' } }
      await apply({
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'log' },
        spec: { selector, template: template('log') },
      })
      expect(await rollout('daemonset/log')).toContain('successfully rolled out')
      const nodes = (await items('nodes')).map(({ metadata }) => metadata.name).sort()
      const used = async () => (await items('pods')).map(({ spec }) => spec.nodeName ?? '').sort()
      expect(await used()).toEqual(nodes)
      await inNamespace('set', 'image', 'daemonset/log', '*=registry.invalid/log:2')
      await rollout('daemonset/log')
      expect(await images()).toEqual(nodes.map(() => 'registry.invalid/log:2'))
      await inNamespace('rollout', 'undo', 'daemonset/log')
      await rollout('daemonset/log')
      expect(await images()).toEqual(nodes.map(() => 'registry.invalid/log:1'))
    })
  })

  describe('a Job', () => {
    const job = (extra: object) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'sum' },
      spec: { ...extra, template: { spec: { ...template('sum').spec, restartPolicy: 'Never' } } },
    })

    it('runs as many pods as it has completions and is complete then', async () => {
      await freshNamespace()
      await apply(job({ completions: 3, parallelism: 2 }))
      expect(await inNamespace('wait', '--for=condition=Complete', 'job/sum', '--timeout=30s')).toContain('met')
      expect((await read<Item>('job', 'sum')).status).toMatchObject({ succeeded: 3 })
      expect((await items('pods')).map(({ status }) => status?.phase)).toEqual(Array(3).fill('Succeeded'))
    })

    it('works through the indexes of an Indexed job', async () => {
      await freshNamespace()
      await apply(job({ completions: 4, parallelism: 4, completionMode: 'Indexed' }))
      await inNamespace('wait', '--for=condition=Complete', 'job/sum', '--timeout=30s')
      expect((await read<Item>('job', 'sum')).status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' })
    })

    it('runs nothing while it is suspended', async () => {
      await freshNamespace()
      await apply(job({ suspend: true }))
      await inNamespace('wait', '--for=condition=Suspended', 'job/sum', '--timeout=30s')
      expect(await items('pods')).toEqual([])
      await inNamespace('patch', 'job', 'sum', '-p', '{"spec":{"suspend":false}}')
      await inNamespace('wait', '--for=condition=Complete', 'job/sum', '--timeout=30s')
    })
  })

  describe.runIf(hasSurroundings)('a Service of type LoadBalancer', () => {
    it('has an address as long as it is of that type', async () => {
      await freshNamespace()
      const ports = [{ port: 80 }]
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'door' } }
      await apply({ ...service, spec: { type: 'LoadBalancer', ports } })
      const address = async () =>
        inNamespace('get', 'service', 'door', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}')
      await eventually(async () => /^203\.0\.113\.\d+$/.test(await address()), { what: 'it has an address' })
      await apply({ ...service, spec: { type: 'ClusterIP', ports } })
      await eventually(async () => (await address()) === '', { what: 'the address is taken away' })
    })
  })
}

function template(app: string) {
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: app, image: `registry.invalid/${app}:1` }] },
  }
}

function deployment({ replicas, ...extra }: { replicas: number }): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template('web'),
      ...extra,
    },
  }
}
