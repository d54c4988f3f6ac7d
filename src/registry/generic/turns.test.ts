import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('turns of one key come one after the other in the order of asking, and leave nothing behind', async () => {
  const turns = createTurns()
  const order: string[] = []
  const work = async (name: string): Promise<void> => {
    const release = await turns.take('key')
    order.push(`${name} begins`)
    await Promise.resolve()
    order.push(`${name} ends`)
    release()
  }
  await Promise.all([work('a'), work('b'), work('c')])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  expect(turns.size).toBe(0)
})

test('turns of different keys do not wait for each other', async () => {
  const turns = createTurns()
  const first = await turns.take('one')
  const second = await turns.take('two')
  first()
  second()
  expect(turns.size).toBe(0)
})
