import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../meta/object.ts'
import { mapNamespaceReferences } from './namespace-references.ts'

const mapping = { from: 'shop', to: 'shop-123' }
const rbac = 'rbac.authorization.k8s.io'
const map = (group: string, kind: string, manifest: JsonObject, to = mapping.to) => {
  const copy = structuredClone(manifest)
  const refusal = mapNamespaceReferences(group, kind, copy, { ...mapping, to })
  return { refusal: refusal?.reason, message: refusal?.message, manifest: copy }
}
const subject = (namespace: string) => ({
  subjects: [
    { kind: 'ServiceAccount', name: 'a', namespace },
    { kind: 'User', name: 'u' },
  ],
})
const policy = (namespaceSelector: JsonObject) => ({ spec: { egress: [{ to: [{ namespaceSelector }] }] } })
const byName = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

describe('fields that name a namespace', () => {
  it('are mapped when they name the object’s own', () => {
    expect(map(rbac, 'RoleBinding', subject('shop')).manifest).toEqual(subject('shop-123'))
    expect(map('networking.k8s.io', 'NetworkPolicy', policy(byName('shop'))).manifest).toEqual(
      policy(byName('shop-123')),
    )
    const term = (namespace: string) => ({
      spec: {
        template: {
          spec: {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', namespaces: [namespace] }],
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 1, podAffinityTerm: { namespaces: [namespace] } },
                ],
              },
            },
          },
        },
      },
    })
    expect(map('apps', 'Deployment', term('shop')).manifest).toEqual(term('shop-123'))
    const route = (namespace: string) => ({
      spec: {
        parentRefs: [{ name: 'g', namespace }],
        rules: [
          { backendRefs: [{ name: 's', namespace }], filters: [{ requestMirror: { backendRef: { namespace } } }] },
        ],
      },
    })
    expect(map('gateway.networking.k8s.io', 'HTTPRoute', route('shop')).manifest).toEqual(route('shop-123'))
  })

  const refused: [string, string, string, JsonObject][] = [
    ['a subject elsewhere', rbac, 'RoleBinding', subject('kube-system')],
    ['a subject whose namespace is no text', rbac, 'RoleBinding', { subjects: [{ namespace: ['shop'] }] }],
    ['all namespaces', 'networking.k8s.io', 'NetworkPolicy', policy({})],
    ['namespaces by a label', 'networking.k8s.io', 'NetworkPolicy', policy({ matchLabels: { team: 'a' } })],
    [
      'namespaces by an expression',
      'networking.k8s.io',
      'NetworkPolicy',
      policy({ ...byName('shop'), matchExpressions: [] }),
    ],
    [
      'a selector that is no object',
      'networking.k8s.io',
      'NetworkPolicy',
      { spec: { ingress: [{ from: [{ namespaceSelector: 'x' }] }] } },
    ],
    ['a claim of another namespace', '', 'PersistentVolumeClaim', { spec: { dataSourceRef: { namespace: 'other' } } }],
    [
      'a Gateway for everybody',
      'gateway.networking.k8s.io',
      'Gateway',
      { spec: { listeners: [{ allowedRoutes: { namespaces: { from: 'All' } } }] } },
    ],
    [
      'pods of all namespaces',
      '',
      'Pod',
      {
        spec: {
          affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaceSelector: {} }] } },
        },
      },
    ],
  ]
  it.each(refused)('are refused when they name %s', (_, group, kind, manifest) => {
    expect(map(group, kind, manifest).refusal).toBe('NamespaceReferenceUnsupported')
  })

  it('may name the namespace of the cluster’s DNS in a network policy', () => {
    const dns = policy(byName('kube-system'))
    expect(map('networking.k8s.io', 'NetworkPolicy', dns)).toMatchObject({ refusal: undefined, manifest: dns })
  })

  it('stay as they are on a child that belongs to one workspace', () => {
    expect(map(rbac, 'RoleBinding', subject('other'), 'shop')).toMatchObject({
      refusal: undefined,
      manifest: subject('other'),
    })
  })

  it('are left alone in kinds and places that have none', () => {
    const manifest = { spec: { namespace: 'other' }, subjects: 'none' }
    expect(map('example.com', 'Thing', manifest)).toMatchObject({ refusal: undefined, manifest })
    expect(map(rbac, 'RoleBinding', manifest)).toMatchObject({ refusal: undefined, manifest })
  })
})
