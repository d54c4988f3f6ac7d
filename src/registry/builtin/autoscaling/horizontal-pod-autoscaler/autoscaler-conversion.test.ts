import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import { fromV2Autoscaler, toV2Autoscaler } from './autoscaler-conversion.ts'

const metrics = [
  { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '10' } } },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Ingress', name: 'i' },
      target: { type: 'Value', value: '2k' },
      metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
    },
  },
  { type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '30' } } },
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
]
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } }

function autoscaler(spec: object, status: object = {}): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a', annotations: { keep: 'me' } },
    spec: { maxReplicas: 3, ...spec },
    status: { desiredReplicas: 1, currentMetrics: null, ...status },
  }
}

describe('autoscalers in version 1', () => {
  it('have a field for CPU utilization and annotations for everything else', () => {
    const old = fromV2Autoscaler(autoscaler({ metrics: [...metrics, cpu] }))
    expect(old['spec']).toEqual({ maxReplicas: 3, targetCPUUtilizationPercentage: 55 })
    const carried = old.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics'] ?? ''
    expect((JSON.parse(carried) as { type: string }[]).map(({ type }) => type)).toEqual([
      'Pods',
      'Object',
      'External',
      'Resource',
    ])
    expect(old.metadata.annotations).toHaveProperty('keep', 'me')
  })

  it('become what they were', () => {
    const behavior = { scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 1, periodSeconds: 2 }] } }
    const conditions = [{ type: 'A', status: 'True', lastTransitionTime: null, reason: 'r', message: 'm' }]
    const currentMetrics = [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 4, averageValue: '1' } } },
    ]
    const original = autoscaler({ metrics: [...metrics, cpu], behavior }, { conditions, currentMetrics })
    const before = structuredClone(original)
    expect(toV2Autoscaler(fromV2Autoscaler(original))).toEqual(original)
    expect(original).toEqual(before)
  })

  it('aim at 80 percent when they say nothing', () => {
    const { spec } = toV2Autoscaler({ metadata: {}, spec: { maxReplicas: 1 } })
    expect(spec).toMatchObject({ metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }] })
  })

  it('may carry annotations that nobody can read', () => {
    const annotations = {
      'autoscaling.alpha.kubernetes.io/metrics': '{nope',
      'autoscaling.alpha.kubernetes.io/behavior': '[]',
    }
    const converted = toV2Autoscaler({ metadata: { annotations }, spec: { maxReplicas: 1 } })
    expect(converted.metadata).toEqual({})
    expect(converted['spec']).not.toHaveProperty('behavior')
  })
})
