import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { Client } from '../client/client.ts'
import type { AgentReport } from '../meta/fleet/delivery.ts'
import { fleetGroup, fleetVersion } from '../meta/fleet/fleet-names.ts'
import type { JsonObject } from '../meta/object.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'
import type { Forked } from './hub-gate.ts'

export const reportsResource = { group: fleetGroup, version: fleetVersion, resource: 'agentreports' }
export const reportName = 'report'

export interface HeartbeatOptions {
  hub: Client
  child: Client
  agentVersion: string
  intervalMs: number
  clock: Clock
  logger: Logger
  /** What is special now. */
  state(): { forked: Forked | undefined; left: boolean }
}

export interface Heartbeat {
  /** Runs until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Something has changed that the hub should know at once. */
  beat(): void
}

const factsIntervalMs = 60_000 // machines come and go in minutes, and every node is read for it
const soonestMs = 200 // between beats that changes ask for

/** Tells the hub that the child is there, and what it is. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, logger, intervalMs, agentVersion } = options
  const reports = options.hub.resource<AgentReport>(reportsResource)
  let facts: ClusterFacts | undefined
  let factsAtMs = Number.NEGATIVE_INFINITY
  let interrupt = new AbortController()

  /** A syncer that does not reach its child has nothing good to tell: silence is the news. */
  async function requireChild(): Promise<void> {
    const { status } = await options.child.raw({ method: 'GET', path: '/version' })
    if (status !== 200) throw new Error(`the child cluster answered ${status}`)
  }

  async function tell(): Promise<void> {
    if (clock.now() - factsAtMs >= factsIntervalMs) {
      facts = await readClusterFacts(options.child)
      factsAtMs = clock.now()
    } else await requireChild()
    const { forked, left } = options.state()
    const status: NonNullable<AgentReport['status']> = {
      heartbeatTime: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
      agentVersion,
      ...facts,
      ...(forked ? { forked } : {}),
      ...(left ? { left } : {}),
    }
    const body = [{ op: 'add', path: '/status', value: status as JsonObject }]
    await reports.patch({ name: reportName }, { type: 'json', body }, { subresource: 'status' })
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        interrupt = new AbortController()
        const stop = () => interrupt.abort()
        signal.addEventListener('abort', stop, { once: true })
        try {
          await tell()
        } catch (error) {
          logger.debug('no heartbeat', { error: String(error) })
        }
        await sleep(soonestMs, signal, clock)
        // Jitter: a thousand children must not beat in step.
        await sleep(intervalMs * (0.9 + 0.2 * Math.random()) - soonestMs, interrupt.signal, clock)
        signal.removeEventListener('abort', stop)
      }
    },
    beat: () => interrupt.abort(),
  }
}
