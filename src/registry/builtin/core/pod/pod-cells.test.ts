import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import { podCells } from './pod-cells.ts'

const nowMs = Date.parse('2026-01-01T01:00:00Z')

function cellsOf(spec: object, status: object, metadata: object = {}): unknown[] {
  const pod: KubeObject = { metadata: { name: 'p', ...metadata }, spec, status }
  return ['Ready', 'Status', 'Restarts'].map((name) => podCells[name]?.(pod, { nowMs }))
}

const spec = { containers: [{ name: 'a' }, { name: 'b' }] }
const running = { ready: true, restartCount: 0, state: { running: {} } }
const ended = (fields: object) => ({ restartCount: 0, state: { terminated: fields } })

describe('the row of a pod', () => {
  it('counts containers and says when the last restart was', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:50:00Z' } }
    const containerStatuses = [running, { ...running, restartCount: 2, lastState }]
    expect(cellsOf(spec, { phase: 'Running', containerStatuses })).toEqual(['2/2', 'Running', '2 (10m ago)'])
  })

  it.each([
    ['CrashLoopBackOff', { state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    ['OOMKilled', ended({ reason: 'OOMKilled', exitCode: 137 })],
    ['Signal:9', ended({ signal: 9, exitCode: 0 })],
    ['ExitCode:3', ended({ exitCode: 3 })],
  ])('shows %s', (reason, status) => {
    expect(cellsOf(spec, { phase: 'Running', containerStatuses: [status] })[1]).toBe(reason)
  })

  it('runs on while one container has completed and another runs', () => {
    const containerStatuses = [ended({ reason: 'Completed', exitCode: 0 }), running]
    const conditions = [{ type: 'Ready', status: 'True' }]
    expect(cellsOf(spec, { phase: 'Running', containerStatuses, conditions })[1]).toBe('Running')
    expect(cellsOf(spec, { phase: 'Running', containerStatuses })[1]).toBe('NotReady')
  })

  it('says how far initialization has come', () => {
    const initial = { ...spec, initContainers: [{ name: 'i' }, { name: 'j' }] }
    const done = { name: 'i', ...ended({ exitCode: 0 }) }
    const failed = { name: 'j', ...ended({ exitCode: 2 }) }
    const waiting = { name: 'j', restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } }
    expect(cellsOf(initial, { phase: 'Pending', initContainerStatuses: [done, waiting] })[1]).toBe('Init:1/2')
    expect(cellsOf(initial, { phase: 'Pending', initContainerStatuses: [done, failed] })[1]).toBe('Init:ExitCode:2')
  })

  it('terminates, or is lost with its node', () => {
    const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' }
    expect(cellsOf(spec, { phase: 'Running' }, metadata)[1]).toBe('Terminating')
    expect(cellsOf(spec, { phase: 'Succeeded' }, metadata)[1]).toBe('Succeeded')
    expect(cellsOf(spec, { phase: 'Running', reason: 'NodeLost' }, metadata)[1]).toBe('Unknown')
  })
})
