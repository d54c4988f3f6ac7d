import { expect, it } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { notFound } from '../meta/api-errors.ts'
import type { AgentReport } from '../meta/fleet/delivery.ts'
import type { KubeObject } from '../meta/object.ts'
import { claimConfigMap, stateConfigMap } from './child-names.ts'
import { createHubGate } from './hub-gate.ts'

const report = (incarnation: number, resourceVersion: string): AgentReport => ({
  metadata: { name: 'report', resourceVersion },
  spec: { hubId: 'hub', incarnation },
})

/** A gate over a child that this hub has claimed, with the memory that the child has of it. */
function setUp(state?: Record<string, string>) {
  const maps = new Map<string, KubeObject>([
    [claimConfigMap, { metadata: {}, data: { hubId: 'hub', childClusterUid: 'uid', name: 'east' } }],
  ])
  if (state) maps.set(stateConfigMap, { metadata: {}, data: state })
  const resource = {
    async get({ name }: { name: string }) {
      const found = maps.get(name)
      if (!found) throw notFound({ group: '', resource: 'configmaps' }, name)
      return found
    },
    create: async (object: KubeObject) => void maps.set(object.metadata.name ?? '', object),
  }
  const gate = createHubGate({
    child: { resource: () => resource } as unknown as Client,
    hubId: 'hub',
    childClusterUid: 'uid',
    logger: silentLogger,
    clock: createManualClock(0),
    onChange: () => void gate.persist(),
  })
  return { gate, kept: () => maps.get(stateConfigMap)?.['data'] }
}

it('leaves what it knows of the hub in the child as soon as the hub is obeyed, whichever was heard first', async () => {
  const first = setUp()
  first.gate.observeReport(report(1, '7'))
  await first.gate.load()
  expect(first.gate.open).toBe(true)
  expect(first.kept()).toMatchObject({ hubId: 'hub', incarnation: '1', revision: '7' })

  const second = setUp()
  await second.gate.load()
  expect(second.kept()).toBeUndefined()
  second.gate.observeReport(report(1, '7'))
  expect(second.kept()).toMatchObject({ hubId: 'hub', incarnation: '1', revision: '7' })
})

it('leaves a fork there that it finds as it reads its memory', async () => {
  const { gate, kept } = setUp({ hubId: 'hub', incarnation: '2', revision: '90' })
  gate.observeReport(report(2, '50'))
  await gate.load()
  expect(gate.open).toBe(false)
  expect(gate.forked).toMatchObject({ seenRevision: 90 })
  const { revision, forked } = kept() as Record<string, string>
  expect(revision).toBe('90')
  expect(JSON.parse(forked ?? '')).toMatchObject({ seenRevision: 90 })
})
