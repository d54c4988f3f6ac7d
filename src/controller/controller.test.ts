import { expect, test, vi } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import { createController, type ReconcileRequest, type Source, type SourceSink } from './controller.ts'

const request = (name: string): ReconcileRequest => ({ logicalCluster: 'root', namespace: '', name })

function createSource(): Source & { sink: () => SourceSink } {
  let held: SourceSink | undefined
  return {
    start(sink) {
      held = sink
      return Promise.resolve()
    },
    sink() {
      if (!held) throw new Error('not started')
      return held
    },
  }
}

test('a failing request is tried again until it succeeds', async () => {
  const clock = createManualClock()
  let attempts = 0
  const controller = createController({
    name: 'test',
    clock,
    logger: silentLogger,
    sources: [],
    reconcile: () => {
      attempts += 1
      return attempts < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()
    },
  })
  await controller.start()
  controller.enqueue(request('a'))
  await vi.waitFor(() => {
    clock.advance(100)
    expect(attempts).toBe(3)
    expect(controller.pending).toBe(0)
  })
  await controller.stop()
})

test('the cursor does not pass an event whose request is not reconciled', async () => {
  const clock = createManualClock()
  const source = createSource()
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const controller = createController({
    name: 'test',
    clock,
    logger: silentLogger,
    sources: [source],
    reconcile: ({ name }) => (name === 'slow' ? held : Promise.resolve()),
  })
  await controller.start()
  source.sink().enqueue(request('slow'), 10)
  source.sink().enqueue(request('quick'), 12)
  await vi.waitFor(() => expect(controller.pending).toBe(1))
  expect(source.sink().settledRevision(15)).toBe(9)
  release()
  await vi.waitFor(() => expect(controller.pending).toBe(0))
  expect(source.sink().settledRevision(15)).toBe(15)
  await controller.stop()
})
