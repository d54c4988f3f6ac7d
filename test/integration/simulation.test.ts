import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStrictKubectl, newestKubectl } from '../support/kubectl.ts'
import { startSimulatedCluster, type TestCluster } from '../support/simulated-cluster.ts'
import { describeWorkloads } from './simulation-contract.ts'

const hasKubectl = newestKubectl() !== undefined
if (!hasKubectl) console.warn('SKIPPED: no kubectl on PATH')

describe.skipIf(!hasKubectl)('a simulated cluster', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await startSimulatedCluster({ nodes: 2 })
  })
  afterAll(async () => {
    await cluster?.close()
  })

  describeWorkloads({ cluster: () => cluster })

  it('says on its nodes that it is a simulation', async () => {
    const kubectl = createStrictKubectl(cluster)
    const nodes = await kubectl(['get', 'nodes', '-l', 'simulation.atoll.dev/node'])
    expect(nodes).toMatch(/^node-0 +Ready .* v0\.0\.0-simulated$/m)
    expect(await kubectl(['describe', 'node', 'node-0'])).toContain('no machine is behind it')
  })

  it('answers its administrator by token, and nobody else', async () => {
    expect((await cluster.request('/api/v1/nodes')).status).toBe(200)
    expect((await cluster.request('/api/v1/nodes', {}, 'not-a-token')).status).toBe(401)
  })

  it('goes on where it was when its API server comes back', async () => {
    const kubectl = createStrictKubectl(cluster)
    await kubectl(['create', 'deployment', 'again', '--image=registry.invalid/again:1'])
    await kubectl(['rollout', 'status', 'deployment/again', '--timeout=30s'])
    await cluster.stopApiServer()
    await expect(cluster.request('/readyz')).rejects.toThrow('ECONNREFUSED')
    await cluster.startApiServer()
    await kubectl(['set', 'image', 'deployment/again', '*=registry.invalid/again:2'])
    await kubectl(['rollout', 'status', 'deployment/again', '--timeout=50s'])
    const image = await kubectl(['get', 'deployment', 'again', '-o', 'jsonpath={..image}'])
    expect(image).toBe('registry.invalid/again:2')
  })
})
