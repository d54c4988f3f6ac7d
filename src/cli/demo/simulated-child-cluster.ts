import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import { createHttpTransport } from '../../client/node/http-transport.ts'
import { readKubeconfig, selectContext, toTransportOptions } from '../../client/node/kubeconfig.ts'
import { type Hub, startHub } from '../../hub/hub.ts'
import { createPinoLogger, type LogLevel } from '../../hub/pino-logger.ts'
import type { StorageDriver } from '../../hub/storage-drivers.ts'
import { startSimulation } from '../../simulation/start-simulation.ts'
import { atollVersion } from '../version.ts'

export interface SimulatedChildClusterOptions {
  name: string
  /** For its kubeconfig and, with `leveldb`, its objects. */
  folder: string
  /** Default `memory`: everything is gone with the process. */
  storage?: StorageDriver
  nodes?: number
  podStartDelayMs?: number
  logLevel?: LogLevel
  clock?: Clock
}

export interface SimulatedChildCluster {
  name: string
  /** Where it serves, the workspace that plays the cluster included. It stays the same over restarts. */
  serverUrl: string
  /** Of its administrator. */
  kubeconfigPath: string
  /** As its administrator, over the network. */
  client: Client
  pauseKubelet(): void
  resumeKubelet(): void
  /** Ends the API server alone, as if its machine were down. With `memory` its objects are lost. */
  stopApiServer(): Promise<void>
  startApiServer(): Promise<void>
  close(): Promise<void>
}

const memoryBudgetBytes = 64 * 2 ** 20

/**
 * A SIMULATED child cluster: a hub of its own whose root workspace plays a Kubernetes cluster, and the simulation's
 * controllers that keep Deployments, pods and nodes in it moving. No container runs anywhere.
 */
export async function startSimulatedChildCluster(
  options: SimulatedChildClusterOptions,
): Promise<SimulatedChildCluster> {
  const { name, folder, storage = 'memory', logLevel = 'silent' } = options
  const start = (port: number): Promise<Hub> =>
    startHub({
      dataDir: join(folder, name),
      host: '127.0.0.1',
      port,
      storage,
      memoryBudgetBytes,
      logLevel,
      allowLocalDial: false,
      playsChildCluster: true,
      version: atollVersion(),
    })
  let hub: Hub | undefined = await start(0)
  const { kubeconfigPath, url } = hub
  const selected = selectContext(readKubeconfig(kubeconfigPath), kubeconfigPath)
  const http = createHttpTransport(toTransportOptions(selected))
  const client = createClient({ transport: http.transport, userAgent: 'atoll-simulation' })
  const simulation = await startSimulation({
    client,
    logger: createPinoLogger(logLevel).with({ childCluster: name }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
    ...(options.podStartDelayMs === undefined ? {} : { podStartDelayMs: options.podStartDelayMs }),
  })
  const stopApiServer = async () => {
    const ending = hub
    hub = undefined
    await ending?.close()
  }
  return {
    name,
    serverUrl: selected.cluster.server,
    kubeconfigPath,
    client,
    pauseKubelet: () => simulation.pauseKubelet(),
    resumeKubelet: () => simulation.resumeKubelet(),
    stopApiServer,
    async startApiServer() {
      hub ??= await start(Number(new URL(url).port))
    },
    async close() {
      await simulation.stop()
      http.close()
      await stopApiServer()
    },
  }
}
