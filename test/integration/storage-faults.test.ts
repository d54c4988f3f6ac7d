import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Backend, FeedEvent } from '../../src/storage/backend.ts'
import type { WriteBatch } from '../../src/storage/leveldb/database.ts'
import { openLeveldbBackend } from '../../src/storage/leveldb/leveldb-backend.ts'

const imagesWanted = Number(process.env['ATOLL_FAULT_IMAGES'] ?? 60)
const writeBufferBytes = 65_536 // LevelDB switches logs and writes tables all the time

let directory: string
let backend: Backend
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'atoll-faults-'))
})
afterEach(async () => {
  await backend.close()
  await rm(directory, { recursive: true, force: true })
})

/**
 * A disk that keeps what it was asked to sync, and of the rest only what it likes. It lies between the driver and
 * LevelDB: a batch is written without a sync, so its bytes are in the file and LevelDB shows them to readers; what the
 * driver takes for the sync only remembers how long the logs are.
 */
class FaultyDisk {
  /** Length of each log as of the last sync. */
  #synced = new Map<string, number>()
  /** Runs between the write and its sync: the moment when power is lost. */
  beforeSync: () => Promise<void> = async () => {}

  /** LevelDB writes and syncs one record before it begins the next. */
  #last: Promise<unknown> = Promise.resolve()

  readonly wrap =
    (write: WriteBatch): WriteBatch =>
    (operations) => {
      const written = this.#writeAfter(this.#last, () => write(operations, false))
      this.#last = written.catch(() => {})
      return written
    }

  async #writeAfter(before: Promise<unknown>, write: () => Promise<void>): Promise<void> {
    await before
    await write()
    await this.beforeSync()
    this.#synced = await logLengths(store())
  }

  /** The store has just been made, and lasts: what is there by now does not go any more. */
  async begin(): Promise<void> {
    this.#synced = await logLengths(store())
  }

  /** What is found after power was lost now: every log ends somewhere behind its last sync, in what a disk leaves there. */
  async losePower(image: string, tail: 'cut' | 'zeros' | 'garbage'): Promise<void> {
    await copyDirectory(store(), image)
    for (const [name, length] of await logLengths(image)) {
      const synced = this.#synced.get(name) ?? 0
      const kept = pick([synced, length, synced + Math.floor(Math.random() * (length - synced + 1))])
      const path = join(image, name)
      const content = await readFile(path)
      if (tail === 'zeros') content.fill(0, kept)
      else if (tail === 'garbage') for (let i = kept; i < length; i++) content[i] = Math.floor(Math.random() * 256)
      await writeFile(path, tail === 'cut' ? content.subarray(0, kept) : content)
    }
  }
}

const store = (): string => join(directory, 'store')
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(Math.random() * choices.length)]!

async function logLengths(folder: string): Promise<Map<string, number>> {
  const lengths = new Map<string, number>()
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.log'))) {
    const found = await stat(join(folder, name)).catch(() => undefined) // LevelDB may just have removed it
    if (found) lengths.set(name, found.size)
  }
  return lengths
}

/** A copy as of one moment: done again when LevelDB has changed its files meanwhile. */
async function copyDirectory(from: string, to: string): Promise<void> {
  for (;;) {
    await rm(to, { recursive: true, force: true })
    await mkdir(to)
    const before = await describeFiles(from)
    try {
      for (const name of await readdir(from)) if (name !== 'LOCK') await copyFile(join(from, name), join(to, name))
    } catch {
      continue
    }
    if (before === (await describeFiles(from))) return
  }
}

async function describeFiles(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('LOG')).sort()
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => ({ size: -1 }))).size),
  )
  return names.map((name, index) => `${name} ${sizes[index]}`).join('\n')
}

const value = (n: number): Buffer => Buffer.from(`${n} ${'x'.repeat((n * 37) % 900)}`)
const numberIn = (found: Uint8Array | undefined): number | undefined =>
  found && Number.parseInt(Buffer.from(found).toString('latin1', 0, 12), 10)

/** Writers that write three keys in each transaction; every fifth transaction deletes one of them. */
class Writers {
  /** Newest acknowledged transaction by writer. */
  readonly acknowledged = new Map<number, { n: number; revision: number }>()
  /** Newest transaction that a reader or the feed has ever seen. */
  readonly seen = new Map<number, number>()
  readonly failures: unknown[] = []
  #stopped = false

  run(count: number): Promise<unknown> {
    backend.subscribe(({ events }) => this.#see(events))
    return Promise.all([this.#read(), ...Array.from({ length: count }, (_, writer) => this.#write(writer))])
  }

  stop(): void {
    this.#stopped = true
  }

  async #write(writer: number): Promise<void> {
    try {
      for (let n = 0; !this.#stopped; n++) {
        const puts = ['a', 'b', ...(n % 5 === 4 ? [] : ['c'])].map((name) => ({
          key: `w${writer}/${name}`,
          value: value(n),
        }))
        const result = await backend.txn({ puts, deletes: n % 5 === 4 ? [`w${writer}/c`] : [] })
        this.acknowledged.set(writer, { n, revision: result.ok ? result.revision : 0 })
      }
    } catch (error) {
      this.failures.push(error)
      this.stop()
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      this.#see((await backend.range({ start: 'w', end: 'x' })).items)
      for (const writer of this.acknowledged.keys()) {
        const found = await backend.get(`w${writer}/a`)
        if (found) this.#see([found])
      }
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }

  #see(shown: readonly { key: string; value: Uint8Array | undefined }[]): void {
    for (const { key, value } of shown) {
      const n = key.endsWith('/a') ? numberIn(value) : undefined
      const writer = Number(key[1])
      if (n !== undefined && n > (this.seen.get(writer) ?? -1)) this.seen.set(writer, n)
    }
  }
}

interface Promised {
  acknowledged: Map<number, { n: number; revision: number }>
  seen: Map<number, number>
}

/** Opens what power loss has left, and finds everything that was promised, whole. */
async function verifyImage(image: string, { acknowledged, seen }: Promised): Promise<void> {
  const found = await openLeveldbBackend({ directory: image, writeBufferBytes })
  try {
    for (const [writer, { n: last, revision }] of acknowledged) {
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(async (name) => found.get(`w${writer}/${name}`)))
      const n = numberIn(a?.value)!
      expect([last, last + 1], `writer ${writer}`).toContain(n)
      expect(n, `writer ${writer} was seen`).toBeGreaterThanOrEqual(seen.get(writer) ?? 0)
      if (n === last) expect(a?.revision).toBe(revision)
      expect(b).toMatchObject({ revision: a?.revision, value: a?.value })
      expect(numberIn(c?.value)).toBe(n % 5 === 4 ? undefined : n)
    }
    await verifyHistory(found, acknowledged.size > 0)
    expect((await found.txn({ puts: [{ key: 'after', value: value(1) }] })).ok).toBe(true)
  } finally {
    await found.close()
  }
}

async function verifyHistory(found: Backend, wasWritten: boolean): Promise<void> {
  const events: FeedEvent[] = []
  let after = await found.compactedRevision()
  for (let more = true; more;) {
    const page = await found.history({ after, limit: 1000 })
    events.push(...page.events)
    ;({ revision: after, more } = page)
  }
  // Power may be lost before anything was promised.
  if (events.length === 0 && !wasWritten) return
  const perRevision = new Map<number, number>()
  for (const { revision } of events) perRevision.set(revision, (perRevision.get(revision) ?? 0) + 1)
  expect(new Set(perRevision.values()), 'every transaction has its three events').toEqual(new Set([3]))
  const revisions = [...perRevision.keys()]
  expect(revisions.at(-1)! - revisions[0]! + 1, 'no transaction is missing in between').toBe(revisions.length)
}

describe('a store whose disk forgets what was not synced', () => {
  it(
    `has every acknowledged transaction, whole, in ${imagesWanted} moments of lost power`,
    { timeout: 240_000 },
    async () => {
      const disk = new FaultyDisk()
      const writers = new Writers()
      const images: { path: string; promised: Promised }[] = []
      disk.beforeSync = async () => {
        if (images.length >= imagesWanted) return writers.stop()
        if (Math.random() < 0.5) return
        const path = join(directory, `image-${images.length}`)
        const promised = { acknowledged: new Map(writers.acknowledged), seen: new Map(writers.seen) }
        images.push({ path, promised })
        await disk.losePower(path, pick(['cut', 'cut', 'zeros', 'garbage']))
        if (Math.random() < 0.1) void backend.compact(Math.max(0, (await backend.confirmedRevision()) - 30))
        // Nothing of the batch has been shown meanwhile, although LevelDB would.
        expect(writers.seen).toEqual(promised.seen)
      }
      backend = await openLeveldbBackend({ directory: store(), writeBufferBytes, wrapWriter: disk.wrap })
      await disk.begin()
      await writers.run(6)
      expect(writers.failures).toEqual([])
      expect(images).toHaveLength(imagesWanted)
      for (const { path, promised } of images) {
        await verifyImage(path, promised)
        await rm(path, { recursive: true })
      }
    },
  )
})

describe('a store whose disk fails to sync', () => {
  const failure = new Error('EIO: i/o error, fsync')

  it('shows nothing of that write, refuses writes, goes on reading, and is whole after a restart', async () => {
    for (const isWritten of [true, false]) {
      const disk = new FaultyDisk()
      const writers = new Writers()
      let batches = 0
      let isBroken = false
      const wrapWriter = (write: WriteBatch): WriteBatch => {
        const writeThrough = disk.wrap(write)
        return async (operations, sync) => {
          if (isBroken) throw new Error('asked the disk again after it had failed')
          if (++batches === 40) {
            isBroken = true
            if (isWritten) await write(operations, false)
            throw failure
          }
          await writeThrough(operations, sync)
        }
      }
      backend = await openLeveldbBackend({ directory: store(), writeBufferBytes, wrapWriter })
      await writers.run(6)
      expect(writers.failures.length).toBeGreaterThan(0)
      for (const error of writers.failures) expect(error).toMatchObject({ code: 'read-only', cause: failure })
      for (const [writer, { n, revision }] of writers.acknowledged) {
        expect(await backend.get(`w${writer}/a`)).toMatchObject({ revision })
        expect(writers.seen.get(writer)).toBe(n)
      }
      const { items, revision } = await backend.range({ start: 'w', end: 'x' })
      expect(Math.max(...items.map((item) => item.revision))).toBe(revision)
      expect(revision).toBe(await backend.confirmedRevision())
      const refused = { name: 'StorageError', code: 'read-only' }
      await expect(backend.txn({ puts: [{ key: 'k', value: value(1) }] })).rejects.toMatchObject(refused)
      await expect(backend.txn({ guards: [{ key: 'k', revision: 9 }] })).rejects.toMatchObject(refused)
      await expect(backend.advanceRevision(10_000)).rejects.toMatchObject(refused)
      await expect(backend.compact(5)).rejects.toMatchObject(refused)
      expect((await backend.history({ after: 1, limit: 10_000 })).revision).toBe(revision)
      await backend.close()
      await verifyImage(store(), writers)
      await rm(store(), { recursive: true })
    }
  })

  it('in a compaction refuses writes from then on, and has lost nothing', async () => {
    let isBroken = false
    const wrapWriter =
      (write: WriteBatch): WriteBatch =>
      async (operations, sync) => {
        if (isBroken) throw failure
        await write(operations, sync)
      }
    backend = await openLeveldbBackend({ directory: store(), wrapWriter })
    for (let n = 0; n < 10; n++) await backend.txn({ puts: [{ key: 'k', value: value(n) }] })
    isBroken = true
    await expect(backend.compact(5)).rejects.toMatchObject({ code: 'read-only', cause: failure })
    await expect(backend.txn({ puts: [{ key: 'k', value: value(99) }] })).rejects.toMatchObject({ code: 'read-only' })
    expect(numberIn((await backend.get('k'))?.value)).toBe(9)
    await backend.close()
    isBroken = false
    backend = await openLeveldbBackend({ directory: store(), wrapWriter })
    expect(await backend.compactedRevision()).toBe(0)
    expect((await backend.history({ after: 1, limit: 100 })).events).toHaveLength(10)
  })
})
