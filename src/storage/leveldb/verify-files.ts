import { open, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Looks at LevelDB's own logs before LevelDB does, and answers what is wrong with them.
 *
 * LevelDB skips what it cannot read of its log without a word, goes on behind it, and then deletes the log. But of our
 * log only the last record can be unreadable for a good reason: each one is synced before the next is written. So an
 * unreadable record with a readable one behind it is damage.
 */
export async function verifyLogFiles(directory: string, files: readonly string[]): Promise<string | undefined> {
  for (const name of files) {
    if (!/^\d+\.log$/.test(name)) continue
    const damagedAt = findDamage(await readFile(join(directory, name)))
    if (damagedAt !== undefined) return `${name} is unreadable at byte ${damagedAt}, but not behind it`
  }
  return undefined
}

/**
 * Looks at the ends of the table files, of which LevelDB would find out much later. `files` were there before LevelDB
 * was opened: what is left of them is in use, for opening removes what an interrupted compaction has left behind.
 */
export async function verifyTables(directory: string, files: readonly string[]): Promise<string | undefined> {
  for (const name of files) {
    if (!/^\d+\.(ldb|sst)$/.test(name)) continue
    if ((await endsAsTable(join(directory, name))) === false) return `${name} is cut off`
  }
  return undefined
}

// https://github.com/google/leveldb/blob/main/doc/log_format.md
const blockBytes = 32_768
const headerBytes = 7 // masked CRC-32C (4) · length (2) · type (1)
const lastType = 4 // 1 full, 2 first, 3 middle, 4 last

/** Where the first unreadable record begins, if a readable one follows. */
export function findDamage(log: Buffer): number | undefined {
  let position = 0
  while (position < log.length) {
    const blockEnd = position - (position % blockBytes) + blockBytes
    if (blockEnd - position < headerBytes) {
      position = blockEnd
      continue
    }
    const length = recordLength(log, position, blockEnd)
    if (length === undefined) return isReadableBehind(log, position) ? position : undefined
    position += length
  }
  return undefined
}

function isReadableBehind(log: Buffer, damaged: number): boolean {
  for (let position = damaged + 1; position + headerBytes <= log.length; position++) {
    const blockEnd = position - (position % blockBytes) + blockBytes
    if (blockEnd - position >= headerBytes && recordLength(log, position, blockEnd) !== undefined) return true
  }
  return false
}

/** The length of the record at a position with its header; undefined when there is no readable one. */
function recordLength(log: Buffer, position: number, blockEnd: number): number | undefined {
  if (position + headerBytes > log.length) return undefined
  const length = log.readUInt16LE(position + 4)
  const type = log[position + 6]!
  const end = position + headerBytes + length
  if (type === 0 || type > lastType || end > blockEnd || end > log.length) return undefined
  return masked(crc32c(log, position + 6, end)) === log.readUInt32LE(position) ? end - position : undefined
}

const tableMagic = Buffer.from('57fb808b247547db', 'hex')
const footerBytes = 48

/** Undefined when the file is not there. */
async function endsAsTable(path: string): Promise<boolean | undefined> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch {
    return undefined
  }
  try {
    const { size } = await file.stat()
    if (size < footerBytes) return false
    const { buffer } = await file.read(Buffer.alloc(tableMagic.length), 0, tableMagic.length, size - tableMagic.length)
    return buffer.equals(tableMagic)
  } finally {
    await file.close()
  }
}

const table = new Uint32Array(256).map((_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})

/** CRC-32C (Castagnoli) of [start, end). */
function crc32c(bytes: Buffer, start: number, end: number): number {
  let crc = 0xffffffff
  for (let i = start; i < end; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** LevelDB stores checksums rotated, so that a checksum of a checksum stays one. */
function masked(crc: number): number {
  return ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0
}
