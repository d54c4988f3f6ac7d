import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import type { ReconcileRequest } from '../controller/controller.ts'
import { createMemoryBackend } from '../storage/memory/memory-backend.ts'
import { feedSource } from './feed-source.ts'

const request = (name: string): ReconcileRequest => ({ logicalCluster: 'one', namespace: '', name })

/** A source whose first looks at everything fail. */
async function start(failures: number) {
  const backend = createMemoryBackend()
  const abort = new AbortController()
  const enqueued: string[] = []
  let looks = 0
  const write = (name: string) => backend.txn({ puts: [{ key: `o/one//x//${name}`, value: Buffer.from('{}') }] })
  await write('before')
  await feedSource({
    name: 'test',
    backend,
    clock: systemClock,
    logger: silentLogger,
    toRequests: ({ key }) => [request(key.slice(key.lastIndexOf('/') + 1))],
    async resync(enqueue) {
      looks += 1
      await write(`during-${looks}`)
      if (looks <= failures) throw new Error('the list has expired')
      enqueue(request('before'))
    },
  }).start({ enqueue: ({ name }) => void enqueued.push(name), settledRevision: (seen) => seen }, abort.signal)
  return { enqueued, write, stop: () => abort.abort() }
}

test('a source whose first look fails looks again, and then follows what happens', async () => {
  const { enqueued, write, stop } = await start(2)
  // During the tries that failed: the next one has read it.
  expect(enqueued).toEqual(['before', 'during-3'])
  await write('after')
  expect(enqueued).toEqual(['before', 'during-3', 'after'])
  stop()
})

test('an orderly end saves how far all was reconciled, and the next start looks at the rest only', async () => {
  const backend = createMemoryBackend()
  const write = (name: string) => backend.txn({ puts: [{ key: `o/one//x//${name}`, value: Buffer.from('{}') }] })
  let looks = 0
  const run = async (settledRevision: (seen: number) => number) => {
    const abort = new AbortController()
    const enqueued: string[] = []
    const source = feedSource({
      name: 'test',
      backend,
      clock: systemClock,
      logger: silentLogger,
      toRequests: ({ key }) => (key.startsWith('o/') ? [request(key.slice(key.lastIndexOf('/') + 1))] : []),
      resync: async () => void (looks += 1),
    })
    await source.start({ enqueue: ({ name }) => void enqueued.push(name), settledRevision }, abort.signal)
    const stop = async () => {
      abort.abort()
      await source.stop?.()
    }
    return { enqueued, stop }
  }
  const first = await run((seen) => seen - 1) // the last event's request fails
  await write('a')
  await write('b')
  await first.stop()
  await write('c')
  const second = await run((seen) => seen)
  expect([looks, second.enqueued]).toEqual([1, ['b', 'c']])
  await second.stop()
  const third = await run((seen) => seen)
  expect([looks, third.enqueued]).toEqual([1, []])
  await third.stop()
})
