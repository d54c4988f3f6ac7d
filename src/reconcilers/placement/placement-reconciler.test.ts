import { beforeEach, describe, expect, test } from 'vitest'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import {
  placedFinalizer,
  placementLabel,
  placementStatusAnnotation,
  selectedByAnnotation,
  targetsAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { Condition, Json, JsonObject, KubeObject, ManagedFieldsEntry } from '../../meta/object.ts'
import type { RegisteredChildCluster } from './choose-child-clusters.ts'
import { placementManager } from './own-status.ts'
import { createPlacementReconciler, foreseeTargets } from './placement-reconciler.ts'
import {
  fromSourceRequest,
  type News,
  type PlacementSteps,
  type SourceAddress,
  sourceRequest,
} from './placement-steps.ts'
import type { ChildTrouble } from './placement-problems.ts'
import { deliveryName } from './slot-names.ts'

const deployment: SourceAddress = {
  logicalCluster: 'lc',
  group: 'apps',
  resource: 'deployments',
  namespace: 'default',
  name: 'web',
}

/** As the server records who wrote what in a status: fields that have changed, items of a list by their type. */
function ownersOf({ metadata, status: before }: KubeObject, status: JsonObject): ManagedFieldsEntry[] {
  const owned = (metadata.managedFields?.[0]?.fieldsV1?.['f:status'] ?? {}) as JsonObject
  const isChanged = ([name, value]: [string, unknown]) =>
    `f:${name}` in owned || JSON.stringify(value) !== JSON.stringify((before as JsonObject | undefined)?.[name])

  const fieldsOf = (value: Json | undefined): JsonObject => {
    if (typeof value !== 'object' || value === null) return {}
    const entries = Array.isArray(value)
      ? (value as JsonObject[]).map((item) => [
          `k:{"type":${JSON.stringify(item['type'])}}`,
          { '.': {}, ...fieldsOf(item) },
        ])
      : Object.entries(value).map(([name, below]) => [`f:${name}`, fieldsOf(below)])
    return Object.fromEntries(entries) as JsonObject
  }
  const fieldsV1 = { 'f:status': fieldsOf(Object.fromEntries(Object.entries(status).filter(isChanged))) }
  return [{ manager: placementManager, operation: 'Update', subresource: 'status', fieldsType: 'FieldsV1', fieldsV1 }]
}

/** A hub in memory: one source object, placements, child clusters and their slots. */
function createWorld(address: SourceAddress) {
  const slot = deliveryName({ ...address, kind: '' })
  const world = {
    source: undefined as KubeObject | undefined,
    unserved: false,
    autoscaled: false,
    refusesStatus: false,
    namespaceLabels: {} as Record<string, string>,
    placements: [] as Placement[],
    childClusters: [] as RegisteredChildCluster[],
    slots: new Map<string, Delivery>(),
    unreachable: new Map<string, number>(),
    trouble: new Map<string, ChildTrouble>(),
    statusWrites: 0,
    marks: 0,
    /** What was said aloud, in order. */
    news: [] as News[],
    nowMs: 1_000_000,
  }
  const steps: PlacementSteps = {
    getSource: async () =>
      world.unserved ? 'unserved' : world.source && { object: world.source, kind: 'Deployment', hasStatus: true },
    namespaceLabels: async () => world.namespaceLabels,
    placements: () => world.placements,
    childClusters: async () => world.childClusters,
    workspacePath: async () => 'root:team',
    getDelivery: async (uid, name) => structuredClone(world.slots.get(`${uid}/${name}`)),
    async putDelivery(uid, delivery) {
      world.slots.set(`${uid}/${delivery.metadata.name ?? ''}`, structuredClone(delivery))
    },
    async deleteDelivery(uid, { metadata }) {
      world.slots.delete(`${uid}/${metadata.name ?? ''}`)
    },
    async markSource(_address, { object }, { finalizer, targets, selectedBy }) {
      world.marks += 1
      const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== placedFinalizer)
      const { [selectedByAnnotation]: _, ...others } = object.metadata.annotations ?? {}
      const annotations = {
        ...others,
        [targetsAnnotation]: targets.join(','),
        ...(selectedBy === undefined ? {} : { [selectedByAnnotation]: selectedBy }),
      }
      const marked = {
        ...object.metadata,
        annotations,
        finalizers: finalizer ? [...finalizers, placedFinalizer] : finalizers,
      }
      const gone = marked.deletionTimestamp !== undefined && marked.finalizers.length === 0
      world.source = gone ? undefined : { ...object, metadata: marked }
    },
    async updateStatus(_address, { object }, status) {
      world.statusWrites += 1
      if (world.refusesStatus) return false
      world.source = { ...object, status, metadata: { ...object.metadata, managedFields: ownersOf(object, status) } }
      return true
    },
    async explain(_address, { object }, text) {
      const { [placementStatusAnnotation]: _, ...others } = object.metadata.annotations ?? {}
      const annotations = text === undefined ? others : { ...others, [placementStatusAnnotation]: text }
      if (world.source) world.source = { ...world.source, metadata: { ...world.source.metadata, annotations } }
    },
    tell: async (_address, _source, news) => void world.news.push(news),
    dependencies: async () => [],
    isAutoscaled: async () => world.autoscaled,
    troubleOf: (uid) => world.trouble.get(uid),
    unreachableForMs: (uid) => world.unreachable.get(uid),
    hub: () => ({ id: 'hub' }),
    incarnationOf: () => 1,
    now: () => world.nowMs,
  }
  const reconcile = createPlacementReconciler(steps)
  return {
    ...world,
    world,
    /** As admission marks a new object before it is stored. */
    async foresee(): Promise<void> {
      const object = world.source
      const targets = object ? await foreseeTargets(steps, address, object) : []
      if (object && targets.length > 0)
        await steps.markSource(
          address,
          { object, kind: 'Deployment', hasStatus: true },
          { finalizer: true, targets, selectedBy: undefined },
        )
      world.marks = 0
    },
    /** Until nothing asks to be looked at again at once. */
    async settle() {
      for (let round = 0; round < 10; round += 1) {
        const result = await reconcile(sourceRequest(address), new AbortController().signal)
        if (result?.requeueAfterMs !== 0) return result
      }
      throw new Error('does not settle')
    },
    /** What the owner of the object reads in its annotation. */
    told: () => world.source?.metadata.annotations?.[placementStatusAnnotation],
    /** The syncer of a child says how its slot is. */
    answer(uid: string, applied: { status: 'True' | 'False'; reason: string; message?: string; atMs?: number }) {
      const delivery = world.slots.get(`${uid}/${slot}`)
      if (!delivery) throw new Error('no slot')
      const { status, reason, message = '', atMs = 0 } = applied
      const lastTransitionTime = new Date(atMs).toISOString()
      delivery.status = {
        ...delivery.status,
        observedEpoch: delivery.spec.epoch,
        conditions: [{ type: 'Applied', status, reason, message, lastTransitionTime }],
      }
    },
    /** The child's status of its copy. */
    observe(uid: string, childStatus: JsonObject) {
      const delivery = world.slots.get(`${uid}/${slot}`)
      if (!delivery) throw new Error('no slot')
      delivery.status = {
        ...delivery.status,
        observedEpoch: delivery.spec.epoch,
        appliedGeneration: delivery.spec.sourceGeneration,
        appliedChildGeneration: 1,
        childStatus: { observedGeneration: 1, ...childStatus },
      }
    },
    /** The copy is applied and Available there, with this many replicas. */
    serve(uid: string, availableReplicas: number) {
      this.answer(uid, { status: 'True', reason: 'Applied' })
      this.observe(uid, { availableReplicas })
      const available = { type: 'Available', status: 'True', reason: 'r', message: '', lastTransitionTime: '' } as const
      this.slot(uid)?.status?.conditions?.push(available)
    },
    slot: (uid: string) => world.slots.get(`${uid}/${slot}`),
    acknowledge(uid: string) {
      const delivery = world.slots.get(`${uid}/${slot}`)
      if (!delivery) throw new Error('no slot')
      delivery.status = { ...delivery.status, removed: true, observedEpoch: delivery.spec.epoch }
    },
  }
}

const joined = { type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime: '' } as const
const child = (name: string): RegisteredChildCluster => ({
  uid: name,
  name,
  homePath: 'root',
  object: { metadata: { name }, spec: { mode: 'agent' }, status: { conditions: [joined] } },
})
const source = (labels: Record<string, string> = { [placementLabel]: 'p' }): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, labels },
  spec: { replicas: 5 },
})
const placement = (name = 'p', spec: Placement['spec'] = {}): Placement => ({ metadata: { name }, spec })

function placedWorld(spec: Placement['spec'] = {}, address = deployment) {
  const setup = createWorld(address)
  setup.world.source = source()
  setup.world.placements = [placement('p', spec)]
  setup.world.childClusters = [child('a'), child('b')]
  return setup
}

describe('placing', () => {
  test('a request survives the way through the queue', () => {
    expect(fromSourceRequest(sourceRequest(deployment))).toEqual(deployment)
  })

  test('a labelled object gets a slot on each child, and is marked before the first one', async () => {
    const setup = placedWorld()
    await setup.settle()
    expect(setup.world.source?.metadata.finalizers).toEqual([placedFinalizer])
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('a,b')
    expect(setup.slot('a')?.spec).toMatchObject({ desired: 'Present', epoch: 1, sourceUid: 'u1', sourceGeneration: 1 })
    expect(setup.slot('b')?.spec.manifest?.['spec']).toEqual({ replicas: 5 })
  })

  test('an object that came with the right mark is not marked again', async () => {
    const setup = placedWorld()
    await setup.foresee()
    await setup.settle()
    expect(setup.world.marks).toBe(0)
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('a,b')
    expect(setup.slot('a')?.spec).toMatchObject({ desired: 'Present', epoch: 1 })
  })

  test('a mark that has turned out wrong is corrected, and nothing goes where it should not', async () => {
    const setup = placedWorld()
    await setup.foresee()
    setup.world.placements = [placement('p', { clusterNames: ['b'] })]
    await setup.settle()
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('b')
    expect([setup.slot('a'), setup.slot('b')?.spec.desired]).toEqual([undefined, 'Present'])
    expect(setup.told()).toBeUndefined()
  })

  test('a child that was only foreseen has no copy that would have to stay: it may be cordoned still', async () => {
    const setup = placedWorld()
    await setup.foresee()
    setup.world.childClusters[0]!.object.spec.unschedulable = true
    await setup.settle()
    expect([setup.slot('a'), setup.slot('b')?.spec.desired]).toEqual([undefined, 'Present'])
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('b')
    expect(setup.told()).toBeUndefined()
  })

  test('an object that goes right after it came with a mark is let go', async () => {
    const setup = placedWorld()
    await setup.foresee()
    const { metadata, ...rest } = setup.world.source as KubeObject
    setup.world.source = { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    await setup.settle()
    expect(setup.world.source).toBeUndefined()
    expect(setup.world.slots.size).toBe(0)
  })

  test.each<[string, (setup: ReturnType<typeof placedWorld>) => void]>([
    ['no label of its own', ({ world }) => (world.source = source({}))],
    ['a Placement that there is not', ({ world }) => (world.placements = [])],
    ['a Placement that goes', ({ world }) => Object.assign(world.placements[0]!.metadata, { deletionTimestamp: 'x' })],
    ['no child cluster', ({ world }) => (world.childClusters = [])],
    [
      'an owner that makes it',
      ({ world }) => {
        const owner = { apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u', controller: true }
        Object.assign(world.source!.metadata, { ownerReferences: [owner] })
      },
    ],
  ])('nothing is foreseen for an object with %s', async (_, change) => {
    const setup = placedWorld()
    change(setup)
    await setup.foresee()
    expect(setup.world.source?.metadata.finalizers).toBeUndefined()
  })

  test('divided replicas add up', async () => {
    const setup = placedWorld({ replicas: { strategy: 'Divide' } })
    await setup.settle()
    expect(['a', 'b'].map((uid) => setup.slot(uid)?.spec.manifest?.['spec'])).toEqual([
      { replicas: 3 },
      { replicas: 2 },
    ])
  })

  test('a cluster that has never joined takes nothing from those that run; when it has, it gets its share', async () => {
    const setup = placedWorld({ replicas: { strategy: 'Divide' } })
    await setup.settle()
    const invited = child('c')
    delete invited.object.status
    setup.world.childClusters = [...setup.world.childClusters, invited]
    await setup.settle()
    expect(['a', 'b', 'c'].map((uid) => setup.slot(uid)?.spec.manifest?.['spec'])).toEqual([
      { replicas: 3 },
      { replicas: 2 },
      undefined,
    ])
    invited.object.status = { conditions: [joined] }
    await setup.settle()
    expect(setup.slot('c')?.spec.manifest?.['spec']).toEqual({ replicas: 1 })
  })

  test('nothing new to say makes no new epoch', async () => {
    const setup = placedWorld()
    await setup.settle()
    await setup.settle()
    expect(setup.slot('a')?.spec.epoch).toBe(1)
  })

  test("the namespace's label counts, the object's own comes first", async () => {
    const setup = placedWorld()
    setup.world.source = source({})
    setup.world.namespaceLabels = { [placementLabel]: 'p' }
    await setup.settle()
    expect(setup.slot('a')).toBeDefined()
    const other = placedWorld()
    other.world.placements = [placement('p', { clusterNames: ['b'] }), placement('q')]
    other.world.namespaceLabels = { [placementLabel]: 'q' }
    await other.settle()
    expect(other.slot('a')).toBeUndefined()
  })

  test('two selecting placements change nothing', async () => {
    const setup = placedWorld()
    setup.world.source = source({})
    const selects = { resourceSelectors: [{ apiGroup: 'apps', kind: 'Deployment' }] }
    setup.world.placements = [placement('p', selects), placement('q', selects)]
    await setup.settle()
    expect(setup.world.slots.size).toBe(0)
  })
})

describe('ending', () => {
  test('without its label an object is unplaced: slots are told Absent and stay until that is acknowledged', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source?.metadata, labels: {} } }
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
    expect(setup.slot('a')?.spec.manifest).toBeUndefined()
    setup.acknowledge('a')
    await setup.settle()
    expect(setup.slot('a')).toBeUndefined()
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('b')
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.world.source?.metadata.finalizers).toEqual([])
  })

  test('deleting the Placement keeps the copies', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.placements = []
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
  })

  test('deleting a Placement that selected the object keeps the copies; no longer being selected does not', async () => {
    const setup = placedWorld()
    setup.world.source = source({})
    const selecting = placement('p', { resourceSelectors: [{ apiGroup: 'apps', kind: 'Deployment' }] })
    setup.world.placements = [selecting]
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    setup.world.placements = []
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    setup.world.placements = [placement('p', { resourceSelectors: [{ apiGroup: 'batch', kind: 'Job' }] })]
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })

  test('an object of a type that its workspace does not serve any more is not taken for deleted', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.unserved = true
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    const delivery = setup.slot('b')
    if (delivery) delivery.spec.desired = 'Absent'
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.slot('b')).toBeUndefined()
  })

  test('a policy of Delete takes nothing from children that are not known, or whose workspace is not', async () => {
    const setup = placedWorld({ deletionPolicy: 'Delete' })
    await setup.settle()
    setup.world.childClusters = [{ ...child('a'), homePath: '' }]
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    expect(setup.slot('b')?.spec.desired).toBe('Present')
  })

  test('a child that no longer matches keeps its copy, unless the policy is Delete', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.serve('a', 5)
    setup.world.placements = [placement('p', { clusterNames: ['a'] })]
    await setup.settle()
    expect(setup.slot('b')?.spec.desired).toBe('Present')
    setup.world.placements = [placement('p', { clusterNames: ['a'], deletionPolicy: 'Delete' })]
    await setup.settle()
    expect(setup.slot('b')?.spec.desired).toBe('Absent')
  })

  test('a deleted object waits for its copies', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.source = {
      ...setup.world.source,
      metadata: { ...setup.world.source?.metadata, deletionTimestamp: 'now' },
    }
    expect(await setup.settle()).toMatchObject({ requeueAfterMs: 5_000 })
    setup.acknowledge('a')
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.world.source).toBeUndefined()
    expect(setup.world.slots.size).toBe(0)
  })

  test('a dead child holds nothing hostage: after a minute the object goes, the slot stays', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.source = {
      ...setup.world.source,
      metadata: { ...setup.world.source?.metadata, deletionTimestamp: 'now' },
    }
    await setup.settle()
    setup.acknowledge('a')
    setup.world.unreachable.set('b', 59_999)
    await setup.settle()
    expect(setup.world.source).toBeDefined()
    setup.world.unreachable.set('b', 60_000)
    await setup.settle()
    expect(setup.world.source).toBeUndefined()
    expect(setup.slot('b')?.spec.desired).toBe('Absent')
  })

  test('an acknowledgement of an earlier epoch does not count', async () => {
    const setup = placedWorld()
    await setup.settle()
    const delivery = setup.slot('a')
    if (delivery) delivery.status = { removed: true, observedEpoch: 1 }
    setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source?.metadata, labels: {} } }
    await setup.settle()
    await setup.settle()
    expect(setup.slot('a')?.spec).toMatchObject({ desired: 'Absent', epoch: 2 })
  })

  test('an object that vanished without waiting still leaves the children', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.source = undefined
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })
})

describe('a move by deletionPolicy Delete', () => {
  const move: Placement['spec'] = { replicas: { strategy: 'Divide' }, deletionPolicy: 'Delete' }
  /** Divided over a and b, which run their shares; then it is to be on b alone. */
  async function movingWorld(address = deployment) {
    const setup = placedWorld(move, address)
    await setup.settle()
    setup.serve('a', 3)
    setup.serve('b', 2)
    await setup.settle()
    setup.world.placements = [placement('p', { ...move, clusterNames: ['b'] })]
    return setup
  }

  test('waits until the whole share is available in the version that is asked for', async () => {
    const setup = await movingWorld()
    await setup.settle()
    expect(setup.slot('b')?.spec).toMatchObject({ epoch: 2, manifest: { spec: { replicas: 5 } } })
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    setup.serve('b', 2)
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    setup.serve('b', 5)
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })

  test.each<[string, (setup: Awaited<ReturnType<typeof movingWorld>>) => void]>([
    ['refuses it', (setup) => setup.answer('b', { status: 'False', reason: 'ForbiddenByProfile' })],
    [
      'is silent',
      (setup) => {
        setup.serve('b', 5)
        setup.world.trouble.set('b', { reason: 'ChildUnreachable', message: 'silent' })
      },
    ],
    [
      'has not looked at it yet',
      (setup) => {
        setup.serve('b', 5)
        Object.assign(setup.slot('b')?.status ?? {}, { appliedChildGeneration: 2 })
      },
    ],
  ])('deletes nothing while the other child %s', async (_, happens) => {
    const setup = await movingWorld()
    await setup.settle()
    happens(setup)
    expect(await setup.settle()).toMatchObject({ requeueAfterMs: 60_000 })
    expect(setup.slot('a')?.spec.desired).toBe('Present')
  })

  test('deletes nothing while the only child that is meant has not joined, or is cordoned, and says so', async () => {
    const setup = await movingWorld()
    setup.world.placements = [placement('p', { ...move, clusterNames: ['c'] })]
    const invited = child('c')
    delete invited.object.status
    setup.world.childClusters = [...setup.world.childClusters, invited]
    await setup.settle()
    expect(setup.told()).toMatch(/^NoChildCluster: .*c: it has not joined yet/)
    invited.object.status = { conditions: [joined] }
    invited.object.spec.unschedulable = true
    await setup.settle()
    expect(setup.told()).toMatch(/^NoChildCluster: .*c: it is cordoned/)
    expect(['a', 'b', 'c'].map((uid) => setup.slot(uid)?.spec.desired)).toEqual(['Present', 'Present', undefined])
    setup.world.childClusters = setup.world.childClusters.slice(0, 2)
    await setup.settle()
    expect(['a', 'b'].map((uid) => setup.slot(uid)?.spec.desired)).toEqual(['Absent', 'Absent'])
  })

  test('deletes nothing while the only child that is meant has a taint that is not tolerated, and says so', async () => {
    const setup = await movingWorld()
    setup.world.placements = [placement('p', { ...move, clusterNames: ['c'] })]
    const tainted = child('c')
    tainted.object.spec.taints = [{ key: 'gpu', effect: 'NoSelect' }]
    setup.world.childClusters = [...setup.world.childClusters, tainted]
    await setup.settle()
    expect(setup.told()).toMatch(/^NoChildCluster: .*c: taint gpu is not tolerated/)
    expect(['a', 'b', 'c'].map((uid) => setup.slot(uid)?.spec.desired)).toEqual(['Present', 'Present', undefined])
  })

  test('does not hold what a taint drives out', async () => {
    const setup = await movingWorld()
    for (const { object } of setup.world.childClusters) object.spec.taints = [{ key: 'drain', effect: 'NoExecute' }]
    await setup.settle()
    expect(['a', 'b'].map((uid) => setup.slot(uid)?.spec.desired)).toEqual(['Absent', 'Absent'])
  })

  test('that cannot complete says which child it waits for, until it has', async () => {
    const setup = await movingWorld()
    await setup.settle()
    setup.serve('b', 4)
    Object.assign(setup.slot('b')?.status ?? {}, { observedTime: new Date(setup.world.nowMs).toISOString() })
    expect((await setup.settle())?.requeueAfterMs).toBeLessThan(5_000)
    expect(setup.told()).toBeUndefined()
    setup.world.nowMs += 4_000
    expect(await setup.settle()).toMatchObject({ requeueAfterMs: 60_000 })
    expect(setup.told()).toBe('a: MoveWaits: the copy stays until the one on "b" is available')
    const delivered = { type: 'Delivered', status: 'False', reason: 'MoveWaits' }
    expect(setup.world.source?.['status']).toMatchObject({ conditions: [delivered] })
    // A step on the way neither takes it back nor says it again.
    Object.assign(setup.slot('b')?.status ?? {}, { observedTime: new Date(setup.world.nowMs).toISOString() })
    await setup.settle()
    expect(setup.world.news).toMatchObject([{ type: 'Warning', childCluster: 'a', reason: 'MoveWaits' }])
    setup.serve('b', 5)
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })

  test('that waits for a silent child says so at once: all others may be there', async () => {
    const setup = placedWorld(move)
    setup.world.childClusters = [child('a'), child('b'), child('c')]
    await setup.settle()
    setup.world.placements = [placement('p', { ...move, clusterNames: ['b', 'c'] })]
    await setup.settle()
    setup.serve('b', 3)
    setup.serve('c', 2)
    setup.world.trouble.set('c', { reason: 'ChildUnreachable', message: 'silent' })
    await setup.settle()
    expect(setup.told()).toBe('a: MoveWaits: the copy stays until the one on "c" is available: silent')
  })

  test('says nothing while it goes on', async () => {
    const setup = await movingWorld()
    await setup.settle()
    setup.serve('b', 5)
    await setup.settle()
    setup.acknowledge('a')
    await setup.settle()
    expect([setup.slot('a'), setup.told(), setup.world.news]).toEqual([undefined, undefined, []])
  })

  test('counts no replicas where an autoscaler does', async () => {
    const setup = await movingWorld()
    setup.world.autoscaled = true
    await setup.settle()
    setup.serve('b', 1)
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })

  test('of what has neither replicas nor generations goes on when it is there', async () => {
    const setup = placedWorld(move, { ...deployment, group: '', resource: 'configmaps' })
    await setup.settle()
    setup.world.placements = [placement('p', { ...move, clusterNames: ['b'] })]
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Present')
    setup.serve('b', 0)
    delete setup.slot('b')?.status?.childStatus
    await setup.settle()
    expect(setup.slot('a')?.spec.desired).toBe('Absent')
  })
})

describe('the status of an object whose copies have gone', () => {
  const running = (replicas: number): JsonObject => ({
    replicas,
    readyReplicas: replicas,
    conditions: [{ type: 'Available', status: 'True', reason: 'r', message: '' }],
  })
  const unplace = (setup: ReturnType<typeof placedWorld>) =>
    (setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source?.metadata, labels: {} } })

  test('is empty once it is unplaced', async () => {
    const setup = placedWorld()
    await setup.settle()
    for (const uid of ['a', 'b']) setup.observe(uid, running(5))
    await setup.settle()
    expect(setup.world.source?.['status']).toMatchObject({ readyReplicas: 5, observedGeneration: 1 })
    unplace(setup)
    await setup.settle()
    expect(setup.world.source?.['status']).toEqual({})
  })

  test('is empty once its only child has gone, but for the word that nothing is selected', async () => {
    const setup = placedWorld()
    setup.world.childClusters = [child('a')]
    await setup.settle()
    setup.observe('a', running(5))
    await setup.settle()
    setup.world.childClusters = []
    setup.world.slots.clear()
    await setup.settle()
    const { conditions, ...counters } = (setup.world.source as KubeObject)['status'] as { conditions: Condition[] }
    expect(counters).toEqual({})
    expect(conditions).toMatchObject([{ type: 'Delivered', status: 'False', reason: 'NoChildCluster' }])
  })

  test('stays as it is where somebody else wrote it', async () => {
    const setup = placedWorld()
    setup.world.source = { ...source({}), status: { phase: 'Mine' } }
    await setup.settle()
    expect(setup.world.source['status']).toEqual({ phase: 'Mine' })
    setup.world.source = { ...source(), status: { phase: 'Mine' } }
    setup.world.placements = [placement('p', { clusterNames: ['nowhere'] })]
    await setup.settle()
    expect(setup.world.source['status']).toMatchObject({ phase: 'Mine' })
    unplace(setup)
    await setup.settle()
    expect(setup.world.source['status']).toMatchObject({ phase: 'Mine' })
  })

  test('keeps nothing from going where its type refuses what would be left of it', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.observe('a', running(5))
    await setup.settle()
    setup.world.refusesStatus = true
    unplace(setup)
    for (const uid of ['a', 'b']) {
      await setup.settle()
      setup.acknowledge(uid)
    }
    await setup.settle()
    expect(setup.world.source?.['status']).toMatchObject({ replicas: 5 })
    expect(setup.world.source?.metadata.finalizers).toEqual([])
  })

  test('is not written on an object that is going', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.observe('a', running(5))
    await setup.settle()
    const { statusWrites } = setup.world
    const { metadata, ...rest } = setup.world.source as KubeObject
    setup.world.source = { ...rest, metadata: { ...metadata, deletionTimestamp: 'now' } }
    await setup.settle()
    expect(setup.world.statusWrites).toBe(statusWrites)
  })

  test('does not wait for a copy that stays where it is not placed any more, nor count it', async () => {
    const setup = placedWorld({ replicas: { strategy: 'Divide' } })
    await setup.settle()
    setup.observe('a', running(3))
    setup.observe('b', running(2))
    setup.world.placements = [placement('p', { replicas: { strategy: 'Divide' }, clusterNames: ['a'] })]
    const { metadata, ...rest } = setup.world.source as KubeObject
    setup.world.source = { ...rest, metadata: { ...metadata, generation: 2 }, spec: { replicas: 4 } }
    await setup.settle()
    setup.observe('a', running(4))
    await setup.settle()
    expect(setup.world.source['status']).toMatchObject({ observedGeneration: 2, replicas: 4, readyReplicas: 4 })
    expect(setup.told()).toMatch(/^b: Kept: /)
    setup.world.placements = [placement('p', { clusterNames: ['nowhere'] })]
    await setup.settle()
    expect(setup.world.source['status']).toMatchObject({ observedGeneration: 1, readyReplicas: 2 })
  })

  test('of a kind that is not summed up is that of its single copy, and nothing when there are two', async () => {
    const setup = placedWorld({}, { ...deployment, group: 'example.com', resource: 'things' })
    setup.world.childClusters = [child('a')]
    await setup.settle()
    setup.observe('a', running(5))
    await setup.settle()
    expect(setup.world.source?.['status']).toMatchObject({ readyReplicas: 5 })
    setup.world.childClusters = [child('a'), child('b')]
    await setup.settle()
    expect(setup.world.source?.['status']).toEqual({})
  })
})

describe('what the owner of an object is told', () => {
  const refused = { status: 'False', reason: 'ForbiddenByProfile', message: 'spec.externalIPs' } as const
  const delivered = () => (setup.world.source?.['status'] as { conditions?: unknown[] } | undefined)?.conditions
  let setup = placedWorld()
  beforeEach(() => {
    setup = placedWorld()
  })

  test('is nothing while all is well', async () => {
    await setup.settle()
    setup.answer('a', { status: 'True', reason: 'Applied' })
    setup.answer('b', { status: 'True', reason: 'Applied' })
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    expect(setup.world.news).toEqual([])
    expect(delivered() ?? []).toEqual([])
  })

  test('is what a child refuses: in the annotation, as a condition, and once by an Event', async () => {
    await setup.settle()
    setup.answer('b', refused)
    await setup.settle()
    await setup.settle()
    expect(setup.told()).toBe('b: ForbiddenByProfile: spec.externalIPs')
    expect(setup.world.news).toEqual([
      { type: 'Warning', childCluster: 'b', reason: 'ForbiddenByProfile', message: 'spec.externalIPs' },
    ])
    expect(delivered()).toMatchObject([{ type: 'Delivered', status: 'False', reason: 'ForbiddenByProfile' }])
  })

  test('goes when it is over, and that is said', async () => {
    await setup.settle()
    setup.answer('b', refused)
    await setup.settle()
    setup.answer('b', { status: 'True', reason: 'Applied' })
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    expect(setup.world.news.at(-1)).toMatchObject({ type: 'Normal', reason: 'PlacementResolved' })
    expect(delivered()).toMatchObject([{ type: 'Delivered', status: 'True' }])
  })

  test('one child that comes on top is said alone', async () => {
    await setup.settle()
    setup.answer('b', refused)
    await setup.settle()
    setup.answer('a', refused)
    await setup.settle()
    expect(setup.told()?.split('\n')).toHaveLength(2)
    expect(setup.world.news.map(({ childCluster }) => childCluster)).toEqual(['b', 'a'])
  })

  test('what passes by itself is said when it lasts', async () => {
    await setup.settle()
    setup.answer('b', { status: 'False', reason: 'WaitingForDependency', message: 'slot x', atMs: setup.world.nowMs })
    expect(await setup.settle()).toMatchObject({ requeueAfterMs: 4_000 })
    expect(setup.told()).toBeUndefined()
    setup.world.nowMs += 4_000
    expect(await setup.settle()).toBeUndefined()
    expect(setup.told()).toMatch(/^b: WaitingForDependency: its custom resource definition/)
  })

  test('an error between a child and its agent tells nobody an address', async () => {
    await setup.settle()
    setup.answer('b', { status: 'False', reason: 'ChildUnreachable', message: 'connect 10.0.0.1:6443' })
    await setup.settle()
    expect(setup.told()).toBe('b: ChildUnreachable: the child cluster does not take it at the moment')
  })

  test('a contested field is named', async () => {
    await setup.settle()
    setup.answer('b', { status: 'True', reason: 'Applied' })
    const contested = { type: 'Conflict', status: 'True' as const, reason: 'Contested', message: '.spec.replicas' }
    setup.slot('b')?.status?.conditions?.push({ ...contested, lastTransitionTime: '' })
    await setup.settle()
    expect(setup.told()).toBe('b: Conflict: .spec.replicas')
  })

  test('a silent child is a problem of objects that wait for it, not of those that it has', async () => {
    await setup.settle()
    for (const uid of ['a', 'b']) setup.answer(uid, { status: 'True', reason: 'Applied' })
    setup.world.trouble.set('b', { reason: 'ChildUnreachable', message: 'silent' })
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    setup.world.source = {
      ...source(),
      metadata: { ...setup.world.source?.metadata, generation: 2 },
      spec: { replicas: 6 },
    }
    await setup.settle()
    expect(setup.told()).toBe('b: ChildUnreachable: silent')
  })

  test('two Placements that select it are named, and nothing is placed', async () => {
    setup.world.source = source({})
    const selects = { resourceSelectors: [{ apiGroup: 'apps', kind: 'Deployment' }] }
    setup.world.placements = [placement('p', selects), placement('q', selects)]
    await setup.settle()
    expect(setup.told()).toMatch(/^Ambiguous: selected by the Placements "p" and "q"/)
    expect(delivered()).toMatchObject([{ type: 'Delivered', status: 'False', reason: 'Ambiguous' }])
    setup.world.placements = [placement('p', selects)]
    await setup.settle()
    expect(setup.told()).toBeUndefined()
  })

  test('a Placement that does not exist is named, also by an object that it had placed', async () => {
    setup.world.source = source({ [placementLabel]: 'nowhere' })
    await setup.settle()
    expect(setup.told()).toBe('PlacementNotFound: there is no Placement "nowhere" in this workspace')
    const placed = placedWorld()
    await placed.settle()
    placed.world.placements = []
    await placed.settle()
    expect(placed.told()).toContain('the copies that there are stay')
  })

  test('when no child is selected, each with its reason', async () => {
    setup.world.placements = [placement('p', { clusterNames: ['c'] })]
    await setup.settle()
    expect(setup.told()).toBe(
      'NoChildCluster: the Placement "p" selects no child cluster: a: not among spec.clusterNames; b: not among spec.clusterNames',
    )
    setup.world.childClusters = []
    await setup.settle()
    expect(setup.told()).toContain('no child cluster is offered to this workspace')
  })

  test('a copy that stays on a child which is no longer selected', async () => {
    await setup.settle()
    setup.world.placements = [placement('p', { clusterNames: ['a'] })]
    await setup.settle()
    expect(setup.told()).toBe(
      'b: Kept: the copy stays there, by deletionPolicy Keep, though not among spec.clusterNames',
    )
    setup.world.placements = [placement('p')]
    await setup.settle()
    expect(setup.told()).toBeUndefined()
  })

  test('a copy that is on its way out is not one that stays, though the object is placed elsewhere by then', async () => {
    await setup.settle()
    setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source?.metadata, labels: {} } }
    await setup.settle()
    setup.world.trouble.set('b', { reason: 'ChildUnreachable', message: 'silent' })
    setup.world.placements = [placement('q', { clusterNames: ['a'] })]
    const labels = { [placementLabel]: 'q' }
    setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source.metadata, labels } }
    await setup.settle()
    expect([setup.slot('a')?.spec.desired, setup.slot('b')?.spec.desired]).toEqual(['Present', 'Absent'])
    expect(setup.told()).toBe('b: RemovalWaits: the copy is being removed: silent')
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.told()).toBeUndefined()
  })

  test.each([
    ['delete', /^b: Leaving: the child cluster is being unjoined with its workloads$/],
    ['keep', /^b: Kept: /],
  ] as const)(
    'a child that is unjoined with its workloads (%s) does not say that they stay',
    async (workloads, told) => {
      await setup.settle()
      setup.world.childClusters[1]!.object.spec.leaving = { workloads }
      await setup.settle()
      expect(setup.told()).toMatch(told)
    },
  )

  test('an object that is too large gets no slot; a copy of when it was smaller stays', async () => {
    const data = { a: 'x'.repeat(1_048_000) }
    setup.world.source = { ...source(), data }
    await setup.settle()
    expect(setup.told()).toMatch(/^TooLarge: the object has 10\d{5} bytes/)
    expect(setup.world.slots.size).toBe(0)
    const grown = placedWorld()
    await grown.settle()
    grown.world.source = { ...source(), metadata: { ...grown.world.source?.metadata }, data }
    await grown.settle()
    expect(grown.told()).toContain('TooLarge')
    expect(grown.slot('a')?.spec).toMatchObject({ desired: 'Present', epoch: 1 })
  })

  test('an object that is labelled and never delivered; in a labelled namespace it stays silent', async () => {
    const owner = { apiVersion: 'v1', kind: 'Foo', name: 'f', uid: 'f', controller: true }
    setup.world.source = { ...source(), metadata: { ...source().metadata, ownerReferences: [owner] } }
    await setup.settle()
    expect(setup.told()).toMatch(/^NotPlaceable: it belongs to the Foo "f"/)
    setup.world.source = { ...source({}), metadata: { ...source({}).metadata, ownerReferences: [owner] } }
    setup.world.namespaceLabels = { [placementLabel]: 'p' }
    await setup.settle()
    expect(setup.told()).toBeUndefined()
  })

  test('an unplaced object is let go after a minute, and says what was left behind until that has gone', async () => {
    await setup.settle()
    setup.acknowledge('a')
    setup.world.source = { ...setup.world.source, metadata: { ...setup.world.source?.metadata, labels: {} } }
    setup.world.trouble.set('b', { reason: 'ChildUnreachable', message: 'silent' })
    setup.world.unreachable.set('b', 50_000)
    await setup.settle()
    setup.acknowledge('a')
    await setup.settle()
    expect(setup.told()).toBe('b: RemovalWaits: the copy is being removed: silent')
    setup.world.unreachable.set('b', 60_000)
    await setup.settle()
    expect(setup.world.source?.metadata.finalizers).toEqual([])
    expect(setup.told()).toMatch(/^b: LeftBehind/)
    await setup.settle()
    expect(setup.told()).toMatch(/^b: LeftBehind/)
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    expect(setup.world.slots.size).toBe(0)
  })

  test.each([
    ['forbids it', 'ForbiddenByChild', 'cannot delete', 0],
    ['holds it', 'Pending', 'the object is on its way out', 4_000],
  ])('a removal waits, and says so, where the child %s', async (_, reason, message, laterMs) => {
    await setup.settle()
    const unplaced = { ...setup.world.source?.metadata, labels: {} }
    setup.world.source = { ...setup.world.source, metadata: unplaced }
    await setup.settle()
    setup.acknowledge('a')
    setup.answer('b', { status: 'False', reason, message, atMs: setup.world.nowMs })
    await setup.settle()
    if (laterMs > 0) expect(setup.told()).toBeUndefined()
    setup.world.nowMs += laterMs
    await setup.settle()
    expect(setup.told()).toBe(`b: RemovalWaits: the copy is being removed: ${message}`)
    expect(setup.world.news).toMatchObject([{ type: 'Warning', childCluster: 'b', reason: 'RemovalWaits' }])
    setup.acknowledge('b')
    await setup.settle()
    expect(setup.told()).toBeUndefined()
    expect(setup.world.source.metadata.finalizers).toEqual([])
  })

  test('a Placement with deletionPolicy Delete takes its copies along', async () => {
    const ending = placedWorld({ deletionPolicy: 'Delete' })
    await ending.settle()
    const [own] = ending.world.placements
    if (own) own.metadata.deletionTimestamp = 'now'
    await ending.settle()
    expect(ending.slot('a')?.spec.desired).toBe('Absent')
  })

  test('what is told is not delivered', async () => {
    await setup.settle()
    setup.answer('b', refused)
    await setup.settle()
    await setup.settle()
    expect(setup.slot('a')?.spec).toMatchObject({ epoch: 1 })
    expect(JSON.stringify(setup.slot('a'))).not.toContain('placement-status')
  })
})
