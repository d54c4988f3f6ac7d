import { expect, it } from 'vitest'
import { samplePod } from '../testing/sample-objects.ts'
import { runningStatus, succeededStatus } from './kubelet-status.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const scheduled = { type: 'PodScheduled', status: 'True' as const, lastTransitionTime: '2025-12-31T00:00:00Z' }

it('a started pod is ready, keeps when it was bound, and answers its readiness gates', () => {
  const pod = samplePod('p', {
    spec: {
      containers: [{ name: 'c', image: 'registry.invalid/c' }],
      initContainers: [{ name: 'once' }, { name: 'beside', restartPolicy: 'Always' }],
      readinessGates: [{ conditionType: 'example.com/gate' }],
    },
    status: { phase: 'Pending', conditions: [scheduled] },
  })
  const status = runningStatus(pod, '198.18.0.1', nowMs)
  expect(status).toMatchObject({ phase: 'Running', hostIP: '198.18.0.1', startTime: '2026-01-01T00:00:00Z' })
  const conditions = new Map((status['conditions'] as { type: string; status: string }[]).map((one) => [one.type, one]))
  for (const type of ['Ready', 'ContainersReady', 'Initialized', 'example.com/gate'])
    expect(conditions.get(type)?.status).toBe('True')
  expect(conditions.get('PodScheduled')).toEqual(scheduled)
  expect(status['initContainerStatuses']).toMatchObject([
    { name: 'once', state: { terminated: { exitCode: 0 } } },
    { name: 'beside', state: { running: {} } },
  ])
})

it('a pod that has ended is no longer ready', () => {
  const conditions = [scheduled, { type: 'Ready', status: 'True' as const, lastTransitionTime: 'x' }]
  const status = succeededStatus(samplePod('p', { status: { phase: 'Running', conditions } }), nowMs)
  expect(status).toMatchObject({
    phase: 'Succeeded',
    conditions: [scheduled, { type: 'Ready', status: 'False', reason: 'PodCompleted' }],
    containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
  })
})

it('a pod in the network of its node has the address of its node', () => {
  const pod = samplePod('p', { spec: { hostNetwork: true, containers: [] } })
  expect(runningStatus(pod, '198.18.0.7', nowMs)).toMatchObject({ podIP: '198.18.0.7' })
})
