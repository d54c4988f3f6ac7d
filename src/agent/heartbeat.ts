import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { Client } from '../client/client.ts'
import { isForbidden, isNotFound } from '../meta/api-errors.ts'
import type { AgentReport } from '../meta/fleet/delivery.ts'
import { fleetGroup, fleetVersion } from '../meta/fleet/fleet-names.ts'
import type { JsonObject } from '../meta/object.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'
import { formatTime } from '../meta/time.ts'
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
  state(): { forked: Forked | undefined; left: boolean; credentialsExpireMs?: number | undefined }
  /** The hub has been told that the child has left. */
  onLeftTold?(): void
}

export interface Heartbeat {
  /** Runs until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Something has changed that the hub should know at once. */
  beat(): void
}

/** Says in the report why nothing is heard of the child; the next heartbeat takes it back. */
export async function reportTrouble(hub: Client, reason: string, message: string, nowMs: number): Promise<void> {
  const trouble = { type: troubleType, status: 'False', reason, message, lastTransitionTime: formatTime(nowMs) }
  const body = { status: { conditions: [trouble] } }
  await hub.resource(reportsResource).patch({ name: reportName }, { type: 'merge', body }, { subresource: 'status' })
}
/** The condition of a report that is there, and False, while the child cannot be reached. */
export const troubleType = 'Connected'

const factsIntervalMs = 60_000 // machines come and go in minutes, and every node is read for it
const firstRetryMs = 500 // right after joining, the hub or the child may not be ready for it yet
const soonestMs = 200 // between beats that changes ask for

/** Tells the hub that the child is there, and what it is. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, logger, intervalMs, agentVersion } = options
  const reports = options.hub.resource<AgentReport>(reportsResource)
  let facts: ClusterFacts | undefined
  let factsAtMs = Number.NEGATIVE_INFINITY
  let trouble = '' // as the hub was told
  let interrupt = new AbortController()

  /** A syncer that does not reach its child sends no heartbeat; it only says why. */
  async function requireChild(): Promise<void> {
    const { status } = await options.child.raw({ method: 'GET', path: '/version' })
    if (status !== 200) throw new Error(`the child cluster answered ${status}`)
  }

  async function lookAtChild(): Promise<void> {
    try {
      if (clock.now() - factsAtMs < factsIntervalMs) await requireChild()
      else {
        facts = await readClusterFacts(options.child)
        factsAtMs = clock.now()
      }
      trouble = ''
    } catch (error) {
      const { message } = error as Error
      if (trouble !== message) await reportTrouble(options.hub, 'ChildUnreachable', message, clock.now())
      trouble = message
      throw error
    }
  }

  async function tell(): Promise<void> {
    const { forked, left, credentialsExpireMs } = options.state()
    // Who has left may have no rights in the child any more, and must say so all the same.
    if (!left) await lookAtChild()
    const status: NonNullable<AgentReport['status']> = {
      heartbeatTime: formatTime(clock.now()),
      agentVersion,
      ...facts,
      ...(credentialsExpireMs === undefined ? {} : { credentialsExpire: formatTime(credentialsExpireMs) }),
      ...(forked ? { forked } : {}),
      ...(left ? { left } : {}),
    }
    const body = [{ op: 'add', path: '/status', value: status as JsonObject }]
    try {
      await reports.patch({ name: reportName }, { type: 'json', body }, { subresource: 'status' })
    } catch (error) {
      // It was told, and the hub has closed the door behind us.
      if (!left || !(isNotFound(error) || isForbidden(error))) throw error
    }
    if (left) options.onLeftTold?.()
  }

  return {
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        interrupt = new AbortController()
        const stop = () => interrupt.abort()
        signal.addEventListener('abort', stop, { once: true })
        let waitMs = intervalMs
        try {
          await tell()
          failures = 0
        } catch (error) {
          logger.debug('no heartbeat', { error: String(error) })
          waitMs = Math.min(intervalMs, 2 ** failures++ * firstRetryMs)
        }
        await sleep(soonestMs, signal, clock)
        // Jitter: a thousand children must not beat in step.
        await sleep(waitMs * (0.9 + 0.2 * Math.random()) - soonestMs, interrupt.signal, clock)
        signal.removeEventListener('abort', stop)
      }
    },
    beat: () => interrupt.abort(),
  }
}
