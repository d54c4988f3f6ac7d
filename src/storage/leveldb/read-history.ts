import type { FeedEvent, HistoryPage, HistoryRequest } from '../backend.ts'
import { StorageError } from '../storage-error.ts'
import { closeIterator, readFailure, type Database } from './database.ts'
import { currentKey, decodeLogRecord, decodeVersion, historyKey, logKey, revisionOfLog } from './layout.ts'
import type { LogOperation, Version } from './layout.ts'

/** A page ends after this many transactions, also when the prefix matched none of them. */
const transactionsAPage = 10_000
const rowsAtOnce = 500

/** Past events up to `newest`, oldest first. */
export async function readHistory(
  database: Database,
  newest: number,
  { after, prefix = '', limit }: HistoryRequest,
): Promise<HistoryPage> {
  // A compaction may begin meanwhile: what the page needs stays in the snapshot.
  const snapshot = database.snapshot()
  const read = (key: string) => database.getSync(key, { snapshot } as object as { keyEncoding?: string })
  const iterator = database.iterator({ gt: logKey(after), lte: logKey(newest), snapshot })
  const events: FeedEvent[] = []
  let revision = after
  let scanned = 0
  let lastRows = 0
  try {
    for (;;) {
      const rows = await iterator.nextv(Math.min(rowsAtOnce, Math.max(limit, 16)))
      lastRows = rows.length || lastRows
      if (rows.length === 0) return { events, revision: newest, more: false }
      for (const [stored, record] of rows) {
        if (events.length >= limit || scanned >= transactionsAPage) return { events, revision, more: true }
        revision = revisionOfLog(stored)
        scanned++
        for (const operation of decodeLogRecord(record, stored).operations)
          if (operation.key.startsWith(prefix)) events.push(toEvent(operation, revision, read))
      }
    }
  } catch (error) {
    throw readFailure(error)
  } finally {
    await closeIterator(iterator, lastRows)
    await snapshot.close()
  }
}

type Read = (storedKey: string) => Buffer | undefined

function toEvent({ type, key, previous, createRevision }: LogOperation, revision: number, read: Read): FeedEvent {
  const value = type === 'put' ? versionAt(key, revision, read).value : undefined
  const before = previous === 0 ? undefined : { value: historyAt(key, previous, read).value, revision: previous }
  return { type, key, revision, createRevision, value, previous: before }
}

function versionAt(key: string, revision: number, read: Read): Version {
  const record = read(currentKey(key))
  if (record) {
    const current = decodeVersion(key, record)
    if (current.revision === revision) return current
  }
  return historyAt(key, revision, read)
}

function historyAt(key: string, revision: number, read: Read): Version {
  const record = read(historyKey(key, revision))
  if (!record) throw new StorageError('corrupt', `the store is damaged: ${key} has no version of revision ${revision}`)
  return decodeVersion(key, record)
}
