import { expect, test } from 'vitest'
import type { Lister } from '../../informer/informer.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import { logicalClusterAnnotation, logicalClusterOf } from '../../meta/logical-cluster.ts'
import { workspaceRequest } from '../../reconcilers/publication/publication-reconciler.ts'
import { objectKey } from '../../storage/keys.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import { crdRequests } from './publication-controller.ts'

const crdName = 'widgets.example.com'
const address = {
  logicalCluster: 'one',
  group: 'apiextensions.k8s.io',
  resource: 'customresourcedefinitions',
  namespace: '',
  name: crdName,
}
const theWorkspace = workspaceRequest('one')

function publication(name: string, provider: string, spec: Partial<Publication['spec']> = {}): Publication {
  const metadata = { name, annotations: { [logicalClusterAnnotation]: provider } }
  return { metadata, spec: { customResourceDefinitions: [crdName], workspaces: {}, ...spec } }
}

const listerOf = (...all: Publication[]): Lister<Publication> => ({
  get: () => undefined,
  list: () => all,
  byIndex: (_, logicalCluster) => all.filter((one) => logicalClusterOf(one) === logicalCluster),
})

/** The mark of a copy before and after, undefined for no CRD. */
type Owner = '' | 'p' | undefined
function crdChange(before: Owner, after: Owner, isOwnWrite: boolean) {
  const valueOf = (owner: Owner) => {
    const annotations = owner === '' ? {} : { [publicationAnnotation]: `provider/${owner}` }
    return owner === undefined ? undefined : encodeStoredValue(JSON.stringify({ metadata: { annotations } }))
  }
  const value = valueOf(after)
  const stood = valueOf(before)
  const previous = stood && { value: stood, revision: 5 }
  const type = value ? ('put' as const) : ('delete' as const)
  return {
    event: { type, key: objectKey(address), revision: 9, createRevision: 5, value, previous },
    address,
    isOwnWrite,
  }
}

const ours = publication('p', 'provider')
const other = publication('q', 'provider')
const onChildren: Publication = { ...other, spec: { customResourceDefinitions: [crdName], childClusters: {} } }
const ofOtherType = publication('q', 'provider', { customResourceDefinitions: ['gadgets.example.com'] })

test.each([
  ['creates a copy', undefined, 'p'],
  ['takes a type over', '', 'p'],
] as const)('a write of our own that %s is looked at when another publication names the type', (_, before, after) => {
  const change = crdChange(before, after, true)
  expect(crdRequests(listerOf(ours, other), change)).toEqual([theWorkspace])
  expect(crdRequests(listerOf(ours, onChildren, ofOtherType), change)).toEqual([])
})

test('a write of our own that lets go of a copy is looked at when any publication names the type', () => {
  const change = crdChange('p', '', true)
  expect(crdRequests(listerOf(other), change)).toEqual([theWorkspace])
  expect(crdRequests(listerOf(onChildren, ofOtherType), change)).toEqual([])
})

test('a write of our own that changes a copy and not its owner is not looked at, however many name the type', () => {
  expect(crdRequests(listerOf(ours, other), crdChange('p', 'p', true))).toEqual([])
})

test('a copy that others change is looked at, and so is a type that may become one', () => {
  expect(crdRequests(listerOf(), crdChange('p', 'p', false))).toEqual([theWorkspace])
  expect(crdRequests(listerOf(), crdChange('p', undefined, false))).toEqual([theWorkspace])
  expect(crdRequests(listerOf(ours), crdChange(undefined, '', false))).toEqual([theWorkspace])
  expect(crdRequests(listerOf(ofOtherType), crdChange(undefined, '', false))).toEqual([])
})

test('publications of the workspace bring a copy further down, whoever changed it', () => {
  const here = publication('here', 'one')
  for (const isOwnWrite of [true, false])
    expect(crdRequests(listerOf(ours, here), crdChange('p', 'p', isOwnWrite))).toContainEqual(
      expect.objectContaining({ logicalCluster: 'one', name: 'here' }),
    )
})
