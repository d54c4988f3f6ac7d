import { describe, expect, it } from 'vitest'
import type { DeliverySource } from '../meta/fleet/delivery.ts'
import type { JsonObject } from '../meta/object.ts'
import { profileRefusal, tooLarge } from './profile-refusals.ts'

const source = (group: string, kind: string, namespace = 'shop'): DeliverySource => ({
  logicalCluster: 'a1b2c3d4e5f6g7h8',
  group,
  resource: `${kind.toLowerCase()}s`,
  kind,
  namespace,
  name: 'x',
})
const pod = (spec: JsonObject): JsonObject => ({
  metadata: { name: 'x' },
  spec: { containers: [{ name: 'a', image: 'b' }], ...spec },
})
const container = (change: JsonObject) => pod({ containers: [{ name: 'a', image: 'b', ...change }] })

describe('what the profile refuses', () => {
  it('lets an ordinary pod pass', () => {
    const ordinary = container({
      ports: [{ containerPort: 80 }],
      securityContext: { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] }, privileged: false },
      livenessProbe: { httpGet: { path: '/', port: 80 } },
    })
    expect(profileRefusal(source('', 'Pod'), ordinary)).toBeUndefined()
  })

  const violations: [string, JsonObject, string][] = [
    ['the host network', pod({ hostNetwork: true }), 'spec.hostNetwork'],
    ['the host network as a text', pod({ hostNetwork: 'true' }), 'spec.hostNetwork'],
    [
      'a host path',
      pod({ volumes: [{ name: 'a' }, { name: 'v', hostPath: { path: '/' } }] }),
      'spec.volumes[1].hostPath',
    ],
    ['a host path that is no object', pod({ volumes: [{ name: 'v', hostPath: '/' }] }), 'spec.volumes[0].hostPath'],
    ['an unsafe sysctl', pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }), 'sysctls'],
    ['seccomp turned off', pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }), 'seccompProfile'],
    ['a host port', container({ ports: [{ hostPort: 80 }] }), 'hostPort'],
    ['privilege', container({ securityContext: { privileged: true } }), 'privileged'],
    ['a capability', container({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }), 'SYS_ADMIN'],
    ['an SELinux type', container({ securityContext: { seLinuxOptions: { type: 'spc_t' } } }), 'seLinuxOptions'],
    ['an unmasked proc', container({ securityContext: { procMount: 'Unmasked' } }), 'procMount'],
    ['a Windows host process', pod({ securityContext: { windowsOptions: { hostProcess: true } } }), 'hostProcess'],
    ['a probe of another host', container({ livenessProbe: { tcpSocket: { host: '10.0.0.1', port: 1 } } }), 'host'],
    [
      'a privileged init container',
      pod({ initContainers: [{ securityContext: { privileged: true } }] }),
      'initContainers[0]',
    ],
  ]
  it.each(violations)('refuses %s', (_, manifest, field) => {
    const refusal = profileRefusal(source('', 'Pod'), manifest)
    expect(refusal?.reason).toBe('PodSecurityViolation')
    expect(refusal?.message).toContain(field)
  })

  it('finds the pod in every kind of workload', () => {
    const template = { spec: { hostPID: true } }
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])
      expect(profileRefusal(source('apps', kind), { spec: { template } })?.reason).toBe('PodSecurityViolation')
    expect(profileRefusal(source('batch', 'Job'), { spec: { template } })?.reason).toBe('PodSecurityViolation')
    const cronJob = { spec: { jobTemplate: { spec: { template } } } }
    expect(profileRefusal(source('batch', 'CronJob'), cronJob)?.message).toContain(
      'spec.jobTemplate.spec.template.spec.hostPID',
    )
  })

  it('refuses what belongs to the cluster', () => {
    const refused = (group: string, kind: string, manifest: JsonObject = {}, namespace?: string) =>
      profileRefusal(source(group, kind, namespace), manifest)?.reason
    expect(refused('rbac.authorization.k8s.io', 'ClusterRole', {}, '')).toBe('ForbiddenByProfile')
    expect(refused('', 'Namespace')).toBe('ForbiddenByProfile')
    expect(refused('discovery.k8s.io', 'EndpointSlice')).toBe('ForbiddenByProfile')
    expect(refused('', 'Service', { spec: { externalIPs: ['8.8.8.8'] } })).toBe('ForbiddenByProfile')
    expect(refused('', 'Service', { spec: { externalIPs: [] } })).toBeUndefined()
    expect(refused('', 'Secret', { type: 'kubernetes.io/service-account-token' })).toBe('ForbiddenByProfile')
    expect(refused('', 'Pod', pod({ priorityClassName: 'system-node-critical' }))).toBe('ForbiddenByProfile')
  })

  it('refuses our own marks and what is too large', () => {
    const marked = (field: string, key: string) => ({ metadata: { [field]: { [key]: 'x' } } })
    const refused = (manifest: JsonObject) => profileRefusal(source('', 'ConfigMap'), manifest)?.reason
    expect(refused(marked('annotations', 'internal.fleet.atoll.dev/delivery'))).toBe('ReservedMetadata')
    expect(refused(marked('labels', 'fleet.atoll.dev/managed'))).toBe('ReservedMetadata')
    expect(refused(marked('labels', 'fleet.atoll.dev/placement'))).toBeUndefined()
    expect(tooLarge({ data: { a: 'ä'.repeat(600_000) } })?.reason).toBe('TooLarge')
  })

  it('survives manifests of the wrong shape', () => {
    const odd: unknown[] = [null, 1, 'x', [], [null], { spec: null }, { spec: [] }, { spec: { containers: { a: 1 } } }]
    for (const manifest of odd) {
      const hostile = { metadata: manifest, spec: manifest, template: manifest } as JsonObject
      for (const kind of ['Pod', 'Service', 'PodTemplate'])
        expect(() => profileRefusal(source('', kind), hostile)).not.toThrow()
      expect(() => profileRefusal(source('apps', 'Deployment'), { spec: { template: hostile } })).not.toThrow()
    }
    const proto = JSON.parse(
      '{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"spec":{"hostNetwork":true}}}',
    ) as JsonObject
    expect(profileRefusal(source('', 'Pod'), proto)).toBeUndefined()
  })
})
