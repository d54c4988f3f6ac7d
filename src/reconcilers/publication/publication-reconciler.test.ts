import { describe, expect, test } from 'vitest'
import { notFound } from '../../meta/api-errors.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import type { ChildTrouble } from '../placement/placement-problems.ts'
import { crdSlotName } from './crd-copy.ts'
import { createPublicationReconciler, publicationRequest, workspaceRequest } from './publication-reconciler.ts'
import type { PublicationSteps } from './publication-steps.ts'

const crdName = 'widgets.example.com'
const established = { conditions: [{ type: 'Established', status: 'True' }] }
const crd = (
  spec: Record<string, unknown> = { group: 'example.com' },
  annotations = {},
  name = crdName,
): KubeObject => ({
  metadata: { name, uid: 'u', annotations },
  spec,
  status: established,
})

/** A tree of workspaces in memory, one publication in `root:a`, and child clusters. */
function createWorld(spec: Partial<Publication['spec']>, childClusters: RegisteredChildCluster[] = []) {
  const world = {
    paths: ['root', 'root:a', 'root:a:x', 'root:a:y', 'root:ab', 'root:b', 'root:b:z'],
    labels: { tier: 'gold' } as Record<string, string>,
    publication: {
      metadata: { name: 'p', generation: 1 },
      spec: { customResourceDefinitions: [crdName], ...spec },
    } as Publication | undefined,
    /** What a list that is behind still has. */
    listed: undefined as Publication | undefined,
    childClusters,
    trouble: new Map<string, ChildTrouble>(),
    withInstances: new Set<string>(),
    /** Writes to a workspace that fail, by path. */
    failing: new Map<string, Error>(),
    /** Logical clusters that are no more. */
    gone: new Set<string>(),
    asked: [] as string[],
    retried: [] as string[],
    statusDue: 0,
    statusWrites: 0,
    crdReads: 0,
    publicationReads: 0,
  }
  // A logical cluster is called by its path here.
  const crds = new Map<string, KubeObject>([['root:a', crd()]])
  const slots = new Map<string, Delivery>()
  const store = async (logicalCluster: string, object: KubeObject) => {
    const failure = world.failing.get(logicalCluster)
    if (failure) throw failure
    const stored = { status: established, ...object }
    crds.set(logicalCluster, stored)
    return stored
  }
  const target = (path: string) => ({ logicalCluster: path, path, labels: world.labels })
  const steps: PublicationSteps = {
    async getPublication() {
      world.publicationReads += 1
      return world.publication
    },
    publications: () => {
      const listed = world.listed ?? world.publication
      return listed ? [{ provider: 'root:a', publication: listed }] : []
    },
    async workspacePath(logicalCluster) {
      if (world.gone.has(logicalCluster))
        throw notFound({ group: 'core.kcp.io', resource: 'logicalclusters' }, 'cluster')
      return logicalCluster
    },
    async *workspaces() {
      for (const path of world.paths) yield target(path)
    },
    workspaceOf: async (path) => (world.paths.includes(path) ? target(path) : undefined),
    async getCrd(logicalCluster) {
      world.crdReads += 1
      return crds.get(logicalCluster)
    },
    createCrd: store,
    updateCrd: store,
    async *crdAddresses() {
      for (const [logicalCluster, { metadata }] of crds) yield { logicalCluster, name: metadata.name ?? '' }
    },
    hasInstances: async (logicalCluster) => world.withInstances.has(logicalCluster),
    childClusters: async () => world.childClusters,
    crdSlots: async () =>
      [...slots.keys()].map((key) => ({
        childClusterUid: key.slice(0, key.indexOf('/')),
        name: key.slice(key.indexOf('/') + 1),
      })),
    getDelivery: async (uid, name) => structuredClone(slots.get(`${uid}/${name}`)),
    putDelivery: async (uid, delivery) => void slots.set(`${uid}/${delivery.metadata.name ?? ''}`, delivery),
    deleteDelivery: async (uid, delivery) => void slots.delete(`${uid}/${delivery.metadata.name ?? ''}`),
    troubleOf: (uid) => world.trouble.get(uid),
    async updateStatus(_, object) {
      world.statusWrites += 1
      world.publication = object
    },
    statusChanged: () => void (world.statusDue += 1),
    retryWorkspace: (path) => void world.retried.push(path),
    hub: () => ({ id: 'hub' }),
    incarnationOf: () => 1,
    now: () => 0,
  }
  const reconcile = createPublicationReconciler(steps)
  const run = (request: Parameters<typeof reconcile>[0]) => reconcile(request, new AbortController().signal)
  const slotOf = (uid: string) => slots.get(`${uid}/${crdSlotName('root:a', crdName)}`)
  return Object.assign(world, {
    crds,
    slots,
    slotOf,
    reconcile: () => run(publicationRequest('root:a', 'p')),
    lookAtChildren: () => run(publicationRequest('root:a', 'p', 'children')),
    lookAtWorkspace: (path: string) => run(workspaceRequest(path)),
    writeStatus: () => run(publicationRequest('root:a', 'p', 'status')),
    change(next: Partial<Publication['spec']>) {
      if (!world.publication) return
      const { metadata, spec: before } = world.publication
      const generation = (metadata.generation ?? 0) + 1
      world.publication = { ...world.publication, metadata: { ...metadata, generation }, spec: { ...before, ...next } }
    },
    /** The child says that the CRD is there and established. */
    answer(uid: string, applied: { status: 'True' | 'False'; reason: string; message?: string }) {
      const slot = slotOf(uid)
      if (!slot) throw new Error('no slot')
      const condition = { type: 'Applied', message: '', lastTransitionTime: '', ...applied }
      slot.status = {
        observedEpoch: slot.spec.epoch,
        appliedUid: 'there',
        conditions: [condition],
        childStatus: structuredClone(established),
      }
    },
    reached: () => [...crds.keys()].filter((path) => path !== 'root:a'),
    reachedChildren: () => [...slots.keys()].map((key) => key.slice(0, -(crdSlotName('root:a', crdName).length + 1))),
    status: () => world.publication?.status,
    target: (name: string) => world.publication?.status?.targets?.find((one) => one.name === name),
  })
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

const typed = (properties: object, extra: object = {}) => ({
  group: 'example.com',
  versions: [{ name: 'v1', served: true, schema: { openAPIV3Schema: { type: 'object', properties, ...extra } } }],
})
const everyWorkspace = { workspaces: { paths: ['root:a:*'] } }

describe('a publication and its workspaces', () => {
  test('counts targets, and names those that are not ready first', async () => {
    const world = createWorld(everyWorkspace)
    world.crds.set('root:a:y', crd({ group: 'theirs' }))
    await world.reconcile()
    expect(world.status()).toMatchObject({ total: 2, ready: 1, observedGeneration: 1 })
    expect(world.status()?.targets?.map(({ name, ready }) => [name, ready])).toEqual([
      ['root:a:y', false],
      ['root:a:x', true],
    ])
    expect(world.status()?.conditions).toMatchObject([{ status: 'False', message: '1 of 2 targets are not ready' }])
  })

  test.each([
    [['root:a:x', 'root:b'], 'root:b'],
    [['root:ab:*'], 'root:ab:*'],
    [['root:*'], undefined],
    [['root:a:*', 'root:a:not-yet'], undefined],
  ])('says which of the paths %j it cannot reach', async (paths, named) => {
    const world = createWorld({ workspaces: { paths } })
    await world.reconcile()
    const [condition] = world.publication?.status?.conditions ?? []
    if (named === undefined) expect(condition).toMatchObject({ status: 'True', reason: 'Published' })
    else
      expect(condition).toMatchObject({
        status: 'False',
        reason: 'OutOfReach',
        message: `a publication reaches the workspaces below its own only: ${named} are out of its reach`,
      })
  })

  test('a new workspace is looked at alone, and the status follows', async () => {
    const world = createWorld(everyWorkspace)
    await world.reconcile()
    world.paths.push('root:a:new')
    const before = world.crdReads
    await world.lookAtWorkspace('root:a:new')
    expect(world.reached()).toContain('root:a:new')
    expect(world.crdReads - before).toBe(2)
    expect(world.statusDue).toBe(1)
    await world.writeStatus()
    expect(world.status()).toMatchObject({ total: 3, ready: 3 })
  })

  test.each([
    ['that it does not select', everyWorkspace, 'root:b:z', 0],
    ['beside those that it selects', { workspaces: { paths: ['root:a:x'] } }, 'root:a:y', 0],
    ['of its own', everyWorkspace, 'root:a', 0],
    ['that nobody made', everyWorkspace, 'root:elsewhere', 0],
    ['that it selects', everyWorkspace, 'root:a:x', 1],
  ])('a look at a workspace %s reads it as often as that needs', async (_, spec, path, reads) => {
    const world = createWorld(spec)
    await world.reconcile()
    const before = { publications: world.publicationReads, crds: world.crdReads }
    await world.lookAtWorkspace(path)
    expect(world.publicationReads - before.publications).toBe(reads)
    expect(world.crdReads - before.crds).toBe(2 * reads)
  })

  test('a look at a workspace goes on when a provider has gone that the list still has', async () => {
    const world = createWorld(everyWorkspace)
    world.gone.add('root:a')
    await world.lookAtWorkspace('root:a:x')
    expect(world.reached()).toEqual([])
    expect(world.publicationReads).toBe(0)
  })

  test('one that the list still has as it was takes no type that it does not select any more', async () => {
    const world = createWorld({ workspaces: { paths: ['root:a:x'] } })
    world.listed = world.publication
    world.change({ workspaces: { paths: ['root:a:y'] } })
    await world.lookAtWorkspace('root:a:x')
    expect(world.reached()).toEqual([])
  })

  test('a workspace that has gone is no target any more', async () => {
    const world = createWorld(everyWorkspace)
    await world.reconcile()
    world.paths = world.paths.filter((path) => path !== 'root:a:x')
    await world.lookAtWorkspace('root:a:x')
    await world.writeStatus()
    expect(world.status()).toMatchObject({ total: 1, ready: 1 })
  })

  test('nothing is said before everything was looked at once', async () => {
    const world = createWorld(everyWorkspace)
    await world.lookAtWorkspace('root:a:x')
    await world.writeStatus()
    expect(world.status()).toBeUndefined()
    await world.reconcile()
    expect(world.status()).toMatchObject({ total: 2, ready: 2 })
  })

  test('a workspace that fails keeps no other from its types, and is tried again', async () => {
    const world = createWorld(everyWorkspace)
    world.failing.set('root:a:x', new Error('the disk is full'))
    await world.reconcile()
    expect(world.reached()).toEqual(['root:a:y'])
    expect(world.retried).toEqual(['root:a:x'])
    expect(world.target('root:a:x')).toMatchObject({ ready: false, reason: 'Error', message: 'the disk is full' })
    world.failing.clear()
    await world.lookAtWorkspace('root:a:x')
    await world.writeStatus()
    expect(world.status()?.ready).toBe(2)
  })

  test('a type that its workspace cannot serve is not ready, with the reason', async () => {
    const world = createWorld(everyWorkspace)
    await world.reconcile()
    const conditions = [
      { type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: '"Widget" is taken' },
    ]
    world.crds.set('root:a:x', {
      ...world.crds.get('root:a:x'),
      metadata: { ...world.crds.get('root:a:x')?.metadata },
      status: { conditions },
    })
    await world.lookAtWorkspace('root:a:x')
    await world.writeStatus()
    expect(world.target('root:a:x')).toMatchObject({
      reason: 'NotEstablished',
      message: 'KindConflict: "Widget" is taken',
    })
  })

  test('what is wrong in the provider workspace is named there', async () => {
    const world = createWorld(everyWorkspace)
    world.crds.clear()
    await world.reconcile()
    expect(world.target('root:a')).toMatchObject({ ready: false, reason: 'NotFound' })
    expect(world.status()).toMatchObject({ total: 1, ready: 0 })
  })

  test('says what would take over a type of the workspace', async () => {
    const world = createWorld(everyWorkspace)
    world.crds.set('root:a:x', crd())
    world.crds.set('root:a:y', crd({ group: 'theirs' }))
    await world.reconcile()
    expect(world.target('root:a:x')?.message).toContain('AdoptIfEqual')
    expect(world.target('root:a:y')?.message).toContain('Overwrite')
    world.change({ conflict: 'AdoptIfEqual' })
    await world.reconcile()
    expect(world.target('root:a:x')?.ready).toBe(true)
    expect(world.target('root:a:y')?.ready).toBe(false)
  })
})

describe('the end of a publication', () => {
  test('leaves the types to the workspaces and lets go of those on children', async () => {
    const world = createWorld({ ...everyWorkspace, childClusters: {} }, [child('c', 'root:a')])
    await world.reconcile()
    world.answer('c', { status: 'True', reason: 'Applied' })
    world.publication = undefined
    await world.reconcile()
    expect(world.crds.get('root:a:x')?.metadata.annotations).toEqual({})
    expect(world.slotOf('c')?.spec).toMatchObject({ desired: 'Absent', release: true, epoch: 2 })
    const slot = world.slotOf('c')
    if (slot) slot.status = { removed: true, observedEpoch: 2 }
    await world.lookAtChildren()
    expect(world.slots.size).toBe(0)
  })

  test('is not undone by a look at a workspace that comes before the list knows of it', async () => {
    const world = createWorld({ ...everyWorkspace, conflict: 'AdoptIfEqual' })
    await world.reconcile()
    world.listed = world.publication
    world.publication = undefined
    await world.reconcile()
    await world.lookAtWorkspace('root:a:x')
    expect(world.crds.get('root:a:x')?.metadata.annotations).toEqual({})
  })

  test('also of a part: workspaces and types that it no longer selects', async () => {
    const world = createWorld(everyWorkspace)
    await world.reconcile()
    world.change({ workspaces: { paths: ['root:a:y'] } })
    await world.reconcile()
    expect(world.crds.get('root:a:x')?.metadata.annotations).toEqual({})
    expect(world.crds.get('root:a:y')?.metadata.annotations).toEqual({ [publicationAnnotation]: 'root:a/p' })
    expect(world.status()).toMatchObject({ total: 1, ready: 1 })
  })

  test('in a workspace whose labels do not match any more', async () => {
    const world = createWorld({ workspaces: { selector: { matchLabels: { tier: 'gold' } } } })
    await world.reconcile()
    world.labels = { tier: 'lead' }
    await world.lookAtWorkspace('root:a:x')
    expect(world.crds.get('root:a:x')?.metadata.annotations).toEqual({})
  })

  test('on a child that is not selected any more', async () => {
    const world = createWorld({ childClusters: {} }, [child('c', 'root:a')])
    await world.reconcile()
    world.change({ childClusters: { names: ['other'] } })
    await world.reconcile()
    expect(world.slotOf('c')?.spec).toMatchObject({ desired: 'Absent', release: true })
  })
})

describe('a definition that takes less', () => {
  const wide = typed({ color: { type: 'string' }, size: { type: 'integer' } })
  const narrow = typed({ color: { type: 'string' } })

  test('is refused in a workspace that stores objects of the type, field by field', async () => {
    const world = createWorld(everyWorkspace)
    world.crds.set('root:a', crd(wide))
    await world.reconcile()
    world.crds.set('root:a', crd(narrow))
    world.withInstances.add('root:a:x')
    await world.reconcile()
    expect(world.target('root:a:x')).toMatchObject({ ready: false, reason: 'NarrowerSchema' })
    expect(world.target('root:a:x')?.message).toContain('v1.size goes')
    expect(world.crds.get('root:a:x')?.['spec']).toEqual(wide)
    expect(world.crds.get('root:a:y')?.['spec']).toEqual(narrow)
    world.change({ allowNarrowing: true })
    await world.reconcile()
    expect(world.crds.get('root:a:x')?.['spec']).toEqual(narrow)
  })

  test('is not sent to a child that has the wider one', async () => {
    const world = createWorld({ childClusters: {} }, [child('c', 'root:a')])
    world.crds.set('root:a', crd(wide))
    await world.reconcile()
    world.answer('c', { status: 'True', reason: 'Applied' })
    world.crds.set('root:a', crd(narrow))
    await world.reconcile()
    expect(world.target('c')).toMatchObject({ ready: false, reason: 'NarrowerSchema' })
    expect(world.slotOf('c')?.spec.epoch).toBe(1)
    world.change({ allowNarrowing: true })
    await world.reconcile()
    expect(world.slotOf('c')?.spec.epoch).toBe(2)
  })
})

describe('a publication and its child clusters', () => {
  const publish = async () => {
    const world = createWorld({ childClusters: {} }, [child('c', 'root:a')])
    await world.reconcile()
    return world
  }

  test('are ready when the child has established the type', async () => {
    const world = await publish()
    expect(world.target('c')).toMatchObject({ ready: false, reason: 'Pending' })
    world.answer('c', { status: 'True', reason: 'Applied' })
    await world.lookAtChildren()
    expect(world.target('c')).toMatchObject({ ready: true, reason: 'Published' })
  })

  test('say why they are not: a child that is silent, a type that is there already', async () => {
    const world = await publish()
    world.trouble.set('c', { reason: 'ChildUnreachable', message: 'silent' })
    await world.lookAtChildren()
    expect(world.target('c')).toMatchObject({ ready: false, reason: 'ChildUnreachable', message: 'silent' })
    world.answer('c', { status: 'False', reason: 'NotOurs', message: 'exists and is not ours' })
    await world.lookAtChildren()
    expect(world.target('c')).toMatchObject({ reason: 'NotOurs' })
    expect(world.target('c')?.message).toContain('spec.conflict AdoptIfEqual')
  })

  test('have one owner a type, also of two publications of one provider', async () => {
    const world = await publish()
    const slot = world.slotOf('c')
    if (slot) slot.spec.publication = 'other'
    await world.lookAtChildren()
    expect(world.target('c')).toMatchObject({ reason: 'OwnedByAnotherPublication' })
    expect(world.slotOf('c')?.spec.publication).toBe('other')
  })

  test.each([
    ['Refuse', 'AdoptIfEqual', 'other'],
    ['AdoptIfEqual', 'AdoptIfEqual', 'other'],
    ['AdoptIfEqual', 'Refuse', 'p'],
    ['Overwrite', 'AdoptIfEqual', 'p'],
  ] as const)('of which %s meets a %s that the child has refused: it is of %s', async (ours, theirs, owner) => {
    const world = await publish()
    const slot = world.slotOf('c')
    if (slot) Object.assign(slot.spec, { publication: 'other', conflictPolicy: theirs })
    world.answer('c', { status: 'False', reason: 'NotOurs', message: 'exists and is not ours' })
    world.change({ conflict: ours })
    await world.lookAtChildren()
    expect(world.slotOf('c')?.spec.publication).toBe(owner)
  })

  test('wait until another publication has let go of the type', async () => {
    const world = await publish()
    const slot = world.slotOf('c')
    if (slot) Object.assign(slot.spec, { publication: 'other', desired: 'Absent', release: true })
    await world.lookAtChildren()
    expect(world.target('c')).toMatchObject({ reason: 'Pending', message: '"other" is letting go of the type there' })
    expect(world.slotOf('c')?.spec).toMatchObject({ publication: 'other', desired: 'Absent' })
    world.slots.clear()
    await world.lookAtChildren()
    expect(world.slotOf('c')?.spec).toMatchObject({ publication: 'p', desired: 'Present' })
  })
})
