import { describe, expect, test } from 'vitest'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { placementFinalizer } from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { Condition } from '../../meta/object.ts'
import type { RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import { createPlacementDecisionsReconciler } from './placement-decisions-reconciler.ts'
import type { SlotCounts } from './placement-status.ts'

const joined = { type: 'Joined', status: 'True', reason: 'Joined' } as Condition
const ready = [{ type: 'Ready', status: 'True', reason: 'Ready' } as Condition, joined]
const child = (name: string, spec: Partial<ChildCluster['spec']> = {}, conditions = ready): RegisteredChildCluster => ({
  uid: name,
  name,
  homePath: 'root',
  object: { metadata: { name, labels: { region: name } }, spec: { mode: 'agent', ...spec }, status: { conditions } },
})
const copies = (total: number, applied = total, failed = 0): SlotCounts => ({ total, applied, failed, removing: 0 })

function createWorld(spec: Placement['spec'] = {}) {
  const world = {
    placement: { metadata: { name: 'p', generation: 3 }, spec } as Placement,
    others: [] as Placement[],
    children: [child('a'), child('b')],
    counts: new Map<string, SlotCounts>(),
    nowMs: 0,
    statusWrites: 0,
  }
  const reconcile = createPlacementDecisionsReconciler({
    getPlacement: async () => world.placement,
    placements: () => [world.placement, ...world.others],
    childClusters: async () => world.children,
    workspacePath: async () => 'root:team',
    slotCounts: async () => world.counts,
    async updateStatus(_, placement) {
      world.statusWrites += 1
      world.placement = placement
    },
    update: async (_, placement) => void (world.placement = placement),
    now: () => world.nowMs,
  })
  return Object.assign(world, {
    async run() {
      const result = await reconcile({ logicalCluster: 'lc', namespace: '', name: 'p' }, new AbortController().signal)
      return { result, status: world.placement.status ?? {} }
    },
    condition: (type: string) => world.placement.status?.conditions?.find((one) => one.type === type),
  })
}

describe('the status of a Placement', () => {
  test('has a decision for each child that is offered, with the copies there', async () => {
    const world = createWorld({ clusterSelector: { matchLabels: { region: 'a' } } })
    world.counts.set('a', copies(3, 2))
    const { status } = await world.run()
    expect(status.decisions).toEqual([
      { cluster: 'a', selected: true, reason: 'Selected', deliveries: { total: 3, applied: 2, failed: 0 } },
      {
        cluster: 'b',
        selected: false,
        reason: 'NotMatched',
        message: 'its labels do not match spec.clusterSelector',
      },
    ])
    expect(status.deliveries).toEqual({ total: 3, applied: 2, failed: 0 })
    expect(world.condition('Satisfied')).toMatchObject({ status: 'True', observedGeneration: 3 })
    expect(world.condition('Delivered')).toMatchObject({ status: 'False', reason: 'Pending' })
  })

  test('is not written again when nothing is new', async () => {
    const world = createWorld()
    await world.run()
    world.nowMs = 60_000
    await world.run()
    expect(world.statusWrites).toBe(1)
  })

  test('says when no child, or too few, are found', async () => {
    const world = createWorld({ clusterNames: ['c'] })
    await world.run()
    expect(world.condition('Satisfied')).toMatchObject({ status: 'False', reason: 'NoChildCluster' })
    world.placement.spec = { numberOfClusters: 3 }
    await world.run()
    expect(world.condition('Satisfied')).toMatchObject({ reason: 'TooFewChildClusters', message: '2 of 3 were found' })
    world.children = []
    await world.run()
    expect(world.condition('Satisfied')?.message).toBe('no child cluster is offered to this workspace')
  })

  test('names the children where copies are refused', async () => {
    const world = createWorld()
    world.counts.set('a', copies(2)).set('b', copies(2, 1, 1))
    await world.run()
    expect(world.condition('Delivered')).toMatchObject({ status: 'False', reason: 'DeliveriesFailed' })
    expect(world.condition('Delivered')?.message).toContain('1 of 4 copies are refused or contested, on b')
  })

  test('says how many copies are being removed, and where that is refused', async () => {
    const world = createWorld()
    world.counts.set('a', { ...copies(0), removing: 2 })
    await world.run()
    expect(world.condition('Delivered')).toMatchObject({ reason: 'Removing', message: 'copies being removed: 2' })
    world.counts.set('b', copies(3))
    await world.run()
    expect(world.condition('Delivered')?.message).toBe('all 3 copies are there; 2 more being removed')
    world.counts.set('a', { ...copies(0, 0, 1), removing: 2 })
    const { status } = await world.run()
    expect(world.condition('Delivered')).toMatchObject({ status: 'False', reason: 'DeliveriesFailed' })
    expect(world.condition('Delivered')?.message).toMatch(/^1 of 5 copies are refused or contested, on a: .*; 2 more/)
    expect(status.decisions?.[0]?.deliveries).toEqual({ total: 0, applied: 0, failed: 1 })
    expect(world.condition('CopiesKept')?.status).toBe('False')
  })

  test('says that a chosen child is not there', async () => {
    const world = createWorld()
    world.children = [child('a', {}, [{ ...ready[0], status: 'False', reason: 'Unreachable' } as Condition, joined])]
    const { status } = await world.run()
    expect(status.decisions).toMatchObject([{ cluster: 'a', selected: true, reason: 'NotReady' }])
  })

  test('says of a child that has never joined that nothing is placed there', async () => {
    const world = createWorld()
    world.children = [child('a', {}, [])]
    const { status } = await world.run()
    expect(status.decisions).toMatchObject([{ cluster: 'a', selected: false, reason: 'NotJoined' }])
    expect(world.condition('Satisfied')).toMatchObject({ status: 'False', reason: 'NoChildCluster' })
  })

  test('keeps a cordoned child chosen while it has copies', async () => {
    const world = createWorld()
    world.children = [child('a', { unschedulable: true }), child('b', { unschedulable: true })]
    world.counts.set('a', copies(1))
    const { status } = await world.run()
    expect(status.decisions?.map(({ selected, reason }) => [selected, reason])).toEqual([
      [true, 'Selected'],
      [false, 'Unschedulable'],
    ])
  })

  test('names copies that stay where they are not placed any more, also on a child that is not offered any more', async () => {
    const world = createWorld({ clusterNames: ['a'] })
    world.counts.set('b', copies(2))
    await world.run()
    expect(world.condition('CopiesKept')).toMatchObject({ status: 'True', reason: 'Kept' })
    world.children = [child('a'), child('b', { offeredTo: ['root:others'] })]
    const { status } = await world.run()
    expect(status.decisions?.[1]).toMatchObject({ cluster: 'b', selected: false, reason: 'NotOffered' })
    expect(world.condition('CopiesKept')?.message).toContain('2 on b')
    world.counts.clear()
    await world.run()
    expect(world.condition('CopiesKept')).toMatchObject({ status: 'False' })
  })

  test('is Ambiguous when another Placement could select the same object', async () => {
    const world = createWorld({ resourceSelectors: [{ kind: 'ConfigMap' }] })
    await world.run()
    expect(world.condition('Ambiguous')?.status).toBe('False')
    world.others = [{ metadata: { name: 'q' }, spec: { resourceSelectors: [{ kind: 'ConfigMap', namespace: 'x' }] } }]
    await world.run()
    expect(world.condition('Ambiguous')).toMatchObject({ status: 'True', reason: 'SelectorsOverlap' })
    expect(world.condition('Ambiguous')?.message).toContain('"q"')
  })
})

describe('a Placement whose copies go with it', () => {
  const deletionTimestamp = new Date(0).toISOString()

  test('is held while any of them has not been told to go', async () => {
    const world = createWorld({ deletionPolicy: 'Delete' })
    await world.run()
    expect(world.placement.metadata.finalizers).toEqual([placementFinalizer])
    world.counts.set('a', copies(1))
    world.placement.metadata.deletionTimestamp = deletionTimestamp
    expect((await world.run()).result).toMatchObject({ requeueAfterMs: 1_000 })
    expect(world.placement.metadata.finalizers).toEqual([placementFinalizer])
    world.counts.set('a', { ...copies(0), removing: 1 })
    await world.run()
    expect(world.placement.metadata.finalizers).toEqual([])
  })

  test('goes after a minute in any case', async () => {
    const world = createWorld({ deletionPolicy: 'Delete' })
    await world.run()
    world.counts.set('a', copies(1))
    world.placement.metadata.deletionTimestamp = deletionTimestamp
    world.nowMs = 60_000
    await world.run()
    expect(world.placement.metadata.finalizers).toEqual([])
  })

  test('is let go when the policy changes', async () => {
    const world = createWorld({ deletionPolicy: 'Delete' })
    await world.run()
    world.placement.spec = {}
    await world.run()
    expect(world.placement.metadata.finalizers).toEqual([])
  })
})
