import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../../meta/object.ts'
import { aggregateStatus, type Share } from './aggregate-status.ts'
import { chooseChildClusters, isOfferedTo, type RegisteredChildCluster } from './choose-child-clusters.ts'
import { divideEvenly } from './divide-replicas.ts'
import { placementManager, withoutOwnStatus } from './own-status.ts'
import { whyNotDeliverable } from './placeable.ts'
import { renderManifest } from './render-manifest.ts'
import { deliveryName, mappedNamespace } from './slot-names.ts'

describe('dividing replicas', () => {
  test('five over two clusters are three and two', () => {
    expect(divideEvenly(5, 2)).toEqual([3, 2])
  })
  test('nothing is lost and no two shares differ by more than one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 100 }), (replicas, count) => {
        const shares = divideEvenly(replicas, count)
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(replicas)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

function childCluster(
  name: string,
  spec: Partial<RegisteredChildCluster['object']['spec']> = {},
  labels = {},
): RegisteredChildCluster {
  return {
    uid: `uid-${name}`,
    name,
    homePath: 'root:fleet',
    object: { metadata: { name, labels }, spec: { mode: 'agent', ...spec }, status: { conditions: [joined] } },
  }
}
const joined = { type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime: '' } as const
const placement = (spec: Placement['spec'] = {}): Placement => ({ metadata: { name: 'p' }, spec })
const selected = (decisions: ReturnType<typeof chooseChildClusters>) =>
  decisions.filter((one) => one.selected).map((one) => one.childCluster.name)

describe('choosing child clusters', () => {
  test('a cluster is offered to the subtree where it was joined, and to nobody else', () => {
    expect(isOfferedTo(childCluster('a'), 'root:fleet')).toBe(true)
    expect(isOfferedTo(childCluster('a'), 'root:fleet:team')).toBe(true)
    expect(isOfferedTo(childCluster('a'), 'root:fleeting')).toBe(false)
    expect(isOfferedTo(childCluster('a', { offeredTo: ['root:fleet:x:*'] }), 'root:fleet:x:y')).toBe(true)
    expect(isOfferedTo(childCluster('a', { offeredTo: ['root:fleet:x:*'] }), 'root:fleet:x')).toBe(false)
    expect(isOfferedTo(childCluster('a', { offeredTo: [] }), 'root:fleet')).toBe(false)
  })
  test('a cluster that offers itself to workspaces outside the subtree where it was joined reaches none of them', () => {
    const greedy = childCluster('a', { offeredTo: ['root', 'root:*', 'root:x'] })
    for (const path of ['root', 'root:x', 'root:x:y', 'root:fleeting', ''])
      expect(isOfferedTo(greedy, path)).toBe(false)
    expect(isOfferedTo(greedy, 'root:fleet:team')).toBe(true)
    expect(isOfferedTo({ ...childCluster('a'), homePath: '' }, '')).toBe(false)
  })
  test('a cluster with identity mapping is for one workspace: two that have the same names never meet', () => {
    const dedicated = childCluster('a', { namespaceMapping: { mode: 'Identity', workspace: 'root:fleet:team' } })
    expect(isOfferedTo(dedicated, 'root:fleet:team')).toBe(true)
    expect(isOfferedTo(dedicated, 'root:fleet:other')).toBe(false)
    expect(isOfferedTo(dedicated, 'root:fleet')).toBe(false)
    const unnamed = childCluster('a', { namespaceMapping: { mode: 'Identity' } })
    expect(isOfferedTo(unnamed, 'root:fleet')).toBe(true)
    expect(isOfferedTo(unnamed, 'root:fleet:team')).toBe(false)
  })
  test('selectors decide, and each decision has a reason', () => {
    const clusters = [childCluster('b', {}, { zone: 'eu' }), childCluster('a', {}, { zone: 'us' })]
    const decisions = chooseChildClusters(
      placement({ clusterSelector: { matchLabels: { zone: 'eu' } } }),
      clusters,
      new Set(),
    )
    expect(decisions.map(({ childCluster: { name }, reason }) => [name, reason])).toEqual([
      ['a', 'NotMatched'],
      ['b', 'Selected'],
    ])
  })
  test('a cordoned cluster keeps what it has and takes nothing new', () => {
    const clusters = [childCluster('a', { unschedulable: true })]
    expect(selected(chooseChildClusters(placement(), clusters, new Set()))).toEqual([])
    expect(selected(chooseChildClusters(placement(), clusters, new Set(['uid-a'])))).toEqual(['a'])
  })
  test('taints keep out what does not tolerate them', () => {
    const clusters = [childCluster('a', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSelect' }] })]
    expect(selected(chooseChildClusters(placement(), clusters, new Set()))).toEqual([])
    const tolerations = [{ key: 'gpu', operator: 'Equal' as const, value: 'yes' }]
    expect(selected(chooseChildClusters(placement({ tolerations }), clusters, new Set()))).toEqual(['a'])
  })
  test('a cluster that has never joined takes no part, one that has joined and fallen silent keeps its own', () => {
    const invited = childCluster('a')
    invited.object.status = { conditions: [{ ...joined, status: 'False', reason: 'WaitingForAgent' }] }
    const created = childCluster('b')
    delete created.object.status
    const silent = childCluster('c')
    silent.object.status?.conditions?.push({
      ...joined,
      type: 'Reachable',
      status: 'Unknown',
      reason: 'HeartbeatMissing',
    })
    const decisions = chooseChildClusters(placement(), [invited, created, silent], new Set())
    expect(decisions.map(({ reason }) => reason)).toEqual(['NotJoined', 'NotJoined', 'Selected'])
    expect(decisions[0]?.message).toBe('it has not joined yet: nothing has been heard from it')
  })
  test('with a limit, clusters that have copies already are preferred', () => {
    const clusters = [childCluster('a'), childCluster('b'), childCluster('c')]
    expect(selected(chooseChildClusters(placement({ numberOfClusters: 2 }), clusters, new Set(['uid-c'])))).toEqual([
      'a',
      'c',
    ])
  })
})

describe('rendering a manifest', () => {
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '7',
      finalizers: ['fleet.atoll.dev/placed'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o' }],
      annotations: {
        keep: 'me',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        'internal.fleet.atoll.dev/targets': 'x',
      },
    },
    spec: { clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'], ports: [{ port: 80, nodePort: 30_000 }] },
    status: { loadBalancer: {} },
  }
  test('keeps what the tenant wrote and nothing that was allocated or belongs here', () => {
    expect(renderManifest(service)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', annotations: { keep: 'me' } },
      spec: { ports: [{ port: 80 }] },
    })
    expect(service['spec']).toHaveProperty('clusterIP')
  })
  test('a headless service stays headless', () => {
    const headless = { ...service, spec: { clusterIP: 'None', clusterIPs: ['None'] } }
    expect(renderManifest(headless)['spec']).toEqual({ clusterIP: 'None', clusterIPs: ['None'] })
  })
  test('tokens, defaults of every workspace and what a controller owns are not delivered', () => {
    const named = (name: string, extra = {}): KubeObject => ({ metadata: { name, ...extra } })
    expect(whyNotDeliverable('', 'serviceaccounts', named('default'))).toContain('of its own')
    expect(whyNotDeliverable('', 'serviceaccounts', named('web'))).toBeUndefined()
    expect(whyNotDeliverable('', 'configmaps', named('kube-root-ca.crt'))).toContain('of its own')
    const token = { ...named('t'), type: 'kubernetes.io/service-account-token' }
    expect(whyNotDeliverable('', 'secrets', token)).toContain('token')
    expect(whyNotDeliverable('apiextensions.k8s.io', 'customresourcedefinitions', named('c'))).toContain('Publication')
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'd', controller: true }]
    expect(whyNotDeliverable('apps', 'replicasets', named('d-1', { ownerReferences }))).toContain('the Deployment "d"')
  })
})

describe('names of slots and namespaces', () => {
  const source = {
    logicalCluster: 'a',
    group: 'apps',
    resource: 'deployments',
    kind: 'Deployment',
    namespace: 'default',
    name: 'web',
  }
  test('differ in every part of the identity', () => {
    const names = [
      source,
      { ...source, logicalCluster: 'b' },
      { ...source, group: 'extensions' },
      { ...source, resource: 'daemonsets' },
      { ...source, namespace: 'other' },
      { ...source, name: 'web2' },
    ].map(deliveryName)
    expect(new Set(names).size).toBe(names.length)
  })
  test('are valid namespace names, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (logicalCluster, namespace) => {
        expect(mappedNamespace('hub', logicalCluster, namespace)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      }),
    )
  })
  test('two workspaces never meet in one namespace', () => {
    expect(mappedNamespace('hub', 'a', 'default')).not.toBe(mappedNamespace('hub', 'b', 'default'))
    expect(mappedNamespace('hub', 'a', 'default')).not.toBe(mappedNamespace('other', 'a', 'default'))
  })
})

describe('aggregating status', () => {
  const source: KubeObject = { metadata: { name: 'web', generation: 4 }, spec: { replicas: 3 } }
  const options = { source, group: 'apps', resource: 'deployments', divided: false, nowMs: 0 }
  function share(
    name: string,
    childStatus: JsonObject,
    status: Partial<NonNullable<Delivery['status']>> = {},
    stale = false,
  ): Share {
    const delivery = {
      metadata: { name },
      spec: {},
      status: {
        appliedGeneration: 4,
        appliedChildGeneration: 2,
        childStatus: { observedGeneration: 2, ...childStatus },
        ...status,
      },
    } as unknown as Delivery
    return { childCluster: name, delivery, stale }
  }
  const full = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 }

  test('duplicated: three of three here and none there is not finished', () => {
    const status = aggregateStatus([share('a', full), share('b', { unavailableReplicas: 3 })], options)
    expect(status).toMatchObject({ replicas: 3, unavailableReplicas: 3, observedGeneration: 4 })
    expect(status).not.toHaveProperty('availableReplicas')
  })
  test('divided: shares are summed', () => {
    const shares = [share('a', { replicas: 3, readyReplicas: 3 }), share('b', { replicas: 2, readyReplicas: 1 })]
    expect(aggregateStatus(shares, { ...options, divided: true })).toMatchObject({ replicas: 5, readyReplicas: 4 })
  })
  test('the generation counts as observed only when every child has observed it', () => {
    const behind = share('b', { observedGeneration: 1 })
    expect(aggregateStatus([share('a', full), behind], options)).toMatchObject({ observedGeneration: 3 })
    const unapplied = share('b', {}, { appliedGeneration: 3 })
    expect(aggregateStatus([share('a', full), unapplied], options)).toMatchObject({ observedGeneration: 3 })
  })
  test('one stale share makes Available unknown', () => {
    const available = [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'ok', lastTransitionTime: '' },
    ]
    const conditions = available as unknown as JsonObject[]
    const status = aggregateStatus(
      [share('a', { ...full, conditions }), share('b', { ...full, conditions }, {}, true)],
      options,
    )
    expect(status?.['conditions']).toMatchObject([
      { type: 'Available', status: 'Unknown', reason: 'ChildClusterUnreachable' },
    ])
  })
  test('what a child says at any length and in any shape does not stand in the way of the others', () => {
    const long = [{ type: 'Available', status: 'False', reason: 'r', message: 'x'.repeat(1_000_000) }]
    const odd = [null, 7, 'Available', {}, { type: 3 }] as unknown as JsonObject[]
    const shares = [share('a', { ...full, conditions: long }), share('b', { ...full, conditions: odd })]
    const status = aggregateStatus(shares, options) as { conditions: { message: string }[] }
    const [condition, ...others] = status.conditions
    expect(others).toEqual([])
    expect(condition).toMatchObject({ type: 'Available', status: 'False' })
    expect(condition?.message.length).toBeLessThan(40_000)
  })
  test('one unavailable child makes Available false', () => {
    const condition = (status: string) =>
      [{ type: 'Available', status, reason: 'r', message: 'm', lastTransitionTime: '' }] as unknown as JsonObject[]
    const shares = [
      share('a', { ...full, conditions: condition('True') }),
      share('b', { conditions: condition('False') }),
    ]
    expect(aggregateStatus(shares, options)?.['conditions']).toMatchObject([{ type: 'Available', status: 'False' }])
  })
  test('addresses of all load balancers are listed', () => {
    const balancer = (ip: string): JsonObject => ({ loadBalancer: { ingress: [{ ip }] } })
    const shares = [share('a', balancer('1.1.1.1')), share('b', balancer('2.2.2.2')), share('c', balancer('1.1.1.1'))]
    expect(aggregateStatus(shares, { ...options, group: '', resource: 'services' })).toEqual({
      loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { ip: '2.2.2.2' }] },
    })
  })
  test('a kind without a rule is copied from a single child, and says nothing with several', () => {
    const other = { ...options, group: 'example.com', resource: 'things' }
    expect(aggregateStatus([share('a', { phase: 'Done' })], other)).toMatchObject({ phase: 'Done' })
    expect(aggregateStatus([share('a', {}), share('b', {})], other)).toBeUndefined()
  })
})

describe('what placement wrote into a status', () => {
  const owned = (fields: JsonObject): ManagedFieldsEntry[] => [
    { manager: 'other', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': { 'f:theirs': {} } } },
    { manager: placementManager, operation: 'Update', fieldsV1: { 'f:status': { 'f:elsewhere': {} } } },
    { manager: placementManager, operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': fields } },
  ]
  const status = {
    theirs: 1,
    replicas: 3,
    balancer: { ingress: [{ ip: '1.1.1.1' }] },
    list: ['a'],
    conditions: [{ type: 'Available' }, { type: 'Theirs', message: 'ours' }],
  }
  test('goes, field by field, and what others wrote stays', () => {
    const fields = {
      'f:replicas': {},
      'f:balancer': { '.': {}, 'f:ingress': {} },
      'f:list': {},
      'f:conditions': {
        'k:{"type":"Available"}': { '.': {}, 'f:type': {} },
        'k:{"type":"Theirs"}': { 'f:message': {} },
      },
    }
    expect(withoutOwnStatus({ metadata: { managedFields: owned(fields) }, status })).toEqual({
      theirs: 1,
      conditions: [{ type: 'Theirs', message: 'ours' }],
    })
  })
  test('goes from a set value by value', () => {
    const fields = { 'f:tags': { 'v:"a"': {}, 'v:"gone"': {} }, 'f:ports': { '.': {}, 'v:80': {} } }
    const sets = { tags: ['a', 'b-of-another'], ports: [80] }
    expect(withoutOwnStatus({ metadata: { managedFields: owned(fields) }, status: sets })).toEqual({
      tags: ['b-of-another'],
    })
  })
  test('is nothing where it has never written, or there is no status', () => {
    expect(withoutOwnStatus({ metadata: {}, status })).toBeUndefined()
    expect(withoutOwnStatus({ metadata: { managedFields: owned({ 'f:a': {} }).slice(0, 2) }, status })).toBeUndefined()
    expect(withoutOwnStatus({ metadata: { managedFields: owned({ 'f:a': {} }) } })).toBeUndefined()
  })
})
