import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import {
  placedFinalizer,
  placementLabel,
  selectedByAnnotation,
  targetsAnnotation,
} from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { RegisteredChildCluster } from './choose-child-clusters.ts'
import {
  createPlacementReconciler,
  fromSourceRequest,
  type PlacementSteps,
  type SourceAddress,
  sourceRequest,
} from './placement-reconciler.ts'
import { deliveryName } from './slot-names.ts'

const address: SourceAddress = {
  logicalCluster: 'lc',
  group: 'apps',
  resource: 'deployments',
  namespace: 'default',
  name: 'web',
}
const slot = deliveryName({ ...address, kind: 'Deployment' })

/** A hub in memory: one source object, placements, child clusters and their slots. */
function createWorld() {
  const world = {
    source: undefined as KubeObject | undefined,
    unserved: false,
    namespaceLabels: {} as Record<string, string>,
    placements: [] as Placement[],
    childClusters: [] as RegisteredChildCluster[],
    slots: new Map<string, Delivery>(),
    unreachable: new Map<string, number>(),
    statusWrites: 0,
    marks: 0,
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
      world.source = { ...object, status }
    },
    dependencies: async () => [],
    unreachableForMs: (uid) => world.unreachable.get(uid),
    hub: () => ({ id: 'hub' }),
    incarnationOf: () => 1,
    now: () => 1_000_000,
  }
  const reconcile = createPlacementReconciler(steps)
  return {
    ...world,
    world,
    /** Until nothing asks to be looked at again at once. */
    async settle() {
      for (let round = 0; round < 10; round += 1) {
        const result = await reconcile(sourceRequest(address), new AbortController().signal)
        if (result?.requeueAfterMs !== 0) return result
      }
      throw new Error('does not settle')
    },
    slot: (uid: string) => world.slots.get(`${uid}/${slot}`),
    acknowledge(uid: string) {
      const delivery = world.slots.get(`${uid}/${slot}`)
      if (!delivery) throw new Error('no slot')
      delivery.status = { ...delivery.status, removed: true, observedEpoch: delivery.spec.epoch }
    },
  }
}

const child = (name: string): RegisteredChildCluster => ({
  uid: name,
  name,
  homePath: 'root',
  object: { metadata: { name }, spec: { mode: 'agent' } },
})
const source = (labels: Record<string, string> = { [placementLabel]: 'p' }): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, labels },
  spec: { replicas: 5 },
})
const placement = (name = 'p', spec: Placement['spec'] = {}): Placement => ({ metadata: { name }, spec })

function placedWorld(spec: Placement['spec'] = {}) {
  const setup = createWorld()
  setup.world.source = source()
  setup.world.placements = [placement('p', spec)]
  setup.world.childClusters = [child('a'), child('b')]
  return setup
}

describe('placing', () => {
  test('a request survives the way through the queue', () => {
    expect(fromSourceRequest(sourceRequest(address))).toEqual(address)
  })

  test('a labelled object gets a slot on each child, and is marked before the first one', async () => {
    const setup = placedWorld()
    await setup.settle()
    expect(setup.world.source?.metadata.finalizers).toEqual([placedFinalizer])
    expect(setup.world.source?.metadata.annotations?.[targetsAnnotation]).toBe('a,b')
    expect(setup.slot('a')?.spec).toMatchObject({ desired: 'Present', epoch: 1, sourceUid: 'u1', sourceGeneration: 1 })
    expect(setup.slot('b')?.spec.manifest?.['spec']).toEqual({ replicas: 5 })
  })

  test('divided replicas add up', async () => {
    const setup = placedWorld({ replicas: { strategy: 'Divide' } })
    await setup.settle()
    expect(['a', 'b'].map((uid) => setup.slot(uid)?.spec.manifest?.['spec'])).toEqual([
      { replicas: 3 },
      { replicas: 2 },
    ])
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

  test('a large object gets its slots too, for the syncer to say why it is refused, and is marked once', async () => {
    const setup = placedWorld()
    setup.world.source = { ...source(), data: { a: 'x'.repeat(2_000_000) } }
    await setup.settle()
    await setup.settle()
    expect(setup.slot('a')).toBeDefined()
    expect(setup.world.marks).toBe(1)
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

  test('a child that no longer matches keeps its copy, unless the policy is Delete and the others are Available', async () => {
    const setup = placedWorld()
    await setup.settle()
    setup.world.placements = [placement('p', { clusterNames: ['a'] })]
    await setup.settle()
    expect(setup.slot('b')?.spec.desired).toBe('Present')
    setup.world.placements = [placement('p', { clusterNames: ['a'], deletionPolicy: 'Delete' })]
    await setup.settle()
    expect(setup.slot('b')?.spec.desired).toBe('Present')
    const available = { type: 'Available', status: 'True' as const, reason: 'r', message: '', lastTransitionTime: '' }
    const kept = setup.slot('a')
    if (kept) kept.status = { conditions: [available] }
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
