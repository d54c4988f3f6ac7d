import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import type { CollectionAddress, ObjectAddress } from '../../storage/keys.ts'
import { customResourceDefinitionsDefinition } from '../apiextensions/crd-definition.ts'
import type { CrdObject } from '../apiextensions/crd-object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { CatalogSnapshot } from '../resource-catalog.ts'
import { createResourceCatalog } from './create-resource-catalog.ts'

function crd(plural: string, { established = true, kind = 'Foo', served = true } = {}): CrdObject {
  const names = { plural, singular: plural, kind, listKind: `${kind}List` }
  const status = established ? 'True' : 'False'
  return {
    metadata: { name: `${plural}.ex.io`, generation: 1 },
    spec: {
      group: 'ex.io',
      scope: 'Cluster',
      names,
      versions: [
        { name: 'v1', served, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
    status: {
      acceptedNames: names,
      conditions: [{ type: 'Established', status, reason: '', message: '', lastTransitionTime: '' }],
    },
  }
}

/** A store of CRDs that counts how often it is read. */
function fakeReader(crds: Record<string, KubeObject[]>) {
  const reads: string[] = []
  const find = (logicalCluster: string) => crds[logicalCluster] ?? []
  const reader: ObjectReader = {
    get: ({ logicalCluster, name }: ObjectAddress) => {
      reads.push(`get ${logicalCluster} ${name}`)
      return find(logicalCluster).find(({ metadata }) => metadata.name === name)
    },
    list: ({ logicalCluster }: CollectionAddress) => {
      reads.push(`list ${logicalCluster}`)
      return find(logicalCluster)
    },
  }
  return { reader, reads }
}

const builtins = [customResourceDefinitionsDefinition]

describe('the resource catalog', () => {
  it('finds built-ins without reading anything, the same answer each time', () => {
    const { reader, reads } = fakeReader({})
    const catalog = createResourceCatalog({ builtins, reader })
    const found = catalog.resolve('a', 'apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
    expect(found).toMatchObject({ definition: customResourceDefinitionsDefinition })
    expect(catalog.resolve('b', 'apiextensions.k8s.io', 'v1', 'customresourcedefinitions')).toBe(found)
    expect(catalog.resolve('a', 'apiextensions.k8s.io', 'v2', 'customresourcedefinitions')).toBe(undefined)
    expect(catalog.resolve('a', '', 'v1', 'nothing')).toBe(undefined)
    expect(catalog.definitionOf('a', 'apiextensions.k8s.io', 'customresourcedefinitions')).toBe(
      customResourceDefinitionsDefinition,
    )
    expect(reads).toEqual([])
  })

  it('reads a CRD when its resource is first asked for, and only that one', () => {
    const { reader, reads } = fakeReader({ a: [crd('foos'), crd('bars', { kind: 'Bar' })] })
    const catalog = createResourceCatalog({ builtins, reader })
    const found = catalog.resolve('a', 'ex.io', 'v1', 'foos')
    expect(found).toMatchObject({ definition: { kind: 'Foo' }, version: { version: 'v1' } })
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(found)
    expect(catalog.resolve('a', 'ex.io', 'v2', 'foos')).toMatchObject({ version: { version: 'v2' } })
    expect(catalog.resolve('a', 'ex.io', 'v3', 'foos')).toBe(undefined)
    expect(reads).toEqual(['get a foos.ex.io'])
  })

  it('remembers what is not there, until it is told of a change', () => {
    const crds: Record<string, KubeObject[]> = { a: [], b: [] }
    const { reader, reads } = fakeReader(crds)
    const catalog = createResourceCatalog({ builtins, reader })
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(undefined)
    crds['a'] = [crd('foos')]
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(undefined)
    catalog.invalidate('b')
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(undefined)
    catalog.invalidate('a')
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBeDefined()
    expect(reads).toEqual(['get a foos.ex.io', 'get a foos.ex.io'])
  })

  it('serves established CRDs and served versions only', () => {
    const { reader } = fakeReader({ a: [crd('foos', { established: false }), crd('bars', { served: false })] })
    const catalog = createResourceCatalog({ builtins, reader })
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(undefined)
    expect(catalog.definitionOf('a', 'ex.io', 'foos')).toBe(undefined)
    expect(catalog.resolve('a', 'ex.io', 'v1', 'bars')).toBe(undefined)
    expect(catalog.resolve('a', 'ex.io', 'v2', 'bars')).toBeDefined()
  })

  it('keeps workspaces apart and shares what they have alike', () => {
    const different = crd('foos', { kind: 'Other' })
    const { reader } = fakeReader({ a: [crd('foos')], b: [crd('foos')], c: [different], d: [] })
    const catalog = createResourceCatalog({ builtins, reader })
    expect(catalog.resolve('a', 'ex.io', 'v1', 'foos')).toBe(catalog.resolve('b', 'ex.io', 'v1', 'foos'))
    expect(catalog.resolve('c', 'ex.io', 'v1', 'foos')).toMatchObject({ definition: { kind: 'Other' } })
    expect(catalog.resolve('d', 'ex.io', 'v1', 'foos')).toBe(undefined)
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => catalog.snapshot(name) as CatalogSnapshot)
    expect(a).toBe(b)
    expect(new Set([a?.key, c?.key, d?.key]).size).toBe(3)
    expect(e).toBe(d)
    expect(a?.definitions.map(({ resource }) => resource)).toEqual(['customresourcedefinitions', 'foos'])
    expect(d?.definitions).toBe(builtins)
  })

  it('makes a snapshot once, and anew after a change', async () => {
    const crds: Record<string, KubeObject[]> = { a: [crd('foos')] }
    const { reader, reads } = fakeReader(crds)
    const catalog = createResourceCatalog({ builtins, reader })
    const first = await catalog.snapshot('a')
    expect(await catalog.snapshot('a')).toBe(first)
    expect(reads).toEqual(['list a'])
    crds['a'] = [crd('foos'), crd('bars', { kind: 'Bar' })]
    catalog.invalidate('a')
    const second = await catalog.snapshot('a')
    expect(second.key).not.toBe(first.key)
    expect(second.definitions).toHaveLength(3)
  })

  it('answers promises of a reader that takes its time, and forgets what was read before a change', async () => {
    let answer: (crd: KubeObject | undefined) => void = () => {}
    const reader: ObjectReader = {
      get: () => new Promise((resolve) => (answer = resolve)),
      list: () => Promise.resolve([]),
    }
    const catalog = createResourceCatalog({ builtins, reader })
    const before = catalog.resolve('a', 'ex.io', 'v1', 'foos')
    const answerBefore = answer
    catalog.invalidate('a')
    answerBefore(undefined)
    expect(await before).toBe(undefined)
    const after = catalog.resolve('a', 'ex.io', 'v1', 'foos')
    answer(crd('foos'))
    expect(await after).toBeDefined()
  })

  it('has built-ins alone for requests over all workspaces', async () => {
    const { reader, reads } = fakeReader({ '*': [crd('foos')] })
    const catalog = createResourceCatalog({ builtins, reader })
    expect(catalog.resolve('*', 'ex.io', 'v1', 'foos')).toBe(undefined)
    expect((await catalog.snapshot('*')).definitions).toBe(builtins)
    expect(reads).toEqual([])
  })

  it('takes the built-in where a CRD has the same name', () => {
    const shadow = crd('customresourcedefinitions')
    shadow.spec.group = 'apiextensions.k8s.io'
    shadow.metadata.name = 'customresourcedefinitions.apiextensions.k8s.io'
    const { reader } = fakeReader({ a: [shadow] })
    const catalog = createResourceCatalog({ builtins, reader })
    expect(catalog.definitionOf('a', 'apiextensions.k8s.io', 'customresourcedefinitions')).toBe(
      customResourceDefinitionsDefinition,
    )
    expect(catalog.snapshot('a')).toMatchObject({ definitions: builtins })
  })
})
