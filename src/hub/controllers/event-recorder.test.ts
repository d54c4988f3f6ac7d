import { expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/logger.ts'
import type { Client } from '../../client/client.ts'
import { alreadyExists, forbiddenPath } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { createEventRecorder } from './event-recorder.ts'

const web: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
}
const refused = { type: 'Warning' as const, reason: 'ForbiddenByProfile', message: 'externalIPs', subject: 'east' }

/** A workspace that keeps Events in memory. */
function createWorld(change: { refuses?: boolean } = {}) {
  const stored = new Map<string, KubeObject>()
  let nowMs = 0
  const resource = {
    async create(event: KubeObject) {
      if (change.refuses) throw forbiddenPath('the namespace is being deleted')
      const key = `${event.metadata.namespace}/${event.metadata.name}`
      if (stored.has(key)) throw alreadyExists({ group: '', resource: 'events' }, event.metadata.name ?? '')
      stored.set(key, event)
      return event
    },
    get: async ({ namespace, name }: { namespace: string; name: string }) => stored.get(`${namespace}/${name}`),
    update: async (event: KubeObject) => void stored.set(`${event.metadata.namespace}/${event.metadata.name}`, event),
  }
  const recorder = createEventRecorder({
    clientOf: () => ({ resource: () => resource }) as unknown as Client,
    clock: { ...systemClock, now: () => nowMs },
    logger: silentLogger,
    component: 'atoll-placement',
  })
  return { recorder, events: () => [...stored.values()], pass: (ms: number) => (nowMs += ms) }
}

test('an Event names the object, the reason and the child cluster', async () => {
  const { recorder, events } = createWorld()
  await recorder.record('lc', web, refused)
  expect(events()).toMatchObject([
    {
      metadata: { namespace: 'shop' },
      involvedObject: { kind: 'Service', name: 'web', namespace: 'shop', uid: 'u1' },
      type: 'Warning',
      reason: 'ForbiddenByProfile',
      message: 'east: externalIPs',
      count: 1,
    },
  ])
})

test('the same again is the same Event with a count and the newest message; another child is another one', async () => {
  const { recorder, events } = createWorld()
  await recorder.record('lc', web, refused)
  await recorder.record('lc', web, { ...refused, message: 'still' })
  await recorder.record('lc', web, { ...refused, subject: 'west' })
  expect(events().map(({ count, message }) => [count, message])).toEqual([
    [2, 'east: still'],
    [1, 'west: externalIPs'],
  ])
})

test('a cluster-scoped object has its Events in the namespace default, and a long name is cut', async () => {
  const { recorder, events } = createWorld()
  const metadata = { name: 'x'.repeat(253), uid: 'u2' }
  await recorder.record('lc', { apiVersion: 'v1', kind: 'Node', metadata }, refused)
  expect(events()[0]?.metadata.namespace).toBe('default')
  expect(events()[0]?.metadata.name?.length).toBeLessThanOrEqual(253)
})

test('a workspace where everything is refused gets a hundred Events, and more as time passes; others are not held up', async () => {
  const { recorder, events, pass } = createWorld()
  const many = async (logicalCluster: string, from: number, to: number) => {
    for (let index = from; index < to; index += 1)
      await recorder.record(
        logicalCluster,
        { ...web, metadata: { ...web.metadata, uid: `${logicalCluster}${index}` } },
        refused,
      )
  }
  await many('a', 0, 300)
  expect(events()).toHaveLength(100)
  await many('b', 0, 1)
  expect(events()).toHaveLength(101)
  pass(5_000)
  await many('a', 300, 400)
  expect(events()).toHaveLength(111)
})

test('what cannot be written is left out', async () => {
  const { recorder, events } = createWorld({ refuses: true })
  await recorder.record('lc', web, refused)
  expect(events()).toEqual([])
})
