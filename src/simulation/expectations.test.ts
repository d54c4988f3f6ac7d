import { expect, it } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import { createExpectations } from './expectations.ts'
import { createFakeInformer } from './testing/fake-informer.ts'
import { samplePod } from './testing/sample-objects.ts'
import type { Pod } from './workload-types.ts'

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set', uid: 'set-uid', controller: true }
const ownPod = (name: string, metadata: Pod['metadata'] = {}) =>
  samplePod(name, { metadata: { ownerReferences: [owner], ...metadata } })

function setUp() {
  const clock = createManualClock()
  const pods = createFakeInformer<Pod>()
  return { clock, pods, expectations: createExpectations(pods, clock) }
}

it('a creation is expected until the informer shows the pod', () => {
  const { pods, expectations } = setUp()
  expect(expectations.isMet('set-uid')).toBe(true)
  expectations.expectCreation('set-uid', 'a')
  expectations.expectCreation('set-uid', 'b')
  pods.put(ownPod('a'))
  expect(expectations.isMet('set-uid')).toBe(false)
  pods.put(ownPod('b'))
  expect(expectations.isMet('set-uid')).toBe(true)
})

it('a deletion is expected until the pod is marked or gone', () => {
  const { pods, expectations } = setUp()
  pods.put(ownPod('a'))
  expectations.expectDeletion('set-uid', 'uid-a')
  pods.put(ownPod('a', { labels: { other: 'change' } }))
  expect(expectations.isMet('set-uid')).toBe(false)
  pods.put(ownPod('a', { deletionTimestamp: '2026-01-01T00:00:00Z' }))
  expect(expectations.isMet('set-uid')).toBe(true)
})

it('a failed write is withdrawn, and what never shows is forgotten', () => {
  const { clock, expectations } = setUp()
  expectations.expectCreation('set-uid', 'a')
  expectations.withdraw('set-uid', 'a')
  expect(expectations.isMet('set-uid')).toBe(true)
  expectations.expectCreation('set-uid', 'lost')
  clock.advance(29_000)
  expect(expectations.isMet('set-uid')).toBe(false)
  clock.advance(2_000)
  expect(expectations.isMet('set-uid')).toBe(true)
})
