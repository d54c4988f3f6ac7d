import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLogger } from '../base/logger.ts'
import type { ResourceClient } from '../client/client.ts'
import { expired } from '../meta/api-errors.ts'
import type { KubeObject } from '../meta/object.ts'
import { runReflector } from './reflector.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('lists again at once when the history is gone, and with a pause when the server says nothing else', async () => {
  const abort = new AbortController()
  let lists = 0
  const client = {
    async list() {
      if (++lists === 100) abort.abort() // so that the test ends, whatever happens
      throw expired('too old')
    },
  } as unknown as ResourceClient<KubeObject>
  const target = { replace() {}, upsert() {}, remove() {} }
  const ended = runReflector({ client, target, logger: silentLogger, signal: abort.signal })
  await vi.advanceTimersByTimeAsync(0)
  expect(lists).toBe(2)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(lists).toBeGreaterThan(2)
  expect(lists).toBeLessThan(12)
  abort.abort()
  await vi.advanceTimersByTimeAsync(60_000)
  await ended
})
