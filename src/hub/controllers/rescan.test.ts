import { expect, test } from 'vitest'
import { createManualClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/logger.ts'
import { createRescan } from './rescan.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const scanned: string[] = []
  const enqueued: string[] = []
  const failing = new Set<string>()
  const gates: (() => void)[] = []
  const abort = new AbortController()
  const clock = createManualClock(0)
  const request = createRescan({
    async *scan(logicalCluster) {
      scanned.push(logicalCluster)
      await new Promise<void>((resolve) => gates.push(resolve))
      if (failing.delete(logicalCluster)) throw new Error('not now')
      yield { logicalCluster, namespace: '', name: 'x' }
    },
    enqueue: ({ logicalCluster }) => enqueued.push(logicalCluster),
    signal: abort.signal,
    clock,
    logger: silentLogger,
  })
  const open = async () => {
    gates.shift()?.()
    await settled()
  }
  return { request, scanned, enqueued, failing, open, abort, clock }
}

test('a logical cluster that changes a thousand times while one is looked through is looked through once more', async () => {
  const { request, scanned, enqueued, open } = setUp()
  request('a')
  for (let times = 0; times < 1_000; times++) request('a')
  request('b')
  expect(scanned).toEqual(['a'])
  await open()
  await open()
  await open()
  expect(scanned).toEqual(['a', 'a', 'b'])
  expect(enqueued).toEqual(['a', 'a', 'b'])
  request('a')
  expect(scanned).toHaveLength(4)
})

test('what cannot be read is tried again, and holds nobody else up for long', async () => {
  const { request, scanned, enqueued, failing, open, clock } = setUp()
  failing.add('a')
  request('a')
  request('b')
  await open()
  expect(scanned).toEqual(['a'])
  clock.advance(1_000)
  await settled()
  await open()
  await open()
  expect(scanned).toEqual(['a', 'b', 'a'])
  expect(enqueued).toEqual(['b', 'a'])
})

test('it ends when it is told to', async () => {
  const { request, scanned, open, abort } = setUp()
  request('a')
  request('b')
  abort.abort()
  await open()
  expect(scanned).toEqual(['a'])
})
