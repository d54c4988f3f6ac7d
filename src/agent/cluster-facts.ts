import type { Client } from '../client/client.ts'
import type { AgentReport } from '../meta/fleet/delivery.ts'
import { addQuantities, formatQuantity, parseQuantity } from '../meta/quantity.ts'
import { recordAt, textAt } from './json-access.ts'

export type ClusterFacts = Pick<
  NonNullable<AgentReport['status']>,
  'kubernetesVersion' | 'clusterUid' | 'nodes' | 'capacity' | 'allocatable'
>

const summed = ['cpu', 'memory', 'pods', 'ephemeral-storage']

/** What a child cluster is: version, identity, machines. Reads all nodes, so it is not for every heartbeat. */
export async function readClusterFacts(child: Client): Promise<ClusterFacts> {
  const version = await child.raw({ method: 'GET', path: '/version' })
  const kubernetesVersion = textAt(JSON.parse(new TextDecoder().decode(version.body)) as unknown, 'gitVersion') ?? ''
  const system = await child.resource({ group: '', version: 'v1', resource: 'namespaces' }).get({ name: 'kube-system' })
  const capacity: Record<string, string> = {}
  const allocatable: Record<string, string> = {}
  let nodes = 0
  for await (const node of child.resource({ group: '', version: 'v1', resource: 'nodes' }).listAll()) {
    nodes += 1
    for (const [field, sum] of [
      ['capacity', capacity],
      ['allocatable', allocatable],
    ] as const)
      for (const resource of summed) {
        const amount = textAt(recordAt(node['status'], field), resource)
        if (amount !== undefined) sum[resource] = addAmounts(sum[resource], amount)
      }
  }
  return { kubernetesVersion, clusterUid: system.metadata.uid ?? '', nodes, capacity, allocatable }
}

function addAmounts(sum: string | undefined, amount: string): string {
  return formatQuantity(
    sum === undefined ? parseQuantity(amount) : addQuantities(parseQuantity(sum), parseQuantity(amount)),
  )
}
