// Measures the embedded store alone: node bench/storage.mjs (after npm run build). Prints, asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLeveldbBackend } from '../dist/storage/leveldb/leveldb-backend.js'

const directory = mkdtempSync(join(process.env.ATOLL_BENCH_DIR ?? tmpdir(), 'atoll-bench-'))
const value = Buffer.alloc(1024, 'abcdefghij"klmnopqrstuvwxyz0123456789')
const key = (i) => `o/root/core/configmaps/default/config-${String(i).padStart(7, '0')}`
const rows = []
let backend = await openLeveldbBackend({ directory })

async function measure(name, count, work, unit = 'per second') {
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await work()
  const micros = (performance.now() - start) * 1e3
  const cpu = process.cpuUsage(cpuBefore)
  rows.push({
    work: name,
    [unit]: Math.round((count / micros) * 1e6),
    'µs each': Number((micros / count).toFixed(2)),
    'µs CPU each': Number(((cpu.user + cpu.system) / count).toFixed(2)),
  })
}

async function inFlight(callers, count, work) {
  let next = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await work(next++)
    }),
  )
}

const creates = 100_000
await backend.txn({ puts: [{ key: 'l/root', value: Buffer.from('active') }] })
const lifecycle = { key: 'l/root', revision: backend.get('l/root').revision }
await measure('create 1 KB, 64 in flight, durable', creates, () =>
  inFlight(64, creates, (i) =>
    backend.txn({
      guards: [lifecycle, { key: key(i), revision: 0 }],
      puts: [
        { key: key(i), value },
        { key: `i/core:configmaps/root/default/config-${i}`, value: Buffer.alloc(1) },
      ],
    }),
  ),
)
await measure('update 1 KB, 64 in flight, durable', creates, () =>
  inFlight(64, creates, async (i) => {
    const at = key((i * 7919) % creates)
    const { revision } = backend.get(at)
    await backend.txn({ guards: [lifecycle, { key: at, revision }], puts: [{ key: at, value }] })
  }),
)
await measure('update 1 KB, one at a time, durable', 2_000, () =>
  inFlight(1, 2_000, (i) => backend.txn({ puts: [{ key: key(i), value }] })),
)
await measure('get 1 KB', 100_000, () => {
  for (let i = 0; i < 100_000; i++) void backend.get(key((i * 7919) % creates))
})
await measure('get absent', 100_000, () => {
  for (let i = 0; i < 100_000; i++) void backend.get(`${key(i)}x`)
})
await backend.close()
const reopening = performance.now()
backend = await openLeveldbBackend({ directory })
rows.push({ work: 'open with 100,000 objects', 'µs each': (performance.now() - reopening) * 1e3 })
await measure('range of 500 x 1 KB, cold', 100, async () => {
  for (let i = 0; i < 100; i++) await backend.range({ start: key(i * 900), end: key(i * 900 + 500) })
})
await measure('range of 500 x 1 KB, warm', 100, async () => {
  for (let i = 0; i < 100; i++) await backend.range({ start: key(1000), end: key(1500) })
})
await measure('history, pages of 500', 100_000, async () => {
  let after = (await backend.confirmedRevision()) - 100_000
  for (;;) {
    const page = await backend.history({ after, limit: 500 })
    after = page.revision
    if (!page.more) break
  }
})
const upTo = (await backend.confirmedRevision()) - 1
await measure('compact', upTo, () => backend.compact(upTo))
await backend.close()
console.table(rows)
console.log(
  `resident ${Math.round(process.memoryUsage().rss / 1e6)} MB, peak ${Math.round(process.resourceUsage().maxRSS / 1e3)} MB`,
)
rmSync(directory, { recursive: true })
