import { describe, expect, test } from 'vitest'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import { createPublicationReconciler, crdSlotName, type PublicationSteps } from './publication-reconciler.ts'

const crdName = 'widgets.example.com'
const established = { conditions: [{ type: 'Established', status: 'True' }] }
const crd = (spec: Record<string, unknown> = { group: 'example.com' }, annotations = {}): KubeObject => ({
  metadata: { name: crdName, uid: 'u', annotations },
  spec,
  status: established,
})

/** A tree of workspaces in memory, one publication in `root:a`, and child clusters. */
function createWorld(spec: Partial<Publication['spec']>, childClusters: readonly RegisteredChildCluster[] = []) {
  const paths = ['root', 'root:a', 'root:a:x', 'root:a:y', 'root:ab', 'root:b', 'root:b:z']
  const crds = new Map<string, KubeObject>([['root:a', crd()]]) // a logical cluster is called by its path here
  const slots = new Map<string, Delivery>()
  let publication: Publication = {
    metadata: { name: 'p', generation: 1 },
    spec: { customResourceDefinitions: [crdName], ...spec },
  }
  const steps: PublicationSteps = {
    getPublication: async () => publication,
    workspacePath: async (logicalCluster) => logicalCluster,
    async *workspaces() {
      for (const path of paths) yield { logicalCluster: path, path, labels: { tier: 'gold' } }
    },
    getCrd: async (logicalCluster) => crds.get(logicalCluster),
    createCrd: async (logicalCluster, object) => void crds.set(logicalCluster, object),
    updateCrd: async (logicalCluster, object) => void crds.set(logicalCluster, object),
    childClusters: async () => childClusters,
    getDelivery: async (uid, name) => slots.get(`${uid}/${name}`),
    putDelivery: async (uid, delivery) => void slots.set(`${uid}/${delivery.metadata.name ?? ''}`, delivery),
    updateStatus: async (_, object) => void (publication = object),
    hub: () => ({ id: 'hub', incarnation: 1 }),
    now: () => 0,
  }
  const reconcile = createPublicationReconciler(steps)
  return {
    crds,
    reconcile: () => reconcile({ logicalCluster: 'root:a', namespace: '', name: 'p' }, new AbortController().signal),
    reached: () => [...crds.keys()].filter((path) => path !== 'root:a'),
    reachedChildren: () => [...slots.keys()].map((key) => key.slice(0, -(crdSlotName('root:a', crdName).length + 1))),
    status: () => publication.status,
  }
}

function child(name: string, homePath: string, spec: Partial<ChildCluster['spec']> = {}): RegisteredChildCluster {
  return { uid: name, name, homePath, object: { metadata: { name }, spec: { mode: 'agent', ...spec } } }
}

describe('workspaces that a publication reaches', () => {
  test.each([
    ['every path', { paths: ['root:*', 'root', 'root:b'] }],
    ['labels that all have', { selector: { matchLabels: { tier: 'gold' } } }],
    ['labels and paths', { paths: ['root:*'], selector: {} }],
    ['nothing in particular', {}],
  ])('are below its own and no others, by %s', async (_, workspaces) => {
    const world = createWorld({ workspaces })
    await world.reconcile()
    expect(world.reached()).toEqual(['root:a:x', 'root:a:y'])
  })

  test('are none when it asks for none', async () => {
    const world = createWorld({ childClusters: {} })
    await world.reconcile()
    expect(world.reached()).toEqual([])
  })

  test('get their copy back as it was, once it was changed', async () => {
    const world = createWorld({ workspaces: { paths: ['root:a:x'] } })
    await world.reconcile()
    const copy = world.crds.get('root:a:x')
    expect(copy?.metadata.annotations).toEqual({ [publicationAnnotation]: 'root:a/p' })
    world.crds.set('root:a:x', { ...crd({ group: 'changed' }), metadata: { ...copy?.metadata } })
    await world.reconcile()
    expect(world.crds.get('root:a:x')?.['spec']).toEqual({ group: 'example.com' })
  })

  test.each([
    ['of its own', {}, 'OwnedByWorkspace'],
    ['of another publication', { [publicationAnnotation]: 'root/q' }, 'OwnedByAnotherPublication'],
  ])('keep a type %s, and the status names them', async (_, annotations, reason) => {
    const world = createWorld({ workspaces: { paths: ['root:a:x'] } })
    const theirs = crd({ group: 'theirs' }, annotations)
    world.crds.set('root:a:x', theirs)
    await world.reconcile()
    expect(world.crds.get('root:a:x')).toBe(theirs)
    expect(world.status()?.targets).toMatchObject([{ name: 'root:a:x', ready: false, reason }])
  })
})

describe('child clusters that a publication reaches', () => {
  const everyChild = { childClusters: {} }
  const reached = async (childCluster: RegisteredChildCluster) => {
    const world = createWorld(everyChild, [childCluster])
    await world.reconcile()
    return world.reachedChildren().length > 0
  }

  test('were joined in its workspace or below it', async () => {
    expect(await reached(child('c', 'root:a'))).toBe(true)
    expect(await reached(child('c', 'root:a:x'))).toBe(true)
    expect(await reached(child('c', 'root:ab'))).toBe(false)
    expect(await reached(child('c', 'root:b', { offeredTo: ['root:a'], publishers: ['root:a'] }))).toBe(false)
  })

  test('are shared ones only where their administrator named it as a publisher', async () => {
    expect(await reached(child('c', 'root'))).toBe(false)
    expect(await reached(child('c', 'root', { offeredTo: ['root:a'] }))).toBe(false)
    expect(await reached(child('c', 'root', { publishers: ['root:a'] }))).toBe(true)
    expect(await reached(child('c', 'root', { publishers: ['root:*'], offeredTo: ['root:b'] }))).toBe(false)
  })

  test('are none that is leaving', async () => {
    expect(await reached(child('c', 'root:a', { leaving: { workloads: 'keep' } }))).toBe(false)
  })
})
