import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import { allocateForService } from './service-allocation.ts'
import { adoptAllocated } from './service-update.ts'

function service(spec: object, uid = 'u'): KubeObject {
  return {
    metadata: { name: 's', namespace: 'n', uid },
    spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  }
}

function allocated(object: KubeObject): Record<string, unknown> {
  allocateForService(object)
  return object['spec'] as Record<string, unknown>
}

describe('what a service leaves to the server', () => {
  it('is a stable address outside of the part that is kept for wishes', () => {
    const spec = allocated(service({}))
    expect(spec).toEqual(allocated(service({})))
    expect(spec['clusterIPs']).toEqual([spec['clusterIP']])
    for (let index = 0; index < 2000; index++) {
      const address = String(allocated(service({}, `uid-${index}`))['clusterIP'])
      const [, , third = 0, fourth = 0] = address.split('.').map(Number)
      const host = third * 256 + fourth
      expect(address.startsWith('10.0.')).toBe(true)
      expect(host > 256 && host < 65_535).toBe(true)
    }
  })

  it('is nothing for an external name', () => {
    expect(allocated(service({ type: 'ExternalName' }))).not.toHaveProperty('clusterIP')
  })

  it('keeps the address that is asked for', () => {
    const spec = allocated(service({ clusterIP: '10.0.9.9', clusterIPs: ['10.0.9.9'] }))
    expect(spec).toMatchObject({ clusterIP: '10.0.9.9', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
  })

  it('is a node port per port, shared by protocols, never the same for two', () => {
    const ports = Array.from({ length: 200 }, (_, index) => ({ port: index + 1, protocol: 'TCP' }))
    const spec = allocated(service({ type: 'NodePort', ports: [...ports, { port: 1, protocol: 'UDP' }] }))
    const numbers = (spec['ports'] as { nodePort: number }[]).map(({ nodePort }) => nodePort)
    expect(new Set(numbers).size).toBe(200)
    expect(numbers.at(-1)).toBe(numbers[0])
    expect(numbers.every((port) => port >= 30_000 && port <= 32_767)).toBe(true)
  })
})

describe('an update of a service', () => {
  it('keeps what it leaves out', () => {
    const before = service({ type: 'NodePort', ports: [{ port: 80, name: 'a', protocol: 'TCP' }] })
    allocateForService(before)
    const after = service({ type: 'NodePort', ports: [{ port: 81, name: 'a', protocol: 'TCP' }] })
    adoptAllocated(after, before)
    allocateForService(after)
    const [then, now] = [before['spec'], after['spec']] as { clusterIP: string; ports: { nodePort: number }[] }[]
    expect(now?.clusterIP).toBe(then?.clusterIP)
    expect(now?.ports[0]?.nodePort).toBe(then?.ports[0]?.nodePort)
  })

  it('drops what its new type has no use for', () => {
    const before = service({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      allocateLoadBalancerNodePorts: true,
    })
    allocateForService(before)
    const after = structuredClone(before)
    Object.assign(after['spec'] as object, { type: 'ExternalName', externalName: 'x' })
    adoptAllocated(after, before)
    expect(after['spec']).toEqual({ type: 'ExternalName', externalName: 'x', ports: [{ port: 80, protocol: 'TCP' }] })
  })
})
