import { createBackoff } from '../../base/backoff.ts'
import { sleep } from '../../base/sleep.ts'
import { isAlreadyExists, isConflict } from '../../meta/api-errors.ts'
import { formatTime } from '../../meta/time.ts'
import { fieldManager, nodes, simulatedAnnotation, simulatedLabel } from '../simulated-resources.ts'
import type { SimulationParts } from '../simulation-parts.ts'
import type { Node } from '../workload-types.ts'

/** What every node has to give; enough for anything that fits in memory as an object. */
const capacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '1000' }
const notReadyTaint = 'node.kubernetes.io/not-ready'

/** Makes the nodes `node-0` …, Ready and free of taints. Tries until it succeeds or the signal is aborted. */
export async function createNodes(parts: SimulationParts, count: number, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff({ firstMs: 50, maxMs: 2_000 })
  for (let index = 0, failures = 0; index < count && !signal.aborted;) {
    try {
      await createNode(parts, `node-${index}`, index)
      index += 1
      failures = 0
    } catch (error) {
      parts.logger.debug('the simulation could not make a node yet', { node: `node-${index}`, error })
      await sleep(backoff.delayMs(failures++), signal, parts.clock)
    }
  }
}

async function createNode({ client, clock, logger }: SimulationParts, name: string, index: number): Promise<void> {
  const resource = client.resource<Node>(nodes)
  const object: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [simulatedLabel]: 'simulated',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
      annotations: {
        [simulatedAnnotation]: 'This node is a simulation: no machine is behind it and nothing runs on it.',
      },
    },
    spec: {},
  }
  try {
    await resource.create(object, { fieldManager })
    logger.info('simulated node created', { node: name })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const body = { status: readyStatus(name, index, formatTime(clock.now())) }
  await resource.patch({ name }, { type: 'merge', body }, { subresource: 'status', fieldManager })
  await removeNotReadyTaint(resource, name)
}

function readyStatus(name: string, index: number, time: string) {
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: 'simulated',
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  })
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: nodeAddress(index) },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      condition('MemoryPressure', 'False', 'SimulatedHasSufficientMemory'),
      condition('DiskPressure', 'False', 'SimulatedHasNoDiskPressure'),
      condition('PIDPressure', 'False', 'SimulatedHasSufficientPID'),
      condition('Ready', 'True', 'SimulatedReady'),
    ],
    nodeInfo: {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: 'simulated',
      osImage: 'simulated',
      containerRuntimeVersion: 'simulated://0.0.0',
      kubeletVersion: 'v0.0.0-simulated',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  }
}

/** 198.18.0.0/15 is set aside for tests of networks (RFC 2544). */
export function nodeAddress(index: number): string {
  return `198.18.${(index >> 8) & 255}.${(index & 255) + 1}`
}

/** A real API server gives every new node this taint, and a controller takes it away when the node is ready. */
async function removeNotReadyTaint(resource: ReturnType<SimulationParts['client']['resource']>, name: string) {
  for (;;) {
    const { spec, metadata } = (await resource.get({ name })) as Node
    const taints = spec?.taints?.filter(({ key }) => key !== notReadyTaint) ?? []
    if (taints.length === (spec?.taints?.length ?? 0)) return
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { taints } }
    try {
      await resource.patch({ name }, { type: 'merge', body }, { fieldManager })
      return
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }
}
