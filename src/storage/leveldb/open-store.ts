import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../storage-error.ts'
import { batchWriter, openDatabase, readFailure, type Database } from './database.ts'
import { encodeLogRecord, logKey, metaKey } from './layout.ts'
import { verifyLogFiles, verifyTables } from './verify-files.ts'
import { verifyLog } from './verify-log.ts'

/** Says whose directory this is; written last when a store is made, so without it nothing was ever acknowledged. */
const identityFile = 'atoll-store.json'
const leveldbFile = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp)|.*\.tmp)$/
const formatVersion = 1
const firstRevision = 1

export interface OpenStoreOptions {
  directory: string
  cacheBytes: number
  writeBufferBytes: number
}

export interface OpenStore {
  database: Database
  revision: number
  compacted: number
}

/** Opens or makes the store in a directory, and checks that it is whole; what fails is left as it was. */
export async function openStore(options: OpenStoreOptions): Promise<OpenStore> {
  const { directory } = options
  const files = await listDirectory(directory)
  const identity = files.includes(identityFile) ? await readIdentity(directory) : undefined
  checkFiles(directory, files, identity !== undefined)
  refuse(directory, await verifyLogFiles(directory, files))
  const database = await openDatabase(directory, { ...options, createIfMissing: identity === undefined })
  try {
    refuse(directory, await verifyTables(directory, files))
    if (!identity) await makeStore(directory, database)
    const id = identity?.id ?? (await readIdentity(directory)).id
    return { database, ...(await checkStore(database, id, options)) }
  } catch (error) {
    await database.close()
    const failure = readFailure(error)
    if (failure.message.includes(directory)) throw failure
    throw new StorageError(failure.code, `${directory}: ${failure.message}`, { cause: error })
  }
}

function refuse(directory: string, flaw: string | undefined): void {
  if (flaw !== undefined) throw new StorageError('corrupt', `the store in ${directory} is damaged: ${flaw}`)
}

async function listDirectory(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    if (!(await stat(directory)).isDirectory()) throw new StorageError('unavailable', `${directory} is not a directory`)
    return await readdir(directory)
  } catch (error) {
    throw unusable(directory, error)
  }
}

function unusable(directory: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason =
    code === 'ENOTDIR' || code === 'EEXIST'
      ? 'it is not a directory'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'it may not be written'
        : String(error instanceof Error ? error.message : error)
  return new StorageError('unavailable', `cannot use ${directory} for the store: ${reason}`, { cause: error })
}

/** LevelDB would begin anew where its root is missing, and then remove the rest: that must not happen by accident. */
function checkFiles(directory: string, files: readonly string[], hasIdentity: boolean): void {
  if (hasIdentity) {
    if (!files.includes('CURRENT'))
      throw new StorageError('corrupt', `the store in ${directory} is damaged: CURRENT is missing`)
    return
  }
  if (files.some((name) => /\.(ldb|sst)$/.test(name)))
    throw new StorageError('corrupt', `the store in ${directory} is damaged: ${identityFile} is missing`)
  const strange = files.find((name) => !leveldbFile.test(name))
  if (strange !== undefined)
    throw new StorageError('unavailable', `${directory} is not empty and holds no store: it has ${strange}`)
}

async function readIdentity(directory: string): Promise<{ id: string }> {
  let found: unknown
  try {
    found = JSON.parse(await readFile(join(directory, identityFile), 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new StorageError('corrupt', `the store in ${directory} is damaged: ${identityFile} is not JSON`, {
        cause: error,
      })
    throw unusable(directory, error)
  }
  const { format, id } = Object(found) as { format?: unknown; id?: unknown }
  if (typeof format === 'number' && format > formatVersion)
    throw new StorageError('unavailable', `the store in ${directory} has format ${format}: made by a newer version`)
  if (format !== formatVersion || typeof id !== 'string' || id === '')
    throw new StorageError('corrupt', `the store in ${directory} is damaged: ${identityFile} is not what was written`)
  return { id }
}

/** First start, or the end of one that was interrupted. */
async function makeStore(directory: string, database: Database): Promise<void> {
  const [first] = await database.keys({ limit: 1, gte: logKey(firstRevision + 1) }).all()
  const known = database.getSync(metaKey.id)?.toString()
  if (known === undefined ? (await database.keys({ limit: 1 }).all()).length > 0 : first && !first.startsWith('m/'))
    throw new StorageError('corrupt', `the store in ${directory} is damaged: ${identityFile} is missing`)
  const id = known ?? randomUUID()
  if (known === undefined)
    await batchWriter(database)(
      [
        { key: metaKey.format, value: text(formatVersion) },
        { key: metaKey.id, value: text(id) },
        { key: metaKey.revision, value: text(firstRevision) },
        { key: metaKey.compacted, value: text(0) },
        { key: logKey(firstRevision), value: encodeLogRecord({ previousRevision: 0, bytes: 0, operations: [] }) },
      ],
      true,
    )
  await writeDurably(directory, identityFile, `${JSON.stringify({ format: formatVersion, id })}\n`)
}

function text(value: unknown): Buffer {
  return Buffer.from(String(value))
}

async function writeDurably(directory: string, name: string, content: string): Promise<void> {
  const temporary = join(directory, `${name}.tmp`)
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(directory, name))
    const folder = await open(directory, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch (error) {
    throw unusable(directory, error)
  }
}

async function checkStore(database: Database, id: string, { directory, writeBufferBytes }: OpenStoreOptions) {
  const damaged = (what: string) => new StorageError('corrupt', `the store in ${directory} is damaged: ${what}`)
  const meta = (key: string) => database.getSync(key)?.toString()
  const number = (key: string) => {
    const found = Number(meta(key) ?? Number.NaN)
    if (!Number.isSafeInteger(found) || found < 0) throw damaged(`it has no ${key}`)
    return found
  }
  if (number(metaKey.format) !== formatVersion) throw damaged('its format is unknown')
  if (meta(metaKey.id) !== id) throw damaged(`${identityFile} belongs to another store`)
  const revision = number(metaKey.revision)
  const compacted = number(metaKey.compacted)
  const flaw = await verifyLog(database, { revision, compacted, writeBufferBytes })
  if (flaw !== undefined) throw damaged(flaw)
  return { revision, compacted }
}
