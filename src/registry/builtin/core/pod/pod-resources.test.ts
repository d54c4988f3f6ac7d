import { describe, expect, it } from 'vitest'
import { defaultPodLevelResources, qosClassOf } from './pod-resources.ts'

function container(limits?: object, requests?: object, more: object = {}) {
  return { name: 'c', resources: { ...(limits && { limits }), ...(requests && { requests }) }, ...more }
}

describe('the quality of service of a pod', () => {
  it.each([
    ['BestEffort', [container()]],
    ['BestEffort', [container({ 'example.com/gpu': '1' })]],
    ['BestEffort', [container(undefined, { cpu: '0' })]],
    ['Burstable', [container(undefined, { cpu: '1' })]],
    ['Burstable', [container({ cpu: '1', memory: '1Gi' }, { cpu: '500m', memory: '1Gi' })]],
    ['Burstable', [container({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }), container()]],
    ['Guaranteed', [container({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' })]],
  ])('is %s', (expected, containers) => {
    expect(qosClassOf({ containers })).toBe(expected)
  })

  it('is that of the pod as a whole where it says so', () => {
    const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }
    expect(qosClassOf({ containers: [container()], resources })).toBe('Guaranteed')
  })
})

describe('requests of a whole pod', () => {
  it('are what its containers need together, sidecars with every later init container', () => {
    const spec = {
      resources: { limits: { cpu: '9' } },
      containers: [container(undefined, { cpu: '1' }), container(undefined, { cpu: '500m' })],
      initContainers: [
        container(undefined, { cpu: '250m' }, { restartPolicy: 'Always' }),
        container(undefined, { cpu: '3' }),
      ],
    }
    defaultPodLevelResources(spec)
    expect(spec.resources).toEqual({ limits: { cpu: '9' }, requests: { cpu: '3250m' } })
  })

  it('are the limits where no container asks for anything', () => {
    const spec = { resources: { limits: { memory: '1Gi' } }, containers: [container()] }
    defaultPodLevelResources(spec)
    expect(spec.resources).toEqual({ limits: { memory: '1Gi' }, requests: { memory: '1Gi' } })
  })
})
