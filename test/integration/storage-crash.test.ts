import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend, FeedEvent } from '../../src/storage/backend.ts'
import { openLeveldbBackend } from '../../src/storage/leveldb/leveldb-backend.ts'
import { compileStorage } from './storage-compiled.ts'

/** 200 in CI. */
const rounds = Number(process.env['ATOLL_CRASH_ROUNDS'] ?? 10)

let compiled: Awaited<ReturnType<typeof compileStorage>>
let directory: string

beforeAll(async () => {
  compiled = await compileStorage()
  directory = await mkdtemp(join(tmpdir(), 'atoll-crash-'))
})
afterAll(async () => {
  await rm(compiled.directory, { recursive: true, force: true })
  await rm(directory, { recursive: true, force: true })
})

/** What the killed process said, by writer. */
interface Report {
  acknowledged: Map<string, { n: number; revision: number }[]>
  seen: Map<string, number>
}

function command(seed: number, store = directory): string[] {
  return [resolve('test/integration/storage-crash-worker.mjs'), compiled.modulePath, store, String(seed)]
}

/** A writer that waits, with everything imported, to be told to open the store. */
function startWriter(seed: number): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(process.execPath, command(seed), { stdio: 'pipe' })
}

/** Lets a writer write, kills it some time after it has opened the store, and reads its last words. */
async function writeAndKill(child: ReturnType<typeof startWriter>, afterMs: number): Promise<Report> {
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    output += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  child.stdin.write('open\n')
  const signal = await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
  expect([signal, errors], output.slice(-500)).toEqual(['SIGKILL', ''])
  return parse(output)
}

function parse(output: string): Report {
  const report: Report = { acknowledged: new Map(), seen: new Map() }
  for (const line of output.split('\n').slice(0, -1)) {
    const [word, writer = '', n, revision] = line.split(' ')
    if (word === 'saw') report.seen.set(writer, Number(n))
    if (word !== 'ack') continue
    if (!report.acknowledged.has(writer)) report.acknowledged.set(writer, [])
    report.acknowledged.get(writer)!.push({ n: Number(n), revision: Number(revision) })
  }
  return report
}

const numberIn = (value: Uint8Array | undefined): number | undefined =>
  value && Number.parseInt(Buffer.from(value).toString('latin1', 0, 12), 10)

/** Every acknowledged transaction is there, whole; so is what was ever seen; and nothing is there in half. */
async function verify(backend: Backend, { acknowledged, seen }: Report): Promise<number> {
  for (const [writer, transactions] of acknowledged) {
    const last = transactions.at(-1)!
    const [a, b, c] = ['a', 'b', 'c'].map((name) => backend.get(`w${writer}/${name}`))
    const found = await a
    const n = numberIn(found?.value)!
    // One more than acknowledged can be there: it was durable, its writer just was not told any more.
    expect(n === last.n || n === last.n + 1, `writer ${writer} is at ${n}, acknowledged ${last.n}`).toBe(true)
    expect(n).toBeGreaterThanOrEqual(seen.get(writer) ?? 0)
    if (n === last.n) expect(found?.revision).toBe(last.revision)
    expect(await b).toMatchObject({ revision: found?.revision, value: found?.value })
    expect(numberIn((await c)?.value)).toBe(n % 5 === 4 ? undefined : n)
  }
  await verifyHistory(backend, acknowledged)
  return [...acknowledged.values()].flat().length
}

async function verifyHistory(backend: Backend, acknowledged: Report['acknowledged']): Promise<void> {
  const transactions = new Map<number, FeedEvent[]>()
  const compacted = await backend.compactedRevision()
  let after = compacted
  for (let more = true; more;) {
    const page = await backend.history({ after, limit: 1000 })
    for (const event of page.events) {
      const parts = transactions.get(event.revision)
      if (parts) parts.push(event)
      else transactions.set(event.revision, [event])
    }
    ;({ revision: after, more } = page)
  }
  const wrong: string[] = []
  for (const [revision, parts] of transactions) {
    const n = numberIn(parts[0]!.value)!
    const last = n % 5 === 4 ? 'delete c undefined' : `put c ${n}`
    const told = parts.map(({ type, key, value }) => `${type} ${key.slice(3)} ${numberIn(value)}`).join(', ')
    if (told !== `put a ${n}, put b ${n}, ${last}`) wrong.push(`revision ${revision}: ${told}`)
    if (new Set(parts.map(({ key }) => key.slice(0, 2))).size > 1) wrong.push(`revision ${revision} has two writers`)
  }
  for (const [writer, all] of acknowledged)
    for (const { n, revision } of all)
      if (revision > compacted && numberIn(transactions.get(revision)?.[0]?.value) !== n)
        wrong.push(`transaction ${n} of writer ${writer} is not at revision ${revision}`)
  expect(wrong).toEqual([])
}

describe('a store whose process is killed while it writes', () => {
  it(
    `has every acknowledged transaction and no half of one, ${rounds} times`,
    { timeout: 60_000 + rounds * 2_000 },
    async () => {
      let total = 0
      let next = startWriter(0)
      for (let round = 0; round < rounds; round++) {
        const writer = next
        if (round + 1 < rounds) next = startWriter(round + 1) // starts up beside the work of this round
        const report = await writeAndKill(writer, Math.random() * 120)
        const backend = await openLeveldbBackend({ directory, writeBufferBytes: 65_536 })
        try {
          total += await verify(backend, report)
        } finally {
          await backend.close()
        }
      }
      expect(total).toBeGreaterThan(rounds)
    },
  )

  it('cannot be opened by a second process, which is told so, and goes on undisturbed', async () => {
    const store = await mkdtemp(join(directory, 'locked-'))
    const backend = await openLeveldbBackend({ directory: store })
    const child = spawn(process.execPath, command(1, store), { stdio: 'pipe' })
    let errors = ''
    child.stdin.end('open\n')
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(1)
    expect(errors).toContain(`${store} is in use by another process`)
    expect(errors).toContain("code: 'locked'")
    expect((await backend.txn({ puts: [{ key: 'k', value: Buffer.from('v') }] })).ok).toBe(true)
    await backend.close()
  })
})

describe('a store whose disk is full', () => {
  it('refuses writes, goes on reading, and has everything acknowledged after a restart', async (test) => {
    if (process.platform === 'win32') test.skip('no limit on file sizes here')
    const store = await mkdtemp(join(directory, 'full-'))
    // A file may take 128 blocks of 512 bytes: the write that passes it fails in the middle, as on a full disk.
    const limited = ['-c', 'ulimit -f 128; exec "$0" "$@"', process.execPath, ...command(7, store)]
    const child = spawn('sh', limited, { stdio: 'pipe' })
    child.stdin.end('open\n')
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    await new Promise((resolve) => child.on('close', resolve))
    const failure = /^failed (.*)$/m.exec(output)?.[1] ?? output.slice(-500)
    expect(failure).toMatch(/^read-only \d+ read-only .*File too large/)
    const report = parse(output)
    const backend = await openLeveldbBackend({ directory: store })
    expect(await verify(backend, report)).toBeGreaterThan(0)
    await backend.close()
  })
})
