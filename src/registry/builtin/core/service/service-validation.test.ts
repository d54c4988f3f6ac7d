import { describe, expect, test } from 'vitest'
import type { FieldError } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { allocateForService } from './service-allocation.ts'
import { describeCidr } from './describe-cidr.ts'
import { defaultService } from './service-defaults.ts'
import { validateService, validateServiceUpdate } from './service-validation.ts'

function service(spec: object): KubeObject {
  const made: KubeObject = {
    metadata: { name: 's', namespace: 'n', uid: 'u' },
    spec: { ports: [{ port: 80 }], ...spec },
  }
  defaultService(made)
  return made
}

const textsOf = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`)
const single = `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple`
const noDualStack =
  'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'
const noIpv6 = (index: number): string =>
  `spec.ipFamilies[${index}]: Invalid value: "IPv6": not configured on this cluster`
const outside = (address: string): string =>
  `spec.clusterIPs: Invalid value: ["${address}"]: failed to allocate IP ${address}: the provided network does not match the current range`
const badPort = (port: number): string =>
  `spec.ports[0].nodePort: Invalid value: ${port}: provided port is not in the valid range. The range of valid ports is 30000-32767`
const at = (...addresses: string[]): object => ({ clusterIP: addresses[0], clusterIPs: addresses })
const nodePort = (number: number, type = 'NodePort'): object => ({ type, ports: [{ port: 80, nodePort: number }] })
const selector = { a: 'b' }

/** Texts of a kube-apiserver 1.36 with IPv4 alone. */
const refused: [object, string[]][] = [
  [{ ipFamilies: ['IPv6'] }, [noIpv6(0)]],
  [{ ipFamilies: ['IPv4', 'IPv6'] }, [`${single} IP families are specified`]],
  [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] }, [noIpv6(1)]],
  [{ ipFamilyPolicy: 'RequireDualStack' }, [noDualStack]],
  [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] }, [noDualStack, noIpv6(1)]],
  [{ ipFamilyPolicy: 'RequireDualStack', clusterIP: 'None', clusterIPs: ['None'], selector }, [noDualStack]],
  [{ clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv6'], selector }, [noIpv6(0)]],
  [at('1.2.3.4'), [outside('1.2.3.4')]],
  [at('10.0.0.0'), [outside('10.0.0.0')]],
  [at('10.0.255.255'), [outside('10.0.255.255')]],
  [at('fd00::1'), ['spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster']],
  [
    at('10.0.0.200', 'fd00::1'),
    [
      `${single} cluster IPs are specified`,
      'spec.clusterIPs[1]: Invalid value: ["10.0.0.200","fd00::1"]: IPv6 is not configured on this cluster',
    ],
  ],
  [{ ...at('1.2.3.4'), ipFamilyPolicy: 'RequireDualStack' }, [noDualStack]],
  [nodePort(99), [badPort(99)]],
  [nodePort(32_768), [badPort(32_768)]],
  [{ ...nodePort(99, 'LoadBalancer'), allocateLoadBalancerNodePorts: false }, [badPort(99)]],
  [{ ...nodePort(99), ...at('1.2.3.4') }, [outside('1.2.3.4')]],
]

describe('a service that a cluster of IPv4 cannot have', () => {
  test.each(refused)('is refused: %j', (spec, texts) => {
    expect(textsOf(validateService(service(spec), undefined))).toEqual(texts)
  })

  test.each(refused.filter(([spec]) => !('clusterIPs' in spec)))('is refused in an update, too: %j', (spec, texts) => {
    const before = service({ type: 'ExternalName', externalName: 'a.example.com' })
    const after = service(spec)
    expect(textsOf(validateService(after, undefined, before))).toEqual([])
    expect(textsOf(validateServiceUpdate(after, before))).toEqual(texts)
  })

  test.each([
    {},
    { ipFamilyPolicy: 'PreferDualStack' },
    at('10.0.0.255'),
    at('None'),
    { ...at('None'), ipFamilies: ['IPv6'] },
    { ...at('None'), ipFamilyPolicy: 'RequireDualStack' },
    { ...at('None'), ipFamilyPolicy: 'PreferDualStack', selector },
    nodePort(30_000),
    nodePort(32_767),
  ])('is none of these, nor what the server makes of them: %j', (spec) => {
    const made = service(spec)
    expect(textsOf(validateService(made, undefined))).toEqual([])
    allocateForService(made)
    expect(textsOf(validateServiceUpdate(made, made))).toEqual([])
  })
})

const noCidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const zeros = 'must not have leading 0s in IP or prefix length'
const bits = 'must not have bits set beyond the prefix length'
test.each<[string, string | undefined]>([
  ['10.0.0.0/8', undefined],
  ['::/0', undefined],
  ['2001:db8::/32', undefined],
  ['::1.2.3.4/128', undefined],
  ...['', 'x', '1.2.3.4', '10.0.0.0/33', '10.0.0.0/+8', '10.0.0.0/8/8', '::/129', 'fe80::%a/64'].map(
    (text): [string, string] => [text, noCidr],
  ),
  ['10.0.0.1/8', bits],
  ['2001:db8::1/64', bits],
  ['010.0.0.1/8', zeros],
  ['1.2.3.0/024', zeros],
  ['::ffff:1.2.3.4/96', 'must not have an IPv4-mapped IPv6 address'],
])('the network %j', (text, problem) => {
  expect(describeCidr(text)).toBe(problem)
})

test('the source ranges of a load balancer are networks', () => {
  const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', ' ::/0 ', 'x'] }
  expect(textsOf(validateService(service(spec), undefined))).toEqual([
    `spec.LoadBalancerSourceRanges[2]: Invalid value: "x": ${noCidr}`,
  ])
})
