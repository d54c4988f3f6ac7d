import type { Key, KeyValue, RangePage, RangeRequest } from '../backend.ts'
import { toKeyValue } from './commit-queue.ts'
import { closeIterator, readFailure, type Database } from './database.ts'
import { currentKey, decodeVersion, historyBounds, historyKey, keyOfCurrent, parseHistoryKey } from './layout.ts'
import type { Version } from './layout.ts'

/** A key and what it had at the revision that is read; undefined when it was absent. */
export interface Replacement {
  key: Key
  version: Version | undefined
}

type Snapshot = ReturnType<Database['snapshot']>

export interface RangeSource {
  database: Database
  /** What is read as of. */
  revision: number
  /**
   * When `revision` is the newest: keys that the write under way may have changed on disk already.
   * Without it, versions that are newer than `revision` are replaced from the history.
   */
  shadowed?: readonly Replacement[]
}

const rowsAtOnce = 1000
const bytesAtOnce = 4 * 1024 * 1024
const nothing = new Uint8Array(0)

/** One page of the keys in [start, end) as of a revision. What LevelDB holds from later on is not seen. */
export async function readRange(source: RangeSource, request: RangeRequest): Promise<RangePage> {
  // At the newest revision one iterator sees everything; it is a snapshot of its own.
  const snapshot = source.shadowed ? undefined : source.database.snapshot()
  try {
    return await readPage(source, snapshot, request)
  } catch (error) {
    throw readFailure(error)
  } finally {
    await snapshot?.close()
  }
}

async function readPage(
  { database, revision, shadowed }: RangeSource,
  snapshot: Snapshot | undefined,
  request: RangeRequest,
) {
  const { start, end, keysOnly = false, limit = Number.POSITIVE_INFINITY } = request
  const items: KeyValue[] = []
  if (start >= end) return { items, more: false, revision }
  const iterator = database.iterator({
    gte: currentKey(start),
    lt: currentKey(end),
    ...(snapshot && { snapshot }),
    ...({ highWaterMarkBytes: bytesAtOnce } as object),
  })
  let lastRows = 0
  try {
    let spanStart = start
    for (;;) {
      const rows = await iterator.nextv(rowsFor(limit + 1 - items.length))
      const last = rows.at(-1)
      lastRows = rows.length || lastRows
      const spanEnd = last ? `${keyOfCurrent(last[0])}\0` : end
      const span = { start: spanStart, end: spanEnd, revision }
      const current = rows.map(([stored, record]) => {
        const key = keyOfCurrent(stored)
        return { key, version: decodeVersion(key, record) }
      })
      const replacements = shadowed
        ? shadowed.filter(({ key }) => key >= spanStart && key < spanEnd)
        : await readReplaced(database, snapshot, span, current)
      if (addSpan(items, { current, replacements, revision, limit, keysOnly }) || !last)
        return { items: items.slice(0, limit), more: items.length > limit, revision }
      spanStart = spanEnd
    }
  } finally {
    void closeIterator(iterator, lastRows)
  }
}

/** One more than wanted tells whether there is more; a few at least, for some may be too new. */
function rowsFor(wanted: number): number {
  return Math.min(Math.max(wanted, 16), rowsAtOnce)
}

interface Span {
  current: readonly { key: Key; version: Version }[]
  replacements: readonly Replacement[]
  revision: number
  limit: number
  keysOnly: boolean
}

/** Merges what is current with what replaces it; true when the page is full. */
function addSpan(items: KeyValue[], { current, replacements, revision, limit, keysOnly }: Span): boolean {
  let next = 0
  const add = (key: Key, version: Version | undefined) => {
    if (version) items.push(keysOnly ? { ...toKeyValue(key, version)!, value: nothing } : toKeyValue(key, version)!)
  }
  for (const { key, version } of current) {
    while (next < replacements.length && replacements[next]!.key < key) {
      add(replacements[next]!.key, replacements[next]!.version)
      next++
    }
    if (replacements[next]?.key === key) continue // comes with the next turn of the loop above
    if (version.revision <= revision) add(key, version)
    if (items.length > limit) return true
  }
  for (; next < replacements.length && items.length <= limit; next++)
    add(replacements[next]!.key, replacements[next]!.version)
  return items.length > limit
}

/** The versions of a span that were current at the revision and no longer are. */
async function readReplaced(
  database: Database,
  snapshot: Snapshot | undefined,
  span: { start: Key; end: Key; revision: number },
  current: readonly { key: Key; version: Version }[],
): Promise<Replacement[]> {
  const unchanged = new Set<Key>()
  for (const { key, version } of current) if (version.revision <= span.revision) unchanged.add(key)
  const newestBefore = new Map<Key, number>()
  const { gte, lt } = historyBounds(span.start, span.end)
  const iterator = database.keys({
    gte,
    lt,
    ...(snapshot && { snapshot }),
    ...({ highWaterMarkBytes: bytesAtOnce } as object),
  })
  try {
    for (;;) {
      const stored = await iterator.nextv(rowsAtOnce)
      if (stored.length === 0) break
      for (const name of stored) {
        const { key, revision } = parseHistoryKey(name)
        if (revision > span.revision || key < span.start || key >= span.end || unchanged.has(key)) continue
        newestBefore.set(key, revision) // ascending: the last one stays
      }
    }
  } finally {
    await iterator.close()
  }
  const replaced: Replacement[] = []
  for (const [key, revision] of newestBefore) {
    const record = database.getSync(historyKey(key, revision), { snapshot } as object as {
      keyEncoding?: string
      valueEncoding?: string
    })
    if (record && record.length > 0) replaced.push({ key, version: decodeVersion(key, record) })
  }
  return replaced
}

/** The version of one key that was current at a revision, when it no longer is. */
export async function readReplacedVersion(
  database: Database,
  key: Key,
  revision: number,
): Promise<Version | undefined> {
  const iterator = database.iterator({
    gte: historyKey(key, 0),
    lte: historyKey(key, revision),
    reverse: true,
    limit: 1,
  })
  try {
    const entry = await iterator.next()
    return entry && entry[1].length > 0 ? decodeVersion(key, entry[1]) : undefined
  } catch (error) {
    throw readFailure(error)
  } finally {
    await iterator.close()
  }
}
