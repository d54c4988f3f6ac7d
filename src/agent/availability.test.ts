import { expect, it } from 'vitest'
import type { JsonObject } from '../meta/object.ts'
import { availabilityOf } from './availability.ts'

const condition = (type: string, status = 'True') => ({ conditions: [{ type, status, reason: 'R', message: 'm' }] })
const cases: [string, string, string, JsonObject | undefined, string][] = [
  ['a Deployment without status', 'apps', 'Deployment', undefined, 'False'],
  ['a Deployment that says so', 'apps', 'Deployment', { observedGeneration: 2, ...condition('Available') }, 'True'],
  [
    'a Deployment that speaks of an older version',
    'apps',
    'Deployment',
    { observedGeneration: 1, ...condition('Available') },
    'False',
  ],
  [
    'a StatefulSet with all replicas ready',
    'apps',
    'StatefulSet',
    { observedGeneration: 2, replicas: 2, readyReplicas: 2 },
    'True',
  ],
  ['a StatefulSet with some', 'apps', 'StatefulSet', { observedGeneration: 2, replicas: 2, readyReplicas: 1 }, 'False'],
  ['a DaemonSet without nodes', 'apps', 'DaemonSet', { observedGeneration: 2, desiredNumberScheduled: 0 }, 'True'],
  ['a Job that failed', 'batch', 'Job', condition('Failed'), 'False'],
  ['a Job that runs', 'batch', 'Job', {}, 'True'],
  ['a claim that waits', '', 'PersistentVolumeClaim', { phase: 'Pending' }, 'False'],
  ['a CRD that is established', 'apiextensions.k8s.io', 'CustomResourceDefinition', condition('Established'), 'True'],
  ['a custom resource that is not ready', 'example.com', 'Thing', condition('Ready', 'False'), 'False'],
  ['a ConfigMap', '', 'ConfigMap', undefined, 'True'],
  ['a status of the wrong shape', 'example.com', 'Thing', { conditions: { type: 'Ready' } }, 'True'],
]
it.each(cases)('%s', (_, group, kind, status, expected) => {
  expect(availabilityOf(group, kind, { generation: 2, status }).status).toBe(expected)
})
