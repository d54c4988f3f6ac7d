import { Level } from 'level'
import { StorageError } from '../storage-error.ts'

/** LevelDB with text keys and byte values. `Level` is classic-level on Node. */
export type Database = Level<string, Buffer>

/** Without a value: the key is deleted. */
export interface WriteOperation {
  key: string
  value?: Uint8Array
}

/** All or nothing. With `sync`, resolves when the operations would survive a loss of power. */
export type WriteBatch = (operations: readonly WriteOperation[], sync: boolean) => Promise<void>

export interface DatabaseOptions {
  createIfMissing: boolean
  cacheBytes: number
  writeBufferBytes: number
}

// Table files of 2 MB, mapped into memory: what has been read of open ones counts as resident. Opening one costs ~50 µs.
const maxOpenFiles = 50

export async function openDatabase(directory: string, options: DatabaseOptions): Promise<Database> {
  const database = new Level<string, Buffer>(directory, { keyEncoding: 'utf8', valueEncoding: 'buffer' })
  const { createIfMissing, cacheBytes: cacheSize, writeBufferBytes: writeBufferSize } = options
  // Level's types know the options of every platform, these are classic-level's.
  const classic: object = { createIfMissing, cacheSize, writeBufferSize, maxOpenFiles }
  try {
    await database.open(classic)
  } catch (error) {
    throw openFailure(directory, error)
  }
  return database
}

/** A chained batch below what checks and encodes for everybody: keys are text here and values bytes, all the time. */
interface NativeBatch {
  _put(key: string, value: Uint8Array): void
  _del(key: string): void
  _clear(): void
  _write(options: { sync: boolean }): Promise<void>
}

/**
 * A chained batch crosses into LevelDB at a third of the cost of an array of operations. What it has written stays in
 * native memory until the garbage collector finds it, and to the collector it weighs nothing: so the same few batches
 * are filled again and again, one for each write that is under way at once.
 */
export function batchWriter(database: Database): WriteBatch {
  const free: NativeBatch[] = []
  return async (operations, sync) => {
    // A closed database has no native side any more that a kept batch could be written to.
    const kept = database.status === 'open' ? free.pop() : undefined
    const batch = kept ?? (database.batch() as unknown as NativeBatch)
    for (const { key, value } of operations) {
      if (value === undefined) batch._del(key)
      else batch._put(key, value)
    }
    await batch._write({ sync })
    batch._clear()
    free.push(batch)
  }
}

const rowsNotWorthIt = 16

/**
 * Closes an iterator whose last read gave so many rows. They would stay in native memory until the garbage collector
 * finds the iterator, which weighs nothing in JavaScript; reading once more, behind the end, frees them. Nobody need
 * wait for it.
 */
export async function closeIterator(iterator: ReturnType<Database['iterator']>, lastRows: number): Promise<void> {
  try {
    if (lastRows > rowsNotWorthIt) {
      iterator.seek('~')
      await iterator.nextv(1)
    }
    await iterator.close()
  } catch {
    // the database is being closed, and all its iterators with it
  }
}

function openFailure(directory: string, error: unknown): StorageError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = codeOf(cause)
  if (code === 'LEVEL_LOCKED') return new StorageError('locked', `${directory} is in use by another process`, { cause })
  if (code === 'LEVEL_CORRUPTION' || /no such file|does not exist/i.test(message))
    return new StorageError('corrupt', `the store in ${directory} is damaged: ${message}`, { cause })
  return new StorageError('unavailable', `cannot open the store in ${directory}: ${message}`, { cause })
}

/** What a failed read means: the store was closed meanwhile, or its bytes are not what was written. */
export function readFailure(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  const code = codeOf(error)
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN' || code === 'LEVEL_SNAPSHOT_NOT_OPEN')
    return new StorageError('closed', 'the store is closed', { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  if (code === 'LEVEL_CORRUPTION')
    return new StorageError('corrupt', `the store is damaged: ${message}`, { cause: error })
  return new StorageError('unavailable', `cannot read the store: ${message}`, { cause: error })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
