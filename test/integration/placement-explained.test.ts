import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placementLabel } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { deployment, placement } from '../support/fleet-objects.ts'
import { createStrictKubectl, newestKubectl } from '../support/kubectl.ts'
import { conditionOf, type SmallFleet, startSmallFleet } from '../support/small-fleet.ts'

let fleet: SmallFleet

beforeAll(async () => {
  fleet = await startSmallFleet()
  await fleet.join('east', '--labels', 'region=east')
  await fleet.apply(fleet.tenant, placement('everywhere', {}))
}, 120_000)
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
})

const labels = { [placementLabel]: 'everywhere' }
const service = (name: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels },
  spec: { ports: [{ port: 80 }], ...spec },
})
const configMap = (name: string, data: object = {}, metadata: object = { labels }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
  data,
})

describe('a tenant reads in the workspace why an object is not where it was to be', () => {
  it('a Service with externalIPs: annotation, condition and Event name the profile; without them all is over', async () => {
    await fleet.apply(fleet.tenant, service('open', { externalIPs: ['192.0.2.1'] }))
    await fleet.untilTold('Service', 'open', /^east: ForbiddenByProfile: spec\.externalIPs/)
    const { ForbiddenByProfile } = await fleet.events('open')
    expect(ForbiddenByProfile).toMatchObject({ type: 'Warning', count: 1, involvedObject: { kind: 'Service' } })
    const refused = await fleet.get(fleet.tenant, 'Service', 'open', 'default')
    expect(conditionOf(refused, 'Delivered')).toMatchObject({ status: 'False', reason: 'ForbiddenByProfile' })
    await fleet.apply(fleet.tenant, service('open', {}))
    await fleet.untilTold('Service', 'open', undefined)
    const delivered = await fleet.get(fleet.tenant, 'Service', 'open', 'default')
    expect(conditionOf(delivered, 'Delivered')).toMatchObject({ status: 'True' })
    expect(Object.keys(await fleet.events('open')).sort()).toEqual(['ForbiddenByProfile', 'PlacementResolved'])
  })

  it('the same refusal again is the same Event, counted', async () => {
    for (const replacement of [{ externalIPs: ['192.0.2.1'] }, {}, { externalIPs: ['192.0.2.2'] }]) {
      await fleet.apply(fleet.tenant, service('again', replacement))
      const bad = 'externalIPs' in replacement
      if (!bad)
        await eventually(async () => (await copyOf('services', 'again')) !== undefined, { what: 'it is delivered' })
      await fleet.untilTold('Service', 'again', bad ? /ForbiddenByProfile/ : undefined)
    }
    expect((await fleet.events('again'))['ForbiddenByProfile']).toMatchObject({ count: 2 })
  })

  it('a privileged pod names the field', async () => {
    await fleet.apply(fleet.tenant, deployment('privileged', { labels, podSpec: { hostNetwork: true } }))
    await fleet.untilTold('Deployment', 'privileged', /^east: PodSecurityViolation: .*hostNetwork/)
    const refused = await fleet.get(fleet.tenant, 'Deployment', 'privileged', 'default')
    expect(conditionOf(refused, 'Delivered')).toMatchObject({ reason: 'PodSecurityViolation' })
  })

  it('cluster-scoped kinds, CRDs, references to other namespaces', async () => {
    await fleet.apply(fleet.tenant, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'everything', labels },
      rules: [],
    })
    await fleet.untilTold('ClusterRole', 'everything', /^east: ForbiddenByProfile: .*cluster-scoped/)
    await fleet.apply(fleet.tenant, widgetCrd(labels))
    await fleet.untilTold('CustomResourceDefinition', 'widgets.example.com', /^NotPlaceable: .*Publication/)
    await fleet.apply(fleet.tenant, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'outside', namespace: 'default', labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'kube-system' }],
    })
    await fleet.untilTold('RoleBinding', 'outside', /^east: NamespaceReferenceUnsupported: /)
  })

  it('an object of a type that the child does not serve', async () => {
    const widget = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w', namespace: 'default', labels },
    }
    await eventually(() => fleet.apply(fleet.tenant, widget), { what: 'the type is served in the workspace' })
    await fleet.untilTold('Widget', 'w', /^east: (KindNotServed|ForbiddenByChild): /)
  })

  it('a large object gets no slot', async () => {
    await fleet.apply(fleet.tenant, configMap('large', { a: 'x'.repeat(1_040_000), b: 'y'.repeat(8_000) }))
    await fleet.untilTold('ConfigMap', 'large', /^TooLarge: the object has 1\d{6} bytes/)
    expect((await fleet.events('large'))['TooLarge']).toBeDefined()
  })

  it('a Placement that there is not yet, that selects nothing, and a tie of two', async () => {
    await fleet.apply(fleet.tenant, configMap('early', {}, { labels: { [placementLabel]: 'later' } }))
    await fleet.untilTold('ConfigMap', 'early', /^PlacementNotFound: there is no Placement "later"/)
    await fleet.apply(fleet.tenant, placement('later', { clusterSelector: { matchLabels: { region: 'moon' } } }))
    await fleet.untilTold('ConfigMap', 'early', /^NoChildCluster: .*east: its labels do not match/)
    await fleet.apply(fleet.tenant, placement('later', {}))
    await fleet.untilTold('ConfigMap', 'early', undefined)
    const selects = { resourceSelectors: [{ kind: 'ConfigMap', labelSelector: { matchLabels: { pick: 'me' } } }] }
    await fleet.apply(fleet.tenant, placement('one', selects))
    await fleet.apply(fleet.tenant, placement('two', selects))
    await fleet.apply(fleet.tenant, configMap('tied', {}, { labels: { pick: 'me' } }))
    await fleet.untilTold('ConfigMap', 'tied', /^Ambiguous: .*"one" and "two"/)
    await fleet.tenant.resource(placements).delete({ name: 'two' })
    await fleet.untilTold('ConfigMap', 'tied', undefined)
    await eventually(async () => (await copyOf('configmaps', 'tied')) !== undefined, { what: 'it is delivered' })
  })

  it.skipIf(newestKubectl() === undefined)('kubectl describe shows it all', async () => {
    const kubectl = createStrictKubectl(fleet.stage)
    const text = await kubectl(['--context', 'shop', 'describe', 'deployment', 'privileged'])
    expect(text).toMatch(/Annotations:.*\n?.*placement-status: *\n? *east: PodSecurityViolation/)
    expect(text).toMatch(/Delivered +False +PodSecurityViolation/)
    expect(text).toMatch(/Warning +PodSecurityViolation .*atoll-placement +east: /)
  })
})

const placements = { group: 'fleet.atoll.dev', version: 'v1alpha1', resource: 'placements' }

const widgetCrd = (own: Record<string, string>): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com', labels: own },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
      },
    ],
  },
})

/** The copy of an object on the child cluster east. */
async function copyOf(resource: string, name: string): Promise<KubeObject | undefined> {
  const { items } = await fleet.stage
    .clientOf('east')
    .resource({ group: '', version: 'v1', resource })
    .list({ labelSelector: 'fleet.atoll.dev/managed' })
  return items.find(({ metadata }) => metadata.name === name)
}

describe('what a Placement and a child cluster say of themselves', () => {
  it('counts of copies, refused ones by child, and a tie that could be', async () => {
    const status = await eventually(
      async () => {
        const found = await fleet.get(fleet.tenant, 'Placement', 'everywhere')
        return conditionOf(found, 'Delivered')?.reason === 'DeliveriesFailed'
          ? (found?.['status'] as object)
          : undefined
      },
      { what: 'the Placement says that copies are refused' },
    )
    expect(status).toMatchObject({ decisions: [{ cluster: 'east', selected: true, reason: 'Selected' }] })
    const selects = { resourceSelectors: [{ kind: 'ConfigMap' }] }
    await fleet.apply(fleet.tenant, placement('wide', selects))
    await eventually(
      async () => conditionOf(await fleet.get(fleet.tenant, 'Placement', 'one'), 'Ambiguous')?.status === 'True',
      { what: 'both say that they could select one object' },
    )
    await fleet.tenant.resource(placements).delete({ name: 'wide' })
    await eventually(
      async () => conditionOf(await fleet.get(fleet.tenant, 'Placement', 'one'), 'Ambiguous')?.status === 'False',
      { what: 'the other is gone' },
    )
  })

  it('a Placement with deletionPolicy Delete takes its copies with it', async () => {
    await fleet.apply(fleet.tenant, placement('short', { deletionPolicy: 'Delete' }))
    await fleet.apply(fleet.tenant, configMap('brief', {}, { labels: { [placementLabel]: 'short' } }))
    await eventually(async () => (await copyOf('configmaps', 'brief')) !== undefined, { what: 'it is delivered' })
    await fleet.tenant.resource(placements).delete({ name: 'short' })
    await eventually(async () => (await copyOf('configmaps', 'brief')) === undefined, { what: 'the copy goes' })
    await eventually(async () => (await fleet.get(fleet.tenant, 'Placement', 'short')) === undefined, {
      what: 'the Placement goes',
    })
    expect(await fleet.get(fleet.tenant, 'ConfigMap', 'brief', 'default')).toBeDefined()
  })

  it('the child cluster has all its conditions', async () => {
    const east = await fleet.get(fleet.root, 'ChildCluster', 'east')
    const said = Object.fromEntries(
      ['Joined', 'Ready', 'Reachable', 'Forked', 'SyncHealthy', 'CertificateValid'].map((type) => [
        type,
        conditionOf(east, type)?.status,
      ]),
    )
    expect(said).toMatchObject({
      Joined: 'True',
      Ready: 'True',
      Reachable: 'True',
      Forked: 'False',
      CertificateValid: 'True',
    })
  })

  it.skipIf(newestKubectl() === undefined)('kubectl get shows it in columns', async () => {
    const kubectl = createStrictKubectl(fleet.stage)
    const [heads, line] = (await kubectl(['--context', 'shop', 'get', 'placements', 'everywhere'])).split('\n')
    expect(heads).toMatch(/^NAME +CLUSTERS +COPIES +APPLIED +FAILED +SATISFIED +AGE/)
    expect(line).toMatch(/^everywhere +east +\d+ +\d+ +\d+ +True/)
    const clusters = await kubectl(['--context', 'root', 'get', 'childclusters'])
    expect(clusters).toMatch(/^NAME +MODE +READY +REASON +VERSION +NODES +COPIES +APPLIED +AGE/)
    expect(clusters).toMatch(/^east +kubeconfig +True +Ready/m)
  })
})
