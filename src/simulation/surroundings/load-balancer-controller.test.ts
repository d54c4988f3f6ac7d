import { expect, it } from 'vitest'
import type { Service } from '../workload-types.ts'
import { freeAddress } from './load-balancer-controller.ts'

const service = (uid: string, ip?: string): Service => ({
  metadata: { name: uid, uid },
  spec: { type: 'LoadBalancer' },
  ...(ip === undefined ? {} : { status: { loadBalancer: { ingress: [{ ip }] } } }),
})

it('gives every balancer an address of its own, as long as there are any', () => {
  const all: Service[] = []
  for (let index = 0; index < 254; index++) {
    const wanted = service('00000a')
    all.push(service(`s${index}`, freeAddress(all, wanted)))
  }
  const given = all.flatMap(({ status }) => status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [])
  expect(new Set(given).size).toBe(254)
  expect(freeAddress(all, service('00000a'))).toBe('203.0.113.11')
})

it('gives the same service the same address, and different ones different addresses', () => {
  expect(freeAddress([], service('abcdef'))).toBe(freeAddress([], service('abcdef')))
  expect(freeAddress([], service('abcdef'))).not.toBe(freeAddress([], service('123456')))
})
