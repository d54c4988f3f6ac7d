import { afterAll, beforeAll, describe } from 'vitest'
import { describeWorkloads } from '../integration/simulation-contract.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { startKubeCluster, type KubeCluster } from '../support/kube-cluster.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

/** What the simulation is held to is what a real cluster does. */
describe.skipIf(!binaries.available)('workloads on a real cluster', () => {
  let cluster: KubeCluster

  beforeAll(async () => {
    cluster = await startKubeCluster({ name: 'workloads', nodes: 2, audit: false })
  })
  afterAll(async () => {
    await cluster?.close()
  })

  describeWorkloads({ cluster: () => cluster, hasSurroundings: false })
})
