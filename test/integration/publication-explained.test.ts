import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { isConflict, isForbidden, isInvalid } from '../../src/meta/api-errors.ts'
import type { Publication } from '../../src/meta/fleet/placement.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { createStrictKubectl, newestKubectl } from '../support/kubectl.ts'
import { conditionOf, resourceOf, type SmallFleet, startSmallFleet } from '../support/small-fleet.ts'

const crdName = 'widgets.example.com'
const crds = resourceOf('CustomResourceDefinition')

const widgets = (properties: object): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: crdName },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
        },
      },
    ],
  },
})
const wide = widgets({ color: { type: 'string' }, size: { type: 'integer' } })
const narrow = widgets({ color: { type: 'string' } })
const publication = (spec: object, name = 'widgets'): KubeObject => ({
  apiVersion: 'fleet.atoll.dev/v1alpha1',
  kind: 'Publication',
  metadata: { name },
  spec: { customResourceDefinitions: [crdName], ...spec },
})
const everyWorkspace = { workspaces: { paths: ['root:*'] } }
const everywhere = { ...everyWorkspace, childClusters: {} }

describe('a Publication over HTTP', () => {
  let fleet: SmallFleet
  const untilIn = (
    [client, name]: readonly [Client, string],
    what: string,
    holds: (status: NonNullable<Publication['status']>) => boolean,
  ) =>
    eventually(
      async () => {
        const found = ((await fleet.get(client, 'Publication', name)) as Publication | undefined)?.status
        if (found && holds(found)) return found
        throw new Error(JSON.stringify(found))
      },
      { what: `${name}: ${what}`, timeoutMs: 20_000 },
    )
  const until = (what: string, holds: (status: NonNullable<Publication['status']>) => boolean) =>
    untilIn([fleet.root, 'widgets'], what, holds)
  /** Waits until every target says one of these, as `<name> <reason>`. */
  const untilTold = async (publication: readonly [Client, string], ...told: readonly string[]) => {
    const { targets = [] } = await untilIn(
      publication,
      told.join(', '),
      ({ targets: found = [] }) =>
        JSON.stringify(found.map(({ name, reason }) => `${name} ${reason}`).sort()) ===
        JSON.stringify([...told].sort()),
    )
    return targets
  }
  const crdIn = (client: Client) => fleet.get(client, 'CustomResourceDefinition', crdName)
  const isMarked = (crd: KubeObject | undefined) =>
    Object.keys(crd?.metadata.annotations ?? {}).some((key) => key.endsWith('/publication'))

  beforeAll(async () => {
    fleet = await startSmallFleet()
    await fleet.join('east', '--published-groups', 'example.com')
  }, 120_000)
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  it('names what the provider lacks, then every target', async () => {
    await fleet.apply(fleet.root, publication(everywhere))
    const lacking = await until('the type is missing', ({ targets }) => targets?.[0]?.reason === 'NotFound')
    expect(lacking.targets).toMatchObject([{ type: 'Workspace', name: 'root', ready: false }])
    await fleet.apply(fleet.root, wide)
    const there = await until('everything is there', ({ total, ready }) => total === 2 && ready === 2)
    expect(there.targets?.map(({ type, name, ready }) => [type, name, ready])).toEqual([
      ['ChildCluster', 'east', true],
      ['Workspace', 'root:shop', true],
    ])
  })

  it('lets a tenant apply the same, refuses another one and its deletion', async () => {
    const before = await crdIn(fleet.tenant)
    await fleet.apply(fleet.tenant, wide)
    expect((await crdIn(fleet.tenant))?.metadata.generation).toBe(before?.metadata.generation)
    await expect(fleet.apply(fleet.tenant, narrow)).rejects.toSatisfy(isConflict)
    await expect(fleet.tenant.resource(crds).delete({ name: crdName })).rejects.toSatisfy(isForbidden)
  })

  it('reaches a workspace that is made later, and forgets one that goes', async () => {
    await fleet.atoll('workspace', 'create', 'payments')
    await until('the new workspace has it', ({ total, ready }) => total === 3 && ready === 3)
    await fleet.atoll('workspace', 'delete', 'payments')
    await until('the workspace has gone', ({ total }) => total === 2)
  })

  it('does not let a narrower definition pass where objects are stored, and says which fields', async () => {
    await fleet.apply(fleet.tenant, {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w', namespace: 'default' },
      spec: { color: 'red', size: 3 },
    })
    await fleet.apply(fleet.root, narrow)
    const refused = await until('it is refused', ({ targets }) => targets?.every(({ ready }) => !ready) === true)
    expect(refused.targets?.map(({ name, reason }) => [name, reason])).toEqual([
      ['east', 'NarrowerSchema'],
      ['root:shop', 'NarrowerSchema'],
    ])
    expect(refused.targets?.[1]?.message).toContain('v1.spec.size goes')
    await fleet.apply(fleet.root, publication({ ...everywhere, allowNarrowing: true }))
    await until('it is let pass', ({ ready }) => ready === 2)
    expect((await crdIn(fleet.tenant))?.['spec']).toEqual((await crdIn(fleet.root))?.['spec'])
  })

  it('says why a child is not there yet', async () => {
    await fleet.stage.clientOf('west').resource(crds).create(narrow)
    await fleet.join('west')
    const waiting = await until('west has a type of its own', ({ targets }) => targets?.[0]?.reason === 'NotOurs')
    expect(waiting.targets?.[0]).toMatchObject({ name: 'west', ready: false })
    expect(waiting.targets?.[0]?.message).toContain('spec.conflict AdoptIfEqual')
    const ready = conditionOf(await fleet.get(fleet.root, 'Publication', 'widgets'), 'Ready')
    expect(ready).toMatchObject({ status: 'False', message: '1 of 3 targets are not ready' })
  })

  it.skipIf(newestKubectl() === undefined)('kubectl get shows how far it is', async () => {
    const kubectl = createStrictKubectl(fleet.stage)
    const lines = (await kubectl(['--context', 'root', 'get', 'publications'])).split('\n')
    expect(lines[0]).toMatch(/^NAME +READY +TARGETS +THERE +AGE/)
    expect(lines[1]).toMatch(/^widgets +False +3 +2 /)
  })

  it('leaves the types to publications that wait for them when it goes, where their conflict policy says so', async () => {
    const deep = 'root:shop:till'
    await fleet.atoll('workspace', 'create', deep)
    const heir = [fleet.root, 'heir'] as const
    const bystander = [fleet.root, 'bystander'] as const
    const ofTenant = [fleet.tenant, 'of-tenant'] as const
    const everyTarget = (reason: string) => ['east', 'west', 'root:shop', deep].map((name) => `${name} ${reason}`)
    await until('the new workspace has it', ({ total, ready }) => total === 4 && ready === 3)
    await fleet.apply(fleet.root, publication({ ...everywhere, conflict: 'AdoptIfEqual' }, 'heir'))
    // West has a type of its own, which the first one may not take over.
    await untilTold(heir, ...everyTarget('OwnedByAnotherPublication').with(1, 'west Published'))
    await fleet.apply(fleet.root, publication(everywhere, 'bystander'))
    await fleet.apply(fleet.tenant, publication({ ...everyWorkspace, conflict: 'Overwrite' }, 'of-tenant'))
    await untilTold(ofTenant, `${deep} OwnedByAnotherPublication`)
    await untilTold(bystander, ...everyTarget('OwnedByAnotherPublication'))

    await fleet.root.resource(resourceOf('Publication')).delete({ name: 'widgets' })
    await untilTold(heir, ...everyTarget('Published'))
    const told = await untilTold(bystander, ...everyTarget('OwnedByAnotherPublication'))
    for (const { message } of told) expect(message).toContain('by "heir"')
    expect(isMarked(await crdIn(fleet.tenant))).toBe(true)
    await expect(fleet.tenant.resource(crds).delete({ name: crdName })).rejects.toSatisfy(isForbidden)

    await fleet.root.resource(resourceOf('Publication')).delete({ name: 'heir' })
    await untilTold(ofTenant, `${deep} Published`)
    const own = ['east NotOurs', 'west NotOurs', 'root:shop OwnedByWorkspace', `${deep} OwnedByAnotherPublication`]
    for (const { name, message } of await untilTold(bystander, ...own))
      expect(message).toContain(name === deep ? 'by "of-tenant" of another workspace' : 'AdoptIfEqual would take')
  })

  it('leaves the types where they are when it goes, and they become theirs', async () => {
    await fleet.root.resource(resourceOf('Publication')).delete({ name: 'bystander' })
    await eventually(async () => !isMarked(await crdIn(fleet.tenant)), { what: 'the copy is the workspace’s own' })
    expect(await fleet.get(fleet.tenant, 'Widget', 'w', 'default')).toBeDefined()
    const onEast = await eventually(
      async () => {
        const crd = await fleet.stage.clientOf('east').resource(crds).get({ name: crdName })
        return crd.metadata.labels?.['fleet.atoll.dev/managed'] === undefined && crd
      },
      { what: 'the child keeps it without our marks' },
    )
    expect(onEast.metadata.deletionTimestamp).toBeUndefined()
    await fleet.tenant.resource(crds).delete({ name: crdName })
    await eventually(async () => (await crdIn(fleet.tenant)) === undefined, { what: 'the tenant may delete it' })
  })
})

describe('atoll publish', () => {
  let fleet: SmallFleet
  const named = (plural: string, group = 'example.com') => {
    const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1)
    const crd = structuredClone(wide)
    const names = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` }
    return { ...crd, metadata: { name: `${plural}.${group}` }, spec: { ...(crd['spec'] as object), group, names } }
  }
  const publish = (types: readonly KubeObject[], ...flags: string[]) => {
    const text = types.map((crd) => JSON.stringify(crd)).join('\n---\n')
    writeFileSync(join(fleet.stage.folder, 'types.yaml'), text)
    return fleet.atoll('publish', '-f', 'types.yaml', '--to-workspaces', 'root:*', ...flags)
  }
  const published = async () => {
    const { items } = await fleet.root.resource<Publication>(resourceOf('Publication')).list()
    return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.customResourceDefinitions]))
  }
  const installed = (name: string) => fleet.get(fleet.root, 'CustomResourceDefinition', name)

  beforeAll(async () => {
    fleet = await startSmallFleet()
  }, 120_000)
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  it('names a Publication after the API group of its types, so that those of another one stay published', async () => {
    await publish([named('gadgets', 'tools.io')])
    await publish([wide])
    await publish([wide])
    expect(await published()).toEqual({ 'tools.io': ['gadgets.tools.io'], 'example.com': [crdName] })
  })

  it('changes nothing when a Publication would lose types, and says which and what to do', async () => {
    await expect(publish([named('gears')])).rejects.toMatchObject({
      exitCode: 1,
      message: `the Publication "example.com" would no longer publish ${crdName}: choose another name with --name, or publish all of its CRDs from one file`,
    })
    expect(await installed('gears.example.com')).toBeUndefined()
    await publish([named('gears')], '--name', 'gears')
    await publish([wide, named('gizmos')])
    expect(await published()).toEqual({
      'tools.io': ['gadgets.tools.io'],
      'example.com': [crdName, 'gizmos.example.com'],
      gears: ['gears.example.com'],
    })
  })

  it('installs nothing of what the server refuses in part', async () => {
    const broken = { ...named('levers', 'tools.io'), metadata: { name: 'another.tools.io' } }
    await expect(publish([named('bolts', 'tools.io'), broken], '--name', 'part')).rejects.toSatisfy(isInvalid)
    await expect(publish([named('bolts', 'tools.io')], '--name', 'No_Name')).rejects.toSatisfy(isInvalid)
    expect(await installed('bolts.tools.io')).toBeUndefined()
  })
})
