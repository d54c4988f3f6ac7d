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

test('passes over what nobody wants, of lists and of watches; what is gone is told all the same', async () => {
  const abort = new AbortController()
  const named = (name: string): KubeObject => ({ metadata: { name, resourceVersion: '1' } })
  const client = {
    list: async () => ({ metadata: { resourceVersion: '1' }, items: [named('mine'), named('other')] }),
    async *watch() {
      yield { type: 'ADDED', object: named('another') }
      yield { type: 'MODIFIED', object: named('mine') }
      yield { type: 'DELETED', object: named('other') }
      abort.abort()
    },
  } as unknown as ResourceClient<KubeObject>
  const told: string[] = []
  const tell = (what: string) => (object: KubeObject) => void told.push(`${what} ${object.metadata.name}`)
  const ended = runReflector({
    client,
    target: { replace: (all) => all.forEach(tell('listed')), upsert: tell('changed'), remove: tell('gone') },
    wants: ({ metadata }) => metadata.name === 'mine',
    logger: silentLogger,
    signal: abort.signal,
  })
  await vi.advanceTimersByTimeAsync(60_000)
  await ended
  expect(told).toEqual(['listed mine', 'changed mine', 'gone other'])
})
