import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'

/** What an Event says about an object. */
export interface Occurrence {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
  /** Tells apart what happens to one object for the same reason: the child cluster. Default: none. */
  subject?: string
}

export interface EventRecorder {
  /**
   * Writes an Event beside the object (for cluster-scoped ones in `default`). The same reason and subject is one Event,
   * with the newest message and a count. Never throws: what cannot be written is left out, as is what comes too fast.
   */
  record(logicalCluster: string, object: KubeObject, occurrence: Occurrence): Promise<void>
}

export interface EventRecorderOptions {
  clientOf(logicalCluster: string): Client
  clock: Clock
  logger: Logger
  /** Who says it. */
  component: string
}

const events = { group: '', version: 'v1', resource: 'events' }
const burst = 100 // Events of one workspace at once …
const perSecond = 2 // … and in the long run
const rememberedWorkspaces = 1_000
const readableName = 200 // with a dash and the hash within the 253 characters of a name

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clientOf, clock, component } = options
  const logger = options.logger.with({ component })
  const budgets = new LRUCache<string, { left: number; atMs: number }>({ max: rememberedWorkspaces })

  /** A bucket for each workspace: a thousand objects that are refused for one reason need not all say so. */
  function mayWrite(logicalCluster: string): boolean {
    const nowMs = clock.now()
    const before = budgets.get(logicalCluster) ?? { left: burst, atMs: nowMs }
    const left = Math.min(burst, before.left + (Math.max(0, nowMs - before.atMs) / 1_000) * perSecond)
    budgets.set(logicalCluster, { left: Math.max(0, left - 1), atMs: nowMs })
    return left >= 1
  }

  async function write(logicalCluster: string, object: KubeObject, occurrence: Occurrence): Promise<void> {
    const resource = clientOf(logicalCluster).resource(events)
    const now = formatTime(clock.now())
    const event = toEvent(object, occurrence, component, now)
    try {
      await resource.create(event)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const { name = '', namespace = '' } = event.metadata
      const known = await resource.get({ namespace, name })
      const count = typeof known['count'] === 'number' ? known['count'] : 1
      await resource.update({ ...known, message: event['message'], lastTimestamp: now, count: count + 1 })
    }
  }

  return {
    async record(logicalCluster, object, occurrence) {
      if (!mayWrite(logicalCluster)) return
      try {
        await write(logicalCluster, object, occurrence)
      } catch (error) {
        logger.debug('an Event was not written', { reason: occurrence.reason, error: String(error) })
      }
    },
  }
}

function toEvent(object: KubeObject, occurrence: Occurrence, component: string, now: string): KubeObject {
  const { apiVersion = '', kind = '', metadata } = object
  const { name = '', namespace, uid = '', resourceVersion } = metadata
  const { type, reason, subject = '' } = occurrence
  const digest = createHash('sha256').update([uid, reason, subject].join('\u0000')).digest('hex').slice(0, 16)
  const message = subject === '' ? occurrence.message : `${subject}: ${occurrence.message}`
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, readableName)}.${digest}`, namespace: namespace ?? 'default' },
    involvedObject: {
      apiVersion,
      kind,
      name,
      uid,
      ...(namespace === undefined ? {} : { namespace }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type,
    reason,
    message: message.slice(0, 1_024),
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  }
}
