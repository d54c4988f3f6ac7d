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
export function describeWorkloads({ cluster, bare = false }: WorkloadContractOptions): void {
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
}

function deployment({ replicas, ...extra }: { replicas: number }): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'registry.invalid/web:1' }] },
      },
      ...extra,
    },
  }
}
