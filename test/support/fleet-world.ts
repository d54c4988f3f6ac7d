import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { agentServiceAccount } from '../../src/agent/child-names.ts'
import type { ChildCluster } from '../../src/meta/fleet/child-cluster.ts'
import type { Delivery } from '../../src/meta/fleet/delivery.ts'
import { agentNamespace, hubIdAnnotation, namespaceOriginAnnotation } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import type { AuditEntry, AuditFilter } from './audit-log.ts'
import { eventually } from './eventually.ts'
import { atollProgram, startHubProcess, type HubProcess, type HubProcessOptions } from './hub-process.ts'
import { kubeBinaries } from './kube-binaries.ts'
import { startKubeCluster } from './kube-cluster.ts'
import { whileRunning } from './control-plane.ts'
import type { Service } from './process-group.ts'
import { createStrictKubectl, newestKubectl } from './kubectl.ts'
import { startSimulatedCluster, type TestCluster } from './simulated-cluster.ts'

/** How a child cluster is connected: the hub dials it, or an agent beside it dials the hub. */
export type JoinMode = 'kubeconfig' | 'agent'
export const joinModes: readonly JoinMode[] = ['kubeconfig', 'agent']

export interface List<T = KubeObject> {
  readonly items: readonly T[]
}

/** What plays the child clusters: real control planes whose kubelets are pretended, or simulations without any binary. */
export type ChildKind = 'real' | 'simulated'

/** A child cluster, used by its administrator. */
export interface Child {
  readonly name: string
  readonly cluster: TestCluster
  kubectl: (
    args: readonly string[],
    options?: { readonly stdin?: string; readonly timeoutMs?: number },
  ) => Promise<string>
  getJson: <T>(args: readonly string[]) => Promise<T>
  /** Names of the objects of a kind in a namespace, sorted. */
  names: (resource: string, namespace: string) => Promise<string[]>
  /** The writes so far, by the cluster's audit log; undefined: a simulated cluster keeps none. */
  readonly auditEntries: ((filter?: AuditFilter) => Promise<AuditEntry[]>) | undefined
  /** Every deletion that the syncer has asked for, whoever it did that as; only of a cluster with an audit log. */
  agentDeletes: () => Promise<AuditEntry[]>
}

export interface FleetWorld extends AsyncDisposable {
  readonly hub: HubProcess
  readonly children: readonly Child[]
  join: (
    child: Child,
    options?: { readonly mode?: JoinMode; readonly labels?: string; readonly publishedGroups?: string },
  ) => Promise<ChildCluster>
  /** Starts `atoll agent` with the credentials in a state folder; default is that of the first one for this child. */
  startAgent: (
    child: Child,
    options?: {
      readonly stateDir?: string
      readonly joinToken?: string
      readonly publishedGroups?: string
      /** Of its log; default "agent-<child>". */
      readonly name?: string
    },
  ) => Service
  agentStateDir: (child: Child) => string
  /** The agent that `join` started. */
  agentOf: (child: Child) => Service | undefined
  childCluster: (name: string) => Promise<ChildCluster>
  condition: (name: string, type: string) => Promise<{ readonly status?: string; readonly message?: string }>
  /** The namespaces of a child that hold a namespace of a workspace; "" when there is none. */
  mapped: (child: Child, workspace: string, namespace: string) => Promise<string>
  /** All slots of a child. */
  deliveries: (childClusterUid: string) => Promise<Delivery[]>
  /** Waits for a reason of the condition Applied of the slot of an object. */
  untilSlot: (childClusterUid: string, kind: string, name: string, reason: string) => Promise<Delivery>
  logicalClusterOf: (workspace: string) => Promise<string>
  close: () => Promise<void>
}

export const agentUserName = `system:serviceaccount:${agentNamespace}:${agentServiceAccount}`

export interface FleetWorldOptions extends HubProcessOptions {
  readonly children: readonly string[]
  /** Default real. */
  readonly kind?: ChildKind
}

/** Why no fleet of this kind can be started here; undefined when it can. */
export function missingForFleet(kind: ChildKind): string | undefined {
  if (newestKubectl() === undefined) return 'no kubectl on PATH'
  const binaries = kubeBinaries()
  return kind === 'simulated' || binaries.available ? undefined : binaries.reason
}

/** For tests and hooks: what takes seconds may take minutes on a machine that does much else. */
export const fleetTimeoutMs = 300_000

/** A hub process and child clusters, not joined yet. */
export async function startFleetWorld(options: FleetWorldOptions): Promise<FleetWorld> {
  const startChild = async (name: string): Promise<Child> => {
    if (options.kind === 'simulated') return toChild(await startSimulatedCluster({ name, nodes: 1 }))
    const cluster = await startKubeCluster({ name, nodes: 1 })
    return toChild(cluster, cluster.auditEntries)
  }
  const starting = options.children.map(startChild)
  const args = ['--allow-local-dial', ...(options.args ?? [])]
  const [hubResult, ...clusterResults] = await Promise.allSettled([startHubProcess({ ...options, args }), ...starting])
  const started = [hubResult, ...clusterResults].flatMap((result) =>
    result.status === 'fulfilled' ? ['cluster' in result.value ? result.value.cluster : result.value] : [],
  )
  const close = async () => {
    for (const part of started) await part.close()
  }
  const failed = [hubResult, ...clusterResults].find((result) => result.status === 'rejected')
  if (failed?.status === 'rejected' || hubResult.status !== 'fulfilled') {
    await close()
    throw failed?.status === 'rejected' ? failed.reason : new Error('the hub did not start')
  }
  const hub = hubResult.value
  const children = clusterResults.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const childCluster = (name: string) => hub.getJson<ChildCluster>('root', ['childcluster', name])
  const agents = new Map<string, Service>()
  const logicalClusters = new Map<string, string>()

  const world: FleetWorld = {
    hub,
    children,
    async join(child, { labels, publishedGroups, mode = 'kubeconfig' } = {}) {
      const words = ['join', child.name, ...(labels === undefined ? [] : ['--labels', labels])]
      if (mode === 'kubeconfig') {
        if (publishedGroups !== undefined) words.push('--published-groups', publishedGroups)
        await hub.mustAtoll([...words, '--child-kubeconfig', child.cluster.kubeconfigPath], { timeoutMs: 120_000 })
        return childCluster(child.name)
      }
      const joinToken = joinTokenIn(await hub.mustAtoll([...words, '--mode', 'agent']))
      await rm(world.agentStateDir(child), { recursive: true, force: true })
      const agent = world.startAgent(child, {
        joinToken,
        ...(publishedGroups === undefined ? {} : { publishedGroups }),
      })
      agents.set(child.name, agent)
      await whileRunning([agent], `the child cluster ${child.name} is ready`, async () => {
        return (await world.condition(child.name, 'Ready')).status === 'True'
      })
      return childCluster(child.name)
    },
    startAgent(child, { stateDir = world.agentStateDir(child), joinToken, publishedGroups, name } = {}) {
      const words = ['agent', '--hub', hub.url, '--state-dir', stateDir]
      const given = ['--child-kubeconfig', child.cluster.kubeconfigPath]
      const token = joinToken === undefined ? [] : ['--join-token', joinToken]
      const groups = publishedGroups === undefined ? [] : ['--published-groups', publishedGroups]
      const program = [atollProgram, ...words, ...given, ...token, ...groups]
      return hub.processes.start(name ?? `agent-${child.name}`, process.execPath, program)
    },
    agentStateDir: ({ name }) => join(hub.folder, `agent-state-${name}`),
    agentOf: ({ name }) => agents.get(name),
    childCluster,
    async condition(name, type) {
      const { status } = await childCluster(name)
      return status?.conditions?.find((condition) => condition.type === type) ?? {}
    },
    async mapped(child, workspace, namespace) {
      const [some] = (await hub.getJson<List<ChildCluster>>('root', ['childclusters'])).items
      const hubId = some?.metadata.annotations?.[hubIdAnnotation] ?? ''
      const origin = `${hubId}/${await world.logicalClusterOf(workspace)}/${namespace}`
      const { items } = await child.getJson<List>(['namespaces'])
      const found = items.find(({ metadata }) => metadata.annotations?.[namespaceOriginAnnotation] === origin)
      return found?.metadata.name ?? ''
    },
    deliveries: async (uid) => [...(await hub.getJson<List<Delivery>>(`system:child:${uid}`, ['deliveries'])).items],
    untilSlot: (uid, kind, name, reason) =>
      eventually(
        async () => {
          const all = await world.deliveries(uid)
          const slot = all.find(({ spec }) => spec.source.kind === kind && spec.source.name === name)
          const applied = slot?.status?.conditions?.find(({ type }) => type === 'Applied')
          if (slot && applied?.reason === reason) return slot
          throw new Error(`${slot ? 'slot' : 'no slot'}: ${JSON.stringify(applied)}`)
        },
        { what: `the slot of ${kind} ${name} is ${reason}`, timeoutMs: 60_000, intervalMs: 500 },
      ),
    async logicalClusterOf(workspace) {
      const known = logicalClusters.get(workspace)
      if (known !== undefined) return known
      const name = await specCluster(hub, workspace)
      logicalClusters.set(workspace, name)
      return name
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return world
}

/** What `atoll join --mode agent` printed for the agent. */
export function joinTokenIn(told: string): string {
  const joinToken = /--join-token (\S+)/.exec(told)?.[1]
  if (joinToken === undefined) throw new Error(`no join token in: ${told}`)
  return joinToken
}

async function specCluster(hub: HubProcess, workspace: string): Promise<string> {
  const at = workspace.lastIndexOf(':')
  const object = await hub.getJson<KubeObject & { spec: { cluster?: string } }>(workspace.slice(0, at), [
    'workspaces.tenancy.kcp.io',
    workspace.slice(at + 1),
  ])
  return object.spec.cluster ?? ''
}

function toChild(cluster: TestCluster, auditEntries?: Child['auditEntries']): Child {
  const kubectl = createStrictKubectl(cluster)
  return {
    name: cluster.name,
    cluster,
    kubectl,
    getJson: async <T>(args: readonly string[]) => JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as T,
    names: async (resource, namespace) => {
      const text = await kubectl(['get', resource, '-n', namespace, '-o', 'jsonpath={.items[*].metadata.name}'])
      return text
        .split(' ')
        .filter((name) => name !== '')
        .sort()
    },
    auditEntries,
    agentDeletes: async () => {
      if (auditEntries === undefined) throw new Error(`${cluster.name} has no audit log`)
      const entries = await auditEntries({ user: agentUserName })
      return entries.filter(({ verb }) => verb.startsWith('delete'))
    },
  }
}
