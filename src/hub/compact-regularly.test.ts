import { expect, test } from 'vitest'
import { createManualClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import { createMemoryBackend } from '../storage/memory/memory-backend.ts'
import { compactRegularly } from './compact-regularly.ts'

const turns = async () => {
  for (let index = 0; index < 10; index++) await Promise.resolve()
}

function start() {
  const backend = createMemoryBackend()
  const clock = createManualClock()
  return {
    backend,
    write: () => backend.txn({ puts: [{ key: 'h/x', value: Buffer.from('1') }] }),
    async minutes(count: number) {
      for (let minute = 0; minute < count; minute++) {
        clock.advance(60_000)
        await turns()
      }
    },
    async begin(failing?: { compact: () => Promise<void> }) {
      const stop = compactRegularly(
        { confirmedRevision: () => backend.confirmedRevision(), compact: (r) => backend.compact(r), ...failing },
        clock,
        silentLogger,
      )
      await turns()
      return stop
    },
  }
}

test('history is kept for five minutes, and then goes', async () => {
  const { backend, write, minutes, begin } = start()
  for (let index = 0; index < 10; index++) await write()
  const early = await backend.confirmedRevision()
  const stop = await begin()
  await write()
  await minutes(4)
  expect(await backend.compactedRevision()).toBe(0)
  await write()
  await minutes(1)
  expect(await backend.compactedRevision()).toBe(early)
  const late = await backend.confirmedRevision()
  await minutes(6)
  expect(await backend.compactedRevision()).toBe(late - 1) // the newest revision is never compacted
  stop()
})

test('a compaction that fails is tried again, and none comes after the end', async () => {
  const { write, minutes, begin } = start()
  let tries = 0
  const stop = await begin({ compact: () => (tries++, Promise.reject(new Error('the disk is full'))) })
  await write()
  await minutes(7)
  expect(tries).toBeGreaterThan(1)
  stop()
  const before = tries
  await minutes(10)
  expect(tries).toBe(before)
})
