import type { Database, WriteBatch, WriteOperation } from './database.ts'
import { decodeLogRecord, historyKey, logKey, revisionOfLog } from './layout.ts'

const transactionsAtOnce = 200 // a millisecond or two, then others have their turn

export interface CompactionOptions {
  database: Database
  write: WriteBatch
  /** Where the log begins, as far as is known: behind what an earlier compaction has removed. */
  from: number
  upTo: number
  /** Looked at between two batches. */
  stopped: () => boolean
}

/**
 * Walks the log from its beginning up to a revision and removes it, together with the versions that its transactions
 * superseded. A log record goes in the same batch as what it names, so after a crash the next compaction finds the rest.
 */
export async function removeHistory({ database, write, from, upTo, stopped }: CompactionOptions): Promise<void> {
  const iterator = database.iterator({ gt: logKey(from), lte: logKey(upTo) })
  try {
    while (!stopped()) {
      const rows = await iterator.nextv(transactionsAtOnce)
      if (rows.length === 0) return
      const removed: WriteOperation[] = []
      for (const [stored, record] of rows) {
        const revision = revisionOfLog(stored)
        for (const { type, key, previous } of decodeLogRecord(record, stored).operations) {
          if (previous > 0) removed.push({ key: historyKey(key, previous) })
          if (type === 'delete') removed.push({ key: historyKey(key, revision) })
        }
        removed.push({ key: stored })
      }
      await write(removed, true) // synced as every write: see verifyLogFiles
      await new Promise<void>((resolve) => void setImmediate(resolve))
    }
  } finally {
    await iterator.close()
  }
}
