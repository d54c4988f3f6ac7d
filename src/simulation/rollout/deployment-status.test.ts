import { describe, expect, it } from 'vitest'
import type { DeploymentStatus, ReplicaSet } from '../workload-types.ts'
import { sampleDeployment, sampleReplicaSet } from '../testing/sample-objects.ts'
import { deploymentStatus, progressDeadlineInMs } from './deployment-status.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')

function look(
  deployment = sampleDeployment(),
  current?: ReplicaSet,
  old: readonly ReplicaSet[] = [],
  atMs = nowMs,
): DeploymentStatus {
  return deploymentStatus({ deployment, current, old, collisionCount: undefined, nowMs: atMs })
}
const reasonOf = ({ conditions }: DeploymentStatus, type: string) =>
  conditions?.find((condition) => condition.type === type)?.reason

describe('deploymentStatus', () => {
  it('counts the pods of all templates, and those of the current one as updated', () => {
    const status = look(sampleDeployment(), sampleReplicaSet('new', 2, 1), [sampleReplicaSet('old', 2, 2)])
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 4,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 1,
    })
  })

  it('goes from created over progressing to complete', () => {
    const created = look(sampleDeployment(), sampleReplicaSet('new', 3, 0, { status: { replicas: 0 } }))
    expect(reasonOf(created, 'Progressing')).toBe('NewReplicaSetCreated')
    expect(reasonOf(created, 'Available')).toBe('MinimumReplicasUnavailable')
    const moving = look(sampleDeployment({}, created), sampleReplicaSet('new', 3, 1))
    expect(reasonOf(moving, 'Progressing')).toBe('ReplicaSetUpdated')
    const complete = look(sampleDeployment({}, moving), sampleReplicaSet('new', 3, 3))
    expect(reasonOf(complete, 'Progressing')).toBe('NewReplicaSetAvailable')
    expect(reasonOf(complete, 'Available')).toBe('MinimumReplicasAvailable')
  })

  it('stays complete when a pod is lost later', () => {
    const complete = look(sampleDeployment(), sampleReplicaSet('new', 3, 3))
    const after = look(sampleDeployment({}, complete), sampleReplicaSet('new', 3, 2))
    expect(reasonOf(after, 'Progressing')).toBe('NewReplicaSetAvailable')
    expect(after.availableReplicas).toBe(2)
  })

  it('runs out of time when nothing moves, and recovers with a new template', () => {
    const started = look(sampleDeployment(), sampleReplicaSet('new', 3, 0))
    const deployment = sampleDeployment({}, started)
    expect(progressDeadlineInMs(deployment, started, nowMs)).toBe(600_000)
    const late = look(deployment, sampleReplicaSet('new', 3, 0), [], nowMs + 600_000)
    expect(reasonOf(late, 'Progressing')).toBe('ProgressDeadlineExceeded')
    expect(progressDeadlineInMs(deployment, late, nowMs + 600_000)).toBeUndefined()
    const next = look(sampleDeployment({}, late), sampleReplicaSet('next', 1, 0, { status: { replicas: 0 } }))
    expect(reasonOf(next, 'Progressing')).toBe('NewReplicaSetCreated')
  })

  it('counts the deadline from the last movement', () => {
    const started = look(sampleDeployment(), sampleReplicaSet('new', 3, 0))
    const moved = look(sampleDeployment({}, started), sampleReplicaSet('new', 3, 1), [], nowMs + 500_000)
    const later = look(sampleDeployment({}, moved), sampleReplicaSet('new', 3, 1), [], nowMs + 700_000)
    expect(reasonOf(later, 'Progressing')).toBe('ReplicaSetUpdated')
  })

  it('says that it is paused, and then resumed', () => {
    const paused = look(sampleDeployment({ paused: true }), sampleReplicaSet('new', 3, 3))
    expect(reasonOf(paused, 'Progressing')).toBe('DeploymentPaused')
    const resumed = look(sampleDeployment({}, paused), sampleReplicaSet('new', 3, 3))
    expect(reasonOf(resumed, 'Progressing')).toBe('DeploymentResumed')
  })

  it('passes on why a ReplicaSet cannot make pods, as long as it cannot', () => {
    const time = '2026-01-01T00:00:00Z'
    const failure = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'no',
      lastTransitionTime: time,
    } as const
    const failing = sampleReplicaSet('new', 3, 0, { status: { replicas: 0, conditions: [failure] } })
    const status = look(sampleDeployment(), failing)
    expect(reasonOf(status, 'ReplicaFailure')).toBe('FailedCreate')
    expect(
      reasonOf(look(sampleDeployment({}, status), sampleReplicaSet('new', 3, 0)), 'ReplicaFailure'),
    ).toBeUndefined()
  })
})
