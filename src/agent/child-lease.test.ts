import { expect, test } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { failure, notFound } from '../meta/api-errors.ts'
import type { KubeObject } from '../meta/object.ts'
import { createChildLease } from './child-lease.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))
const forbidden = () => failure({ code: 403, reason: 'Forbidden', message: 'not yet', details: {} })

/** A child with one Lease, which refuses what it is told to refuse. */
function createLeaseChild(clock: { now(): number }) {
  const child = { lease: undefined as KubeObject | undefined, refusals: 0, asked: [] as number[] }
  const store = async (object: KubeObject) => (child.lease = object)
  const resource = {
    async get() {
      child.asked.push(clock.now())
      if (child.refusals-- > 0) throw forbidden()
      if (!child.lease) throw notFound({ group: 'coordination.k8s.io', resource: 'leases' }, 'syncer')
      return child.lease
    },
    create: store,
    update: store,
  }
  return { child, client: { resource: () => resource } as unknown as Client }
}

function setUp() {
  const clock = createManualClock(0)
  const { child, client } = createLeaseChild(clock)
  const lease = createChildLease({ child: client, identity: 'us', clock, logger: silentLogger })
  return { clock, child, lease, abort: new AbortController() }
}

test('who is refused at first, because rights have not arrived yet, asks again soon', async () => {
  const { clock, child, lease, abort } = setUp()
  child.refusals = 2
  const acquired = lease.acquire(abort.signal)
  for (let n = 0; n < 10; n++) {
    await settled()
    clock.advance(100)
  }
  await expect(acquired).resolves.toBe(true)
  expect(lease.held).toBe(true)
  expect(child.asked.length).toBe(3)
})

test('while another holds it, it is asked for every three seconds, and not taken', async () => {
  const { clock, child, lease, abort } = setUp()
  child.lease = { metadata: { name: 'syncer', uid: 'u', resourceVersion: '1' }, spec: { holderIdentity: 'other' } }
  const acquired = lease.acquire(abort.signal)
  for (let n = 0; n < 100; n++) {
    await settled()
    clock.advance(100)
  }
  expect(child.asked).toEqual([0, 3_000, 6_000, 9_000])
  expect(lease.held).toBe(false)
  abort.abort()
  await expect(acquired).resolves.toBe(false)
})
