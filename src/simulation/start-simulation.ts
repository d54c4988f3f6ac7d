import { systemClock, type Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../controller/controller.ts'
import { createExpectations } from './expectations.ts'
import { createNodes } from './machines/create-nodes.ts'
import { createKubelet } from './machines/kubelet.ts'
import { schedulerController } from './machines/scheduler.ts'
import { daemonSetController } from './pods/daemon-set-controller.ts'
import { jobController } from './pods/job-controller.ts'
import { replicaSetController } from './pods/replica-set-controller.ts'
import { statefulSetController } from './pods/stateful-set-controller.ts'
import { deploymentController } from './rollout/deployment-controller.ts'
import { createSimulationInformers } from './simulation-informers.ts'
import { loadBalancerController } from './surroundings/load-balancer-controller.ts'
import { volumeController } from './surroundings/volume-controller.ts'
import type { SimulationParts } from './simulation-parts.ts'

export interface SimulationOptions {
  /** Of the cluster to play in, as somebody who may do everything there. */
  client: Client
  logger: Logger
  clock?: Clock
  /** How many nodes to pretend; default 1. */
  nodes?: number
  /** From bound to Running and Ready, and from deleted to gone; default 100 ms. */
  podStartDelayMs?: number
}

export interface Simulation {
  /** Ends all controllers and waits for what is under way. Nodes, pods and their states stay as they are. */
  stop(): Promise<void>
  /** Freezes the kubelets: no pod becomes Running and none finishes its deletion. */
  pauseKubelet(): void
  resumeKubelet(): void
}

/**
 * A SIMULATION of everything that makes an API server a cluster: nodes, scheduler, kubelets and the controllers of the
 * workload kinds. Nothing runs anywhere; objects only change as they would. What is missing: CronJobs, autoscaling,
 * disruption budgets, endpoints of Services, eviction by taints, failing containers. Garbage collection and namespaces
 * are the API server's own affair.
 *
 * Resolves when the nodes are there and the controllers work.
 */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const { client, clock = systemClock, nodes = 1, podStartDelayMs = 100 } = options
  const logger = options.logger.with({ simulation: true })
  const stopped = new AbortController()
  const listening: AbortController[] = []
  const informers = createSimulationInformers(client, logger)
  const expectations = createExpectations(informers.pods, clock)
  const parts: SimulationParts = { client, informers, expectations, clock, logger }
  const kubelet = createKubelet(parts, podStartDelayMs)
  const controllers: Controller[] = [
    deploymentController(parts),
    replicaSetController(parts),
    statefulSetController(parts),
    daemonSetController(parts),
    jobController(parts),
    schedulerController(parts),
    kubelet.controller,
    volumeController(parts),
    loadBalancerController(parts),
  ]
  for (const informer of Object.values(informers)) {
    // A signal of its own for each: they listen to it with every request, and many listeners of one look like a leak.
    const stop = new AbortController()
    listening.push(stop)
    informer.start(stop.signal)
  }
  await createNodes(parts, nodes, stopped.signal)
  await Promise.all(controllers.map((controller) => controller.start()))
  return {
    async stop() {
      for (const stop of [stopped, ...listening]) stop.abort()
      await Promise.all(controllers.map((controller) => controller.stop()))
    },
    pauseKubelet: () => kubelet.pause(),
    resumeKubelet: () => kubelet.resume(),
  }
}
