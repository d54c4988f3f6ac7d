import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChildName } from '../../src/cli/demo/stage.ts'
import type { ChildCluster } from '../../src/meta/fleet/child-cluster.ts'
import { placementLabel } from '../../src/meta/fleet/fleet-names.ts'
import type { Placement } from '../../src/meta/fleet/placement.ts'
import type { Condition, KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import { deployment, placement } from '../support/fleet-objects.ts'
import { conditionOf, type SmallFleet, startSmallFleet } from '../support/small-fleet.ts'

let fleet: SmallFleet

beforeAll(async () => {
  fleet = await startSmallFleet()
  await fleet.join('east')
  await fleet.join('west')
  await fleet.apply(fleet.tenant, placement('divided', { replicas: { strategy: 'Divide' } }))
  await fleet.apply(fleet.tenant, placement('both', {}))
}, 120_000)
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
})

const placed = (name: string, replicas: number, placedBy: string): KubeObject =>
  deployment(name, { replicas, labels: { [placementLabel]: placedBy } })

const find = (name: string) => fleet.get(fleet.tenant, 'Deployment', name, 'default')

async function untilReady(name: string, readyReplicas: number): Promise<void> {
  await eventually(
    async () => {
      const found = await find(name)
      const status = found?.['status'] as { readyReplicas?: number; observedGeneration?: number } | undefined
      return status?.readyReplicas === readyReplicas && status.observedGeneration === found?.metadata.generation
    },
    { what: `${name} has ${readyReplicas} ready replicas` },
  )
}

const deploymentsOn = (child: ChildName) =>
  fleet.stage.clientOf(child).resource({ group: 'apps', version: 'v1', resource: 'deployments' })

async function copyOn(child: ChildName, name: string): Promise<KubeObject | undefined> {
  const { items } = await deploymentsOn(child).list({ labelSelector: 'fleet.atoll.dev/managed' })
  return items.find(({ metadata }) => metadata.name === name)
}

/** What is asked of each child cluster: replicas of its copy, undefined where there is none. */
async function sharesOf(name: string): Promise<(number | undefined)[]> {
  const shareOf = async (child: ChildName) =>
    ((await copyOn(child, name))?.['spec'] as { replicas?: number } | undefined)?.replicas
  return [await shareOf('east'), await shareOf('west')]
}

/** Until the status has nothing of copies: no counters, no generation, no condition but the word of placement itself. */
async function untilEmpty(name: string): Promise<void> {
  await eventually(
    async () => {
      const { conditions = [], ...counters } = ((await find(name))?.['status'] ?? {}) as { conditions?: Condition[] }
      if (Object.keys(counters).length === 0 && conditions.every(({ type }) => type === 'Delivered')) return true
      throw new Error(JSON.stringify({ counters, conditions }))
    },
    { what: `the status of ${name} says nothing of copies` },
  )
}

describe('what a tenant sees when placement changes', () => {
  it('a child cluster that was invited and never came takes no replicas away', async () => {
    await fleet.apply(fleet.tenant, placed('shared', 4, 'divided'))
    await untilReady('shared', 4)
    await fleet.atoll('join', 'quiet', '--mode', 'agent')
    const decision = await eventually(
      async () => {
        const found = (await fleet.get(fleet.tenant, 'Placement', 'divided')) as Placement | undefined
        return found?.status?.decisions?.find(({ cluster }) => cluster === 'quiet')
      },
      { what: 'the Placement has decided about it' },
    )
    expect(decision).toMatchObject({ selected: false, reason: 'NotJoined' })
    const quiet = (await fleet.get(fleet.root, 'ChildCluster', 'quiet')) as ChildCluster | undefined
    expect(conditionOf(quiet, 'Ready')?.status).not.toBe('True')
    await fleet.apply(fleet.tenant, placed('shared', 6, 'divided'))
    await untilReady('shared', 6)
    expect(await sharesOf('shared')).toEqual([3, 3])
  })

  it('nothing runs once the label is gone, and the status says so', async () => {
    await fleet.apply(fleet.tenant, placed('left', 3, 'both'))
    await untilReady('left', 3)
    const unplaced = { ...placed('left', 3, 'both'), metadata: { name: 'left', namespace: 'default' } }
    await fleet.apply(fleet.tenant, unplaced)
    await eventually(async () => (await sharesOf('left')).every((share) => share === undefined), { what: 'copies go' })
    await untilEmpty('left')
  })

  it('a move takes nothing away before the whole share runs where it goes', async () => {
    const divided = { replicas: { strategy: 'Divide' }, deletionPolicy: 'Delete' }
    await fleet.apply(fleet.tenant, placement('moving', { ...divided, clusterNames: ['east', 'west'] }))
    await fleet.apply(fleet.tenant, placed('moving', 4, 'moving'))
    await untilReady('moving', 4)
    fleet.stage.children.west.pauseKubelet()
    try {
      await fleet.apply(fleet.tenant, placement('moving', { ...divided, clusterNames: ['west'] }))
      await eventually(
        async () => {
          const { replicas, readyReplicas } = ((await find('moving'))?.['status'] ?? {}) as Record<string, number>
          return replicas === 4 && readyReplicas === 2
        },
        { what: 'the status tells of west alone, where two of four are ready' },
      )
      expect(await sharesOf('moving')).toEqual([2, 4])
    } finally {
      fleet.stage.children.west.resumeKubelet()
    }
    await eventually(async () => (await sharesOf('moving'))[0] === undefined, { what: 'the copy on east goes' })
    await untilReady('moving', 4)
  })

  it('a copy that its child does not let go is named, on the object and in the Placement', async () => {
    await fleet.apply(fleet.tenant, placed('held', 1, 'both'))
    await untilReady('held', 1)
    const hold = async (finalizers: string[] | null) => {
      const { name = '', namespace = '' } = (await copyOn('east', 'held'))?.metadata ?? {}
      const body = { metadata: { finalizers } }
      await deploymentsOn('east').patch({ name, namespace }, { type: 'merge', body })
    }
    await hold(['example.com/backup'])
    await fleet.apply(fleet.tenant, {
      ...placed('held', 1, 'both'),
      metadata: { name: 'held', namespace: 'default' },
    })
    await fleet.untilTold('Deployment', 'held', /^east: RemovalWaits: the copy is being removed: /)
    expect((await fleet.events('held'))['RemovalWaits']).toMatchObject({ type: 'Warning' })
    await eventually(
      async () => {
        const delivered = conditionOf(await fleet.get(fleet.tenant, 'Placement', 'both'), 'Delivered')
        return delivered?.reason === 'Removing' && delivered.message === 'copies being removed: 1'
      },
      { what: 'the Placement counts it' },
    )
    await hold(null)
    await fleet.untilTold('Deployment', 'held', undefined)
  })

  it('nothing runs once its only child has left with its workloads, and the status says so', async () => {
    await fleet.apply(fleet.tenant, placement('west', { clusterNames: ['west'] }))
    await fleet.apply(fleet.tenant, placed('alone', 2, 'west'))
    await untilReady('alone', 2)
    await fleet.atoll('unjoin', 'west', '--workloads', 'delete')
    await untilEmpty('alone')
    await fleet.untilTold('Deployment', 'alone', /^NoChildCluster: /)
  })
})
