import type { Database } from './database.ts'
import { decodeLogRecord, logKey, revisionOfLog } from './layout.ts'
import { maxBatchBytes } from './commit-queue.ts'

/** A larger transaction counts as this much: then the walk is longer than it need be, never too short. */
const largestCounted = 1024 * 1024
const rowsAtOnce = 500

/**
 * Walks the chain of the newest transactions backwards and answers what is wrong with it.
 *
 * LevelDB drops what it cannot read of its own log without a word and goes on behind it, which would leave a store with
 * a hole. Only what is not in a table file yet can be lost so: two write buffers, each with a batch on top; the walk
 * goes at least as far. Everything older is in files whose loss LevelDB reports.
 */
export async function verifyLog(
  database: Database,
  { revision, compacted, writeBufferBytes }: { revision: number; compacted: number; writeBufferBytes: number },
): Promise<string | undefined> {
  if (compacted >= revision) return `it was compacted up to ${compacted}, but ends at ${revision}`
  const enough = 2 * (writeBufferBytes + maxBatchBytes)
  const iterator = database.iterator({ gt: logKey(compacted), lt: 'f', reverse: true })
  try {
    let expected = revision
    for (let bytes = 0; bytes < enough;) {
      const rows = await iterator.nextv(rowsAtOnce)
      if (rows.length === 0)
        return expected > compacted && expected !== 0 ? `the transaction of revision ${expected} is missing` : undefined
      for (const [stored, record] of rows) {
        const found = revisionOfLog(stored)
        if (found !== expected) return `expected the transaction of revision ${expected}, found ${found}`
        const { previousRevision, bytes: taken } = decodeLogRecord(record, stored)
        expected = previousRevision
        bytes += Math.min(taken, largestCounted)
      }
    }
    return undefined
  } finally {
    await iterator.close()
  }
}
