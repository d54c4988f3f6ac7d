import { expect, test } from 'vitest'
import { createBackoff } from '../base/backoff.ts'
import { createManualClock } from '../base/clock.ts'
import { createWorkQueue } from './work-queue.ts'

interface Item {
  lane: string
  id: string
}

function createQueue() {
  const clock = createManualClock()
  const queue = createWorkQueue<Item>({
    idOf: (item) => `${item.lane}/${item.id}`,
    laneOf: (item) => item.lane,
    clock,
    backoff: createBackoff({ firstMs: 10, maxMs: 1_000, random: () => 0 }),
  })
  return { clock, queue }
}
const item = (lane: string, id: string): Item => ({ lane, id })

test('an item added twice while it waits comes once', async () => {
  const { queue } = createQueue()
  queue.add(item('a', '1'))
  queue.add(item('a', '1'))
  expect(await queue.take()).toEqual(item('a', '1'))
  expect(queue.pending).toBe(1)
  queue.done(item('a', '1'))
  expect(queue.pending).toBe(0)
})

test('an item added while it is worked on comes again only after done', async () => {
  const { queue } = createQueue()
  queue.add(item('a', '1'))
  await queue.take()
  queue.add(item('a', '1'))
  let second: Item | undefined
  const taken = queue.take().then((taken) => (second = taken))
  await Promise.resolve()
  expect(second).toBeUndefined()
  queue.done(item('a', '1'))
  await taken
  expect(second).toEqual(item('a', '1'))
})

test('lanes take turns, however many items one of them has', async () => {
  const { queue } = createQueue()
  for (const id of ['1', '2', '3']) queue.add(item('busy', id))
  queue.add(item('quiet', '1'))
  const order = [await queue.take(), await queue.take(), await queue.take(), await queue.take()]
  expect(order.map((taken) => taken?.lane)).toEqual(['busy', 'quiet', 'busy', 'busy'])
})

test('failures in a row wait longer and longer until they are forgotten', async () => {
  const { clock, queue } = createQueue()
  const waitsMs: number[] = []
  for (let round = 0; round < 3; round += 1) {
    queue.addRateLimited(item('a', '1'))
    const since = clock.now()
    let arrived = false
    const taken = queue.take().then(() => (arrived = true))
    while (!arrived) {
      clock.advance(1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await taken
    waitsMs.push(clock.now() - since)
    queue.done(item('a', '1'))
  }
  expect(waitsMs[1]).toBeGreaterThan(waitsMs[0] ?? 0)
  expect(waitsMs[2]).toBeGreaterThan(waitsMs[1] ?? 0)
  queue.forget(item('a', '1'))
  queue.addRateLimited(item('a', '1'))
  clock.advance(10)
  expect(await queue.take()).toEqual(item('a', '1'))
})

test('closing wakes the waiting workers with nothing', async () => {
  const { queue } = createQueue()
  const taken = queue.take()
  queue.close()
  expect(await taken).toBeUndefined()
})
