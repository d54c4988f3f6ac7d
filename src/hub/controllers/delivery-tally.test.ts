import { expect, test } from 'vitest'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import { childLogicalCluster } from '../../meta/fleet/fleet-names.ts'
import type { Condition } from '../../meta/object.ts'
import { objectKey } from '../../storage/keys.ts'
import { createMemoryBackend } from '../../storage/memory/memory-backend.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import { createDeliveryTally } from './delivery-tally.ts'

const key = (uid: string, name: string) =>
  objectKey({
    logicalCluster: childLogicalCluster(uid),
    group: 'fleet.atoll.dev',
    resource: 'deliveries',
    namespace: '',
    name,
  })
const applied = (status: 'True' | 'False', reason: string) => [{ type: 'Applied', status, reason }] as Condition[]

function slot(
  change: { placement?: string; desired?: 'Absent'; conditions?: Condition[]; observedEpoch?: number } = {},
) {
  const { placement = 'p', desired = 'Present', conditions, observedEpoch = 1 } = change
  const object = {
    metadata: { name: 'x' },
    spec: { source: { logicalCluster: 'lc' }, desired, epoch: 1, placement },
    ...(conditions ? { status: { observedEpoch, conditions } } : {}),
  } as unknown as Delivery
  return encodeStoredValue(JSON.stringify(object))
}

test('slots are counted at the start and followed from then on', async () => {
  const backend = createMemoryBackend()
  const put = (uid: string, name: string, value: Uint8Array) => backend.txn({ puts: [{ key: key(uid, name), value }] })
  await put('a', 'one', slot({ conditions: applied('True', 'Applied') }))
  await put('a', 'two', slot({ conditions: applied('False', 'ForbiddenByProfile') }))
  await put('b', 'one', slot())
  const tally = createDeliveryTally(backend)
  const during = put('b', 'two', slot())
  await tally.ready
  await during
  const changed: string[] = []
  tally.onChange(({ logicalCluster, name }) => changed.push(`${logicalCluster}/${name}`))
  expect(tally.ofChild('a')).toEqual({ total: 2, applied: 1, failed: 1, removing: 0 })
  expect(tally.ofChild('b')).toEqual({ total: 2, applied: 0, failed: 0, removing: 0 })
  expect([...tally.ofPlacement('lc', 'p').keys()]).toEqual(['a', 'b'])

  await put('a', 'two', slot({ desired: 'Absent' }))
  expect(tally.ofChild('a')).toEqual({ total: 1, applied: 1, failed: 0, removing: 1 })
  for (const [reason, failed] of [
    ['Pending', 0],
    ['ForbiddenByChild', 1],
    ['Removed', 0],
  ] as const) {
    await put('a', 'two', slot({ desired: 'Absent', conditions: applied('False', reason) }))
    expect(tally.ofChild('a')).toEqual({ total: 1, applied: 1, failed, removing: 1 })
  }
  await put('a', 'two', slot({ desired: 'Absent', conditions: applied('False', 'InvalidOnChild'), observedEpoch: 0 }))
  expect(tally.ofChild('a')).toMatchObject({ failed: 0 })
  await put('b', 'one', slot({ conditions: applied('True', 'Applied'), observedEpoch: 0 }))
  expect(tally.ofChild('b')).toMatchObject({ total: 2, applied: 0 })
  await put('b', 'one', slot({ placement: 'q' }))
  expect(tally.ofPlacement('lc', 'p').get('b')).toMatchObject({ total: 1 })
  expect(new Set(changed)).toEqual(new Set(['lc/p', 'lc/q']))

  await backend.txn({ deletes: [key('b', 'one'), key('b', 'two'), key('a', 'one'), key('a', 'two')] })
  expect(tally.ofChild('b').total).toBe(0)
  expect(tally.ofPlacement('lc', 'p').size).toBe(0)
  expect(tally.ofPlacement('lc', 'q').size).toBe(0)
  tally.stop()
  await put('b', 'one', slot())
  expect(tally.ofChild('b').total).toBe(0)
  await backend.close()
})
