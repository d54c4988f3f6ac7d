import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReplicaSet } from '../workload-types.ts'
import { sampleDeployment, sampleReplicaSet } from '../testing/sample-objects.ts'
import {
  availableOf,
  nameOf,
  nextNewSize,
  nextOldSizes,
  proportionalSizes,
  rolloutLimits,
  type RolloutLimits,
  sizeOf,
  sum,
} from './rollout-sizes.ts'

const rolling = (maxSurge: string | number, maxUnavailable: string | number) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
})

describe('rolloutLimits', () => {
  it.each([
    [3, '25%', '25%', { replicas: 3, maxSurge: 1, maxUnavailable: 0 }],
    [10, '25%', '25%', { replicas: 10, maxSurge: 3, maxUnavailable: 2 }],
    [4, 0, 0, { replicas: 4, maxSurge: 0, maxUnavailable: 1 }],
    [2, 0, 5, { replicas: 2, maxSurge: 0, maxUnavailable: 2 }],
  ])('of %i replicas with surge %s and unavailable %s', (replicas, maxSurge, maxUnavailable, limits) => {
    expect(rolloutLimits(sampleDeployment({ replicas, ...rolling(maxSurge, maxUnavailable) }))).toEqual(limits)
  })

  it('allow nothing beyond the replicas for Recreate', () => {
    const limits = rolloutLimits(sampleDeployment({ replicas: 4, strategy: { type: 'Recreate' } }))
    expect(limits).toEqual({ replicas: 4, maxSurge: 0, maxUnavailable: 0 })
  })
})

/** Pods as they come to life in any order: each step of the rollout, then some pods become available. */
function rollOut(limits: RolloutLimits, oldSizes: readonly number[], luck: () => boolean) {
  let current = sampleReplicaSet('new', 0, 0)
  let old = oldSizes.map((size, index) =>
    sampleReplicaSet(`old-${index}`, size, size, {
      metadata: { creationTimestamp: `2026-01-0${index + 1}T00:00:00Z` },
    }),
  )
  const resized = (replicaSet: ReplicaSet, size: number, available: number) =>
    sampleReplicaSet(nameOf(replicaSet), size, Math.min(size, available), { metadata: replicaSet.metadata })
  const most = Math.max(limits.replicas + limits.maxSurge, sum(oldSizes))
  const least = Math.min(limits.replicas - limits.maxUnavailable, sum(oldSizes))
  for (let step = 0; step < 200; step++) {
    const all = [...old, current]
    if (sum(all.map(sizeOf)) > most) return `more than ${most} pods`
    if (sum(all.map(availableOf)) < least) return `fewer than ${least} available`
    if (availableOf(current) === limits.replicas && sum(old.map(sizeOf)) === 0) return 'complete'
    const size = nextNewSize(current, all, limits)
    if (size !== sizeOf(current)) current = resized(current, size, availableOf(current))
    else {
      const sizes = nextOldSizes(old, current, limits)
      old = old.map((one) => resized(one, sizes.get(nameOf(one)) ?? sizeOf(one), availableOf(one)))
    }
    if (availableOf(current) < sizeOf(current) && luck())
      current = resized(current, sizeOf(current), availableOf(current) + 1)
  }
  return 'never complete'
}

describe('a rolling update', () => {
  it('ends, never has too many pods and never too few available ones', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('0%', '25%', '100%', 1, 3),
        fc.constantFrom('0%', '25%', '100%', 1, 3),
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.boolean()),
        (replicas, maxSurge, maxUnavailable, oldSizes, stream) => {
          const limits = rolloutLimits(sampleDeployment({ replicas, ...rolling(maxSurge, maxUnavailable) }))
          // A stream that never says yes would be a cluster where no pod starts.
          let asked = 0
          const luck = () => ++asked % 4 === 0 || stream.next().value === true
          expect(rollOut(limits, oldSizes, luck)).toBe('complete')
        },
      ),
    )
  })

  it('takes away first what is not available anyway', () => {
    const broken = sampleReplicaSet('broken', 2, 0, { metadata: { creationTimestamp: '2026-01-02T00:00:00Z' } })
    const good = sampleReplicaSet('good', 3, 3, { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } })
    const limits = { replicas: 3, maxSurge: 2, maxUnavailable: 0 }
    expect(nextOldSizes([good, broken], sampleReplicaSet('new', 0, 0), limits)).toEqual(new Map([['broken', 0]]))
  })
})

describe('proportionalSizes', () => {
  const marked = (name: string, size: number, max: number) =>
    sampleReplicaSet(name, size, size, {
      metadata: { annotations: { 'deployment.kubernetes.io/max-replicas': String(max) } },
    })

  it('shares growth out by size, the largest first', () => {
    const sizes = proportionalSizes([marked('old', 3, 4), marked('new', 1, 4)], {
      replicas: 8,
      maxSurge: 2,
      maxUnavailable: 0,
    })
    expect(sizes).toEqual(
      new Map([
        ['old', 8],
        ['new', 2],
      ]),
    )
  })

  it('always adds up to what the surge allows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 10 }),
        (all, replicas, maxSurge) => {
          const active = all.map((size, index) => marked(`set-${index}`, size, sum(all)))
          const sizes = proportionalSizes(active, { replicas, maxSurge, maxUnavailable: 0 })
          const after = active.map((one) => sizes.get(nameOf(one)) ?? sizeOf(one))
          expect(after.every((size) => size >= 0)).toBe(true)
          expect(sum(after)).toBe(replicas + maxSurge)
        },
      ),
    )
  })
})
