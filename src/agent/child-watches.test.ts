import { expect, it } from 'vitest'
import { createAsyncQueue } from '../base/async-queue.ts'
import { silentLogger } from '../base/logger.ts'
import type { Client, WatchEvent } from '../client/client.ts'
import type { KubeObject, ObjectMeta } from '../meta/object.ts'
import { createChildWatches } from './child-watches.ts'

const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

/** A child with namespaces, and slots that are about those of `wanted`. */
function setUp(items: readonly KubeObject[]) {
  const wanted = new Set<string>()
  const changed: string[] = []
  const abort = new AbortController()
  const events = createAsyncQueue<WatchEvent<KubeObject>>()
  const resource = {
    list: async () => ({ metadata: { resourceVersion: '10' }, items }),
    watch: () => events,
  }
  const watches = createChildWatches({
    client: { resource: () => resource } as unknown as Client,
    logger: silentLogger,
    signal: abort.signal,
    isOfSlot: (_, __, name) => wanted.has(name),
    onChange: (_, __, name) => void changed.push(name),
  })
  return { wanted, changed, events, abort, watch: () => watches.follow(namespaces) }
}

const namespace = (name: string, more: ObjectMeta = {}): KubeObject => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion: '5', ...more },
})

it('holds what slots are about, and nothing else that a child shows', async () => {
  const { wanted, changed, events, abort, watch } = setUp([namespace('ours'), namespace('other')])
  wanted.add('ours')
  const watched = watch()
  await watched.synced
  events.push({ type: 'ADDED', object: namespace('another') })
  await settled()
  expect(['ours', 'other', 'another'].map((name) => watched.get('', name)?.uid)).toEqual([
    'uid-ours',
    undefined,
    undefined,
  ])
  expect(changed).toEqual(['ours'])
  abort.abort()
})

it('follows what it holds to its end, also while no slot is about it', async () => {
  const { wanted, events, abort, watch } = setUp([namespace('ours')])
  wanted.add('ours')
  const watched = watch()
  await watched.synced
  wanted.clear()
  const going = namespace('ours', { resourceVersion: '11', deletionTimestamp: '2026-01-01T00:00:00Z' })
  events.push({ type: 'MODIFIED', object: going })
  await settled()
  expect(watched.get('', 'ours')?.deleting).toBe(true)
  events.push({ type: 'DELETED', object: { metadata: { ...going.metadata, resourceVersion: '12' } } })
  await settled()
  expect(watched.get('', 'ours')).toBeUndefined()
  abort.abort()
})
