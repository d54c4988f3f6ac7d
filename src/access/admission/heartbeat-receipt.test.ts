import { expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { admit } from '../testing/admission-request.ts'
import { createHeartbeatReceipt } from './heartbeat-receipt.ts'

const plugin = createHeartbeatReceipt(() => Date.parse('2026-11-21T12:00:00Z'))
const report = (status: unknown): KubeObject => ({ metadata: { name: 'report' }, status })
const before = { heartbeatTime: '2026-11-21T11:59:50Z', receivedTime: '2026-11-21T11:59:51Z' }
const admitted = async (status: unknown, old: unknown = before) => {
  const target = { group: 'fleet.atoll.dev', resource: 'agentreports', subresource: 'status' }
  return (await admit(plugin, { ...target, object: report(status), oldObject: report(old) }))?.['status']
}

it('is the hub’s time, whatever the agent’s clock says', async () => {
  for (const heartbeatTime of ['2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z']) {
    const received = { heartbeatTime, receivedTime: '2026-11-21T12:00:00Z' }
    expect(await admitted({ heartbeatTime })).toEqual(received)
    expect(await admitted({ heartbeatTime, receivedTime: '2030-01-01T00:00:00Z' })).toEqual(received)
    expect(await admitted({ heartbeatTime }, undefined)).toEqual(received)
  }
})

it('stays what it was while nothing new is heard', async () => {
  const { heartbeatTime } = before
  const conditions = [{ type: 'Connected', status: 'False' }]
  expect(await admitted({ heartbeatTime, conditions })).toEqual({ ...before, conditions })
  expect(await admitted({ heartbeatTime, receivedTime: '2030-01-01T00:00:00Z' })).toEqual(before)
  expect(await admitted({ conditions })).toEqual({ conditions, receivedTime: before.receivedTime })
  expect(await admitted({ receivedTime: '2030-01-01T00:00:00Z' }, {})).toEqual({})
})

it.each([undefined, null, 'x', 7, []])('leaves what is malformed to validation: %j', async (status) => {
  expect(await admitted(status)).toEqual(status)
})
