import { expect, test } from 'vitest'
import { createManualClock } from '../../base/clock.ts'
import { createMemoryBackend } from '../../storage/memory/memory-backend.ts'
import { createRevisionPasser } from './pass-revision.ts'

test('passes what a child has seen, and with it what others may have seen of the same history', async () => {
  const backend = createMemoryBackend()
  const pass = createRevisionPasser(backend, createManualClock())
  await pass(5_000)
  const after = await backend.confirmedRevision()
  expect(after).toBeGreaterThan(5_000)
  await pass(5_100)
  expect(await backend.confirmedRevision()).toBe(after)
})

test('a child that claims ever later revisions does not use them up', async () => {
  const backend = createMemoryBackend()
  const clock = createManualClock()
  const pass = createRevisionPasser(backend, clock)
  await pass(Number.MAX_SAFE_INTEGER)
  const after = await backend.confirmedRevision()
  expect(after).toBeLessThan(2 ** 32)
  for (let index = 0; index < 100; index++)
    await expect(pass(Number.MAX_SAFE_INTEGER)).rejects.toThrow('the last jump over such ones was just now')
  expect(await backend.confirmedRevision()).toBe(after)
  clock.advance(60_000)
  await pass(after + 10)
  expect(await backend.confirmedRevision()).toBeGreaterThan(after + 10)
})
