import { Level } from 'level'
import { chmod, copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../backend.ts'
import { isStorageError } from '../storage-error.ts'
import { bytes, put, remove } from '../testing/backend-harness.ts'
import { filesOf, leveldbDirectories } from '../testing/leveldb-directory.ts'
import { logKey, metaKey } from './layout.ts'

const store = leveldbDirectories()

async function refusal(directory: string): Promise<string> {
  try {
    await store.open(directory)
    return 'opened'
  } catch (error) {
    if (!isStorageError(error)) throw error
    expect(error.message).toContain(directory)
    return error.code
  }
}

/** A closed store with sixty transactions, all of them in LevelDB's log only. */
async function closedStore(transactions = 60): Promise<string> {
  const directory = await store.directory()
  const backend = await store.open(directory)
  for (let i = 0; i < transactions; i++) await put(backend, `k${i % 50}`, `${i} `.repeat(100))
  await backend.close()
  return directory
}

/** A closed store with table files. */
async function storeWithTables(): Promise<string> {
  const directory = await store.directory()
  const backend = await store.open(directory, { writeBufferBytes: 65_536 })
  await Promise.all(
    Array.from({ length: 10 }, async (_, writer) => {
      for (let i = writer; i < 300; i += 10) await put(backend, `k${i}`, Buffer.alloc(3000, String(i)).toString())
    }),
  )
  await backend.close()
  return directory
}

async function flip(path: string, position: number): Promise<void> {
  const content = await readFile(path)
  content[position]! ^= 0x40
  await writeFile(path, content)
}

/** Changes what LevelDB holds behind the driver's back. */
async function tamper(directory: string, change: (database: Level<string, Buffer>) => Promise<unknown>): Promise<void> {
  const database = new Level<string, Buffer>(directory, { valueEncoding: 'buffer' })
  await database.open()
  await change(database)
  await database.close()
}

async function readAll(backend: Backend): Promise<number> {
  return (await backend.range({ start: ' ', end: '~' })).items.length
}

describe('opening a store', () => {
  it('makes the directory, readable for its owner only, and finds everything again', async () => {
    const directory = join(await store.directory(), 'a', 'b')
    const backend = await store.open(directory)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    await put(backend, 'k', 'v')
    await backend.close()
    const again = await store.open(directory)
    expect(await again.get('k')).toMatchObject({ revision: 2 })
    expect(again.confirmedRevision()).toBe(2)
  })

  it('that is open already is refused as locked', async () => {
    const directory = await store.directory()
    const backend = await store.open(directory)
    await put(backend, 'k', 'v')
    expect(await refusal(directory)).toBe('locked')
    await put(backend, 'k', 'w')
    await backend.close()
    expect(await refusal(directory)).toBe('opened')
  })

  it('where there is a file is refused as unavailable', async () => {
    const parent = await store.directory()
    await writeFile(join(parent, 'file'), 'x')
    expect(await refusal(join(parent, 'file'))).toBe('unavailable')
    expect(await refusal(join(parent, 'file', 'below'))).toBe('unavailable')
  })

  it('where something else lives is refused, and leaves it alone', async () => {
    const directory = await store.directory()
    await writeFile(join(directory, 'thesis.txt'), 'x')
    expect(await refusal(directory)).toBe('unavailable')
    expect(await readdir(directory)).toEqual(['thesis.txt'])
  })

  it('in a directory that may not be written is refused as unavailable', async (test) => {
    if (process.getuid?.() === 0) test.skip('root may write everywhere')
    const directory = await store.directory()
    await chmod(directory, 0o500)
    expect(await refusal(directory)).toBe('unavailable')
    await chmod(directory, 0o700)
  })

  it('of a newer format is refused', async () => {
    const directory = await closedStore()
    await writeFile(join(directory, 'atoll-store.json'), '{"format":2,"id":"x"}')
    expect(await refusal(directory)).toBe('unavailable')
  })

  it('goes on where a first start was interrupted, wherever that was', async () => {
    const directory = await closedStore(0)
    await rm(join(directory, 'atoll-store.json'))
    expect(await refusal(directory)).toBe('opened')
    const early = await store.directory()
    await writeFile(join(early, 'LOCK'), '')
    await writeFile(join(early, 'LOG'), 'x')
    await writeFile(join(early, 'MANIFEST-000001'), '')
    expect(await refusal(early)).toBe('opened')
  })
})

describe('a damaged store is refused as corrupt, not started on half:', () => {
  it('a missing root', async () => {
    const directory = await closedStore()
    await rm(join(directory, 'CURRENT'))
    expect(await refusal(directory)).toBe('corrupt')
    await rm(join(directory, 'atoll-store.json'))
    const tables = await storeWithTables()
    await rm(join(tables, 'CURRENT'))
    await rm(join(tables, 'atoll-store.json'))
    expect(await refusal(tables)).toBe('corrupt')
  })

  it('garbage where the root was', async () => {
    const directory = await closedStore()
    await writeFile(join(directory, 'CURRENT'), 'garbage')
    expect(await refusal(directory)).toBe('corrupt')
  })

  it('a missing or emptied manifest', async () => {
    for (const damage of [rm, (path: string) => truncate(path, 0)]) {
      const directory = await storeWithTables()
      await damage((await filesOf(directory, '')).find((path) => path.includes('MANIFEST'))!)
      expect(await refusal(directory)).toBe('corrupt')
    }
  })

  it('a missing table', async () => {
    const directory = await storeWithTables()
    await rm((await filesOf(directory, '.ldb'))[0]!)
    expect(await refusal(directory)).toBe('corrupt')
  })

  it('a table that is cut off or empty', async () => {
    for (const keep of [0.5, 0]) {
      const directory = await storeWithTables()
      const table = (await filesOf(directory, '.ldb'))[0]!
      await truncate(table, Math.floor((await stat(table)).size * keep))
      expect(await refusal(directory)).toBe('corrupt')
    }
  })

  it('a log with a damaged byte before its last record, wherever', async () => {
    const directory = await closedStore()
    const log = (await filesOf(directory, '.log')).at(-1)!
    const intact = `${directory}-intact`
    await copyFile(log, intact)
    const { size } = await stat(log)
    for (let i = 0; i < 40; i++) {
      await copyFile(intact, log)
      await flip(log, Math.floor(((size - 1000) * i) / 40))
      expect(await refusal(directory), `byte ${Math.floor(((size - 1000) * i) / 40)} of ${size}`).toBe('corrupt')
    }
    await copyFile(intact, log)
    expect(await refusal(directory)).toBe('opened')
    await rm(intact)
  })

  it('a log with a stretch of zeros', async () => {
    const directory = await closedStore()
    const log = (await filesOf(directory, '.log')).at(-1)!
    const content = await readFile(log)
    await writeFile(log, content.fill(0, 10_000, 11_000))
    expect(await refusal(directory)).toBe('corrupt')
    expect(await readFile(log), 'the evidence is left as it was').toEqual(content)
  })

  it('a missing identity', async () => {
    const directory = await closedStore()
    await rm(join(directory, 'atoll-store.json'))
    expect(await refusal(directory)).toBe('corrupt')
  })

  it('an identity that is garbage, or of another store', async () => {
    const directory = await closedStore()
    await writeFile(join(directory, 'atoll-store.json'), '{"format":1')
    expect(await refusal(directory)).toBe('corrupt')
    await writeFile(join(directory, 'atoll-store.json'), '{"format":1,"id":"another"}')
    expect(await refusal(directory)).toBe('corrupt')
    await copyFile(join(await closedStore(), 'atoll-store.json'), join(directory, 'atoll-store.json'))
    expect(await refusal(directory)).toBe('corrupt')
  })

  it('a database that was emptied', async () => {
    const directory = await closedStore()
    await tamper(directory, (database) => database.clear())
    expect(await refusal(directory)).toBe('corrupt')
  })

  it('a hole in the newest transactions, a missing end, or one too many', async () => {
    const changes: ((database: Level<string, Buffer>) => Promise<unknown>)[] = [
      (database) => database.del(logKey(40)),
      (database) => database.del(logKey(2)),
      (database) => database.del(logKey(61)),
      (database) => database.put(logKey(62), Buffer.from('x')),
      (database) => database.put(logKey(40), Buffer.from('garbage')),
      (database) => database.put(metaKey.revision, Buffer.from('62')),
      (database) => database.put(metaKey.revision, Buffer.from('garbage')),
      (database) => database.put(metaKey.compacted, Buffer.from('61')),
      (database) => database.del(metaKey.compacted),
      (database) => database.del(metaKey.format),
    ]
    for (const change of changes) {
      const directory = await closedStore()
      await tamper(directory, change)
      expect(await refusal(directory), String(change)).toBe('corrupt')
    }
  })
})

describe('damage in a value', () => {
  it('is told when the value is read, and spares the others', async () => {
    const directory = await closedStore()
    await tamper(directory, async (database) => {
      const other = await database.get('ck2')
      await database.put('ck1', other)
      await database.put('ck3', Buffer.from('short'))
    })
    const backend = await store.open(directory)
    for (const key of ['k1', 'k3'])
      expect(() => backend.get(key)).toThrow(expect.objectContaining({ name: 'StorageError', code: 'corrupt' }))
    await expect(async () => backend.range({ start: 'k', end: 'l' })).rejects.toMatchObject({ code: 'corrupt' })
    expect(await backend.get('k2')).toMatchObject({ key: 'k2' })
    await expect(put(backend, 'k1', 'x')).rejects.toMatchObject({ code: 'corrupt' })
    await expect(
      backend.txn({
        puts: [
          { key: 'k2', value: bytes('x') },
          { key: 'k3', value: bytes('x') },
        ],
      }),
    ).rejects.toMatchObject({
      code: 'corrupt',
    })
    const revision = await put(backend, 'k2', 'after')
    expect(await backend.get('k2')).toMatchObject({ revision })
  })
})

describe('compaction in LevelDB', () => {
  it('leaves nothing but the current versions and the newest transaction', async () => {
    const directory = await store.directory()
    const backend = await store.open(directory)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => (i % 3 === 2 ? remove : put)(backend, `k${i % 10}`, String(i))),
    )
    await put(backend, 'last', 'x')
    const live = await readAll(backend)
    await backend.compact(backend.confirmedRevision() as number)
    await backend.close()
    await tamper(directory, async (database) => {
      const tables = (await database.keys().all()).map((key) => key[0])
      const count = (table: string) => tables.filter((found) => found === table).length
      expect({ c: count('c'), h: count('h'), e: count('e') }).toEqual({ c: live, h: 0, e: 1 })
    })
    const again = await store.open(directory)
    expect(await readAll(again)).toBe(live)
  })
})
