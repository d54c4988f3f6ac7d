import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import type { Controller, Reconcile, Source } from '../controller/controller.ts'
import { createController } from '../controller/controller.ts'
import type { Expectations } from './expectations.ts'
import type { SimulationInformers } from './simulation-informers.ts'

/** What every controller of the simulation is given. */
export interface SimulationParts {
  client: Client
  informers: SimulationInformers
  /** Pods that were created or deleted and that the pod informer does not show yet. */
  expectations: Expectations
  clock: Clock
  logger: Logger
}

const maxBackoffMs = 5_000 // nobody waits for a demo that backs off for minutes

export interface SimulationControllerOptions {
  name: string
  sources: readonly Source[]
  reconcile: Reconcile
  workers?: number
}

/** A controller whose log lines say that they come from a simulation. */
export function simulationController(
  { clock, logger }: SimulationParts,
  { name, ...options }: SimulationControllerOptions,
): Controller {
  return createController({ ...options, name: `simulated-${name}`, clock, logger, maxBackoffMs })
}
