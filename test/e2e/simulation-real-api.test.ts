import { afterAll, beforeAll, describe } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { createHttpTransport } from '../../src/client/node/http-transport.ts'
import { readKubeconfig, selectContext, toTransportOptions } from '../../src/client/node/kubeconfig.ts'
import { startSimulation, type Simulation } from '../../src/simulation/start-simulation.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { createPinoLogger } from '../../src/hub/pino-logger.ts'
import { describeWorkloads } from '../integration/simulation-contract.ts'

const binaries = kubeBinaries(judgePrograms)
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

/** The simulation's controllers may not lean on anything that only our own server does. */
describe.skipIf(!binaries.available)('the simulation on a real kube-apiserver', () => {
  let judge: ControlPlane
  let simulation: Simulation
  let closeTransport = () => {}

  beforeAll(async () => {
    judge = await startJudge({ name: 'simulation' })
    const context = selectContext(readKubeconfig(judge.kubeconfigPath), judge.kubeconfigPath)
    const { transport, close } = createHttpTransport(toTransportOptions(context))
    closeTransport = close
    simulation = await startSimulation({
      client: createClient({ transport }),
      logger: createPinoLogger(process.env['ATOLL_TEST_DEBUG'] ? 'debug' : 'silent'),
      nodes: 2,
    })
  })
  afterAll(async () => {
    await simulation?.stop()
    closeTransport()
    await judge?.close()
  })

  describeWorkloads({
    cluster: () => ({
      kubeconfigPath: judge.kubeconfigPath,
      stopKwok: () => simulation.pauseKubelet(),
      startKwok: () => simulation.resumeKubelet(),
    }),
    bare: true,
  })
})
