import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import { createHttpTransport } from '../../client/node/http-transport.ts'
import {
  type Kubeconfig,
  printKubeconfig,
  readKubeconfig,
  selectContext,
  toTransportOptions,
} from '../../client/node/kubeconfig.ts'
import { startHub } from '../../hub/hub.ts'
import type { LogLevel } from '../../hub/pino-logger.ts'
import { atollVersion } from '../version.ts'
import { type SimulatedChildCluster, startSimulatedChildCluster } from './simulated-child-cluster.ts'

/** Contexts of the demo's kubeconfig: workspaces and child clusters. */
export const workspaceContexts = { root: 'root', payments: 'root:payments', shop: 'root:shop' } as const
export const childNames = ['east', 'west'] as const
export type ChildName = (typeof childNames)[number]
export type StageContext = keyof typeof workspaceContexts | ChildName

export interface Stage {
  folder: string
  hubUrl: string
  /** One file with every context of the story; the commands that are printed work with it. */
  kubeconfigPath: string
  children: Readonly<Record<ChildName, SimulatedChildCluster>>
  /** As the administrator of a workspace or a child cluster, over the network, as kubectl would. */
  clientOf(context: StageContext): Client
  close(): Promise<void>
}

const memoryBudgetBytes = 128 * 2 ** 20

/** A hub on a free loopback port and two simulated child clusters, all in this process; nothing is joined yet. */
export async function startStage(folder: string, logLevel: LogLevel): Promise<Stage> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const hub = await startHub({
      dataDir: join(folder, 'hub'),
      host: '127.0.0.1',
      port: 0,
      storage: 'leveldb',
      memoryBudgetBytes,
      logLevel,
      // The child clusters of the demo are on this machine.
      allowLocalDial: true,
      version: atollVersion(),
    })
    closers.push(() => hub.close())
    const startChild = async (name: ChildName) => {
      const child = await startSimulatedChildCluster({ name, folder, nodes: 2, logLevel })
      closers.push(() => child.close())
      return child
    }
    const children = { east: await startChild('east'), west: await startChild('west') }
    const kubeconfigPath = join(folder, 'kubeconfig')
    const kubeconfig = mergeKubeconfigs(hub.url, hub.kubeconfigPath, children)
    writeFileSync(kubeconfigPath, printKubeconfig(kubeconfig), { mode: 0o600 })
    const clients = new Map<StageContext, Client>()
    const clientOf = (context: StageContext): Client => {
      const known = clients.get(context)
      if (known) return known
      const http = createHttpTransport(toTransportOptions(selectContext(kubeconfig, kubeconfigPath, context)))
      closers.push(http.close)
      const client = createClient({ transport: http.transport, userAgent: 'atoll-demo' })
      clients.set(context, client)
      return client
    }
    return { folder, hubUrl: hub.url, kubeconfigPath, children, clientOf, close }
  } catch (error) {
    await close()
    throw error
  }
}

function mergeKubeconfigs(
  hubUrl: string,
  hubKubeconfigPath: string,
  children: Readonly<Record<ChildName, SimulatedChildCluster>>,
): Kubeconfig {
  const hub = selectContext(readKubeconfig(hubKubeconfigPath), hubKubeconfigPath)
  const entries = Object.entries(workspaceContexts).map(([name, path]) => ({
    name,
    cluster: { ...hub.cluster, server: `${hubUrl}/clusters/${path}` },
    user: { name: 'hub-admin', user: hub.user },
  }))
  for (const { name, kubeconfigPath } of Object.values(children)) {
    const { cluster, user } = selectContext(readKubeconfig(kubeconfigPath), kubeconfigPath)
    entries.push({ name, cluster, user: { name: `${name}-admin`, user } })
  }
  const users = new Map(entries.map(({ user }) => [user.name, user]))
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'root',
    clusters: entries.map(({ name, cluster }) => ({ name, cluster })),
    users: [...users.values()],
    contexts: entries.map(({ name, user }) => ({ name, context: { cluster: name, user: user.name } })),
  }
}
