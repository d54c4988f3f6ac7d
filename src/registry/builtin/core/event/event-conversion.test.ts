import { describe, expect, it } from 'vitest'
import { fromCoreEvent, toCoreEvent } from './event-conversion.ts'

const core = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e' },
  involvedObject: { kind: 'Pod' },
  reason: 'R',
  message: 'm',
  source: { component: 'c' },
  firstTimestamp: null,
  lastTimestamp: '2026-01-01T00:00:00Z',
  count: 2,
  eventTime: null,
  reportingComponent: 'x',
  reportingInstance: 'y',
}

describe('events of both groups', () => {
  it('are the same object under other names', () => {
    const event = fromCoreEvent(core)
    expect(event).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { kind: 'Pod' },
      note: 'm',
      deprecatedSource: { component: 'c' },
      deprecatedCount: 2,
      reportingController: 'x',
    })
    expect(event).not.toHaveProperty('message')
    expect(toCoreEvent(event)).toEqual(core)
  })

  it('leave the input as it is, and carry nothing under a name of the other version', () => {
    const before = structuredClone(core)
    fromCoreEvent({ ...core, note: 'smuggled' })
    expect(core).toEqual(before)
    expect(fromCoreEvent({ ...core, note: 'smuggled' })['note']).toBe('m')
  })
})
