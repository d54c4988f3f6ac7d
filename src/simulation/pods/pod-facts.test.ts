import { describe, expect, it } from 'vitest'
import { readyPod, samplePod } from '../testing/sample-objects.ts'
import { inDeletionOrder } from './deletion-order.ts'
import { availableInMs, isActive, isAvailable, nextAvailableInMs } from './pod-facts.ts'
import { forEachBounded } from './write-pods.ts'

describe('availability', () => {
  it('comes when a pod has been ready for long enough', () => {
    const pod = readyPod('p', 10_000)
    expect(isAvailable(pod, undefined, 10_000)).toBe(true)
    expect(availableInMs(pod, 5, 12_000)).toBe(3_000)
    expect(isAvailable(pod, 5, 14_999)).toBe(false)
    expect(isAvailable(pod, 5, 15_000)).toBe(true)
    expect(availableInMs(samplePod('q'), 0, 0)).toBeUndefined()
  })

  it('is looked at again when the next pod gets there', () => {
    const pods = [readyPod('a', 1_000), readyPod('b', 3_000), samplePod('c')]
    expect(nextAvailableInMs(pods, 10, 12_000)).toBe(1_000)
    expect(nextAvailableInMs(pods, 10, 13_000)).toBeUndefined()
  })
})

it('a pod counts until it ends or is deleted', () => {
  expect(isActive(samplePod('a'))).toBe(true)
  expect(isActive(samplePod('b', { status: { phase: 'Failed' } }))).toBe(false)
  expect(isActive(samplePod('c', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }))).toBe(false)
})

it('the pods that are missed the least go first', () => {
  const bound = { containers: [], nodeName: 'n' }
  const at = (day: number) => ({ creationTimestamp: `2026-01-0${day}T00:00:00Z` })
  const costly = { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '7' } }
  const pods = [
    readyPod('old', 0, { spec: bound, metadata: at(1) }),
    readyPod('dear', 0, { spec: bound, metadata: { ...at(3), ...costly } }),
    readyPod('young', 0, { spec: bound, metadata: at(2) }),
    samplePod('starting', { spec: bound, metadata: at(1), status: { phase: 'Pending' } }),
    samplePod('unbound', { metadata: at(1), status: { phase: 'Pending' } }),
  ]
  expect(inDeletionOrder(pods).map(({ metadata }) => metadata.name)).toEqual([
    'unbound',
    'starting',
    'young',
    'old',
    'dear',
  ])
})

describe('forEachBounded', () => {
  it('runs so many at a time and all of them', async () => {
    const done: number[] = []
    let running = 0
    let most = 0
    await forEachBounded([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running -= 1
      done.push(item)
    })
    expect(new Set(done)).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(most).toBe(2)
  })

  it('begins nothing more after a failure, and throws it', async () => {
    const tried: number[] = []
    const attempt = forEachBounded([1, 2, 3], 1, (item) => {
      tried.push(item)
      return item === 2 ? Promise.reject(new Error('two')) : Promise.resolve()
    })
    await expect(attempt).rejects.toThrow('two')
    expect(tried).toEqual([1, 2])
  })
})
