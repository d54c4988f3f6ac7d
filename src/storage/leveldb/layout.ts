import { crc32 } from 'node:zlib'
import type { Key } from '../backend.ts'
import { createSlabs } from '../slab.ts'
import { StorageError } from '../storage-error.ts'

/**
 * What the driver keeps in LevelDB, in four tables told apart by the first character of the key:
 *
 *   c<key>                    the current version
 *   h<key>\0<revision>        a version that was overwritten or deleted; empty where the key was deleted
 *   e<revision>               the log: what the transaction of that revision did
 *   m/<name>                  about the store: format, id, revision, compacted
 *
 * A revision in a key is 14 hexadecimal digits, so that it sorts. A version moves from c to h byte by byte as it is.
 */
export const currentKey = (key: Key): string => `c${key}`
export const historyKey = (key: Key, revision: number): string => `h${key}\0${sortable(revision)}`
export const logKey = (revision: number): string => `e${sortable(revision)}`
export const metaKey = {
  format: 'm/format',
  id: 'm/id',
  revision: 'm/revision',
  compacted: 'm/compacted',
} as const

export const keyOfCurrent = (stored: string): Key => stored.slice(1)
export const revisionOfLog = (stored: string): number => Number.parseInt(stored.slice(1), 16)

export function parseHistoryKey(stored: string): { key: Key; revision: number } {
  const separator = stored.length - revisionDigits - 1
  return { key: stored.slice(1, separator), revision: Number.parseInt(stored.slice(separator + 1), 16) }
}

/** Bounds of the history of all keys in [start, end). A `\0` in a bound stands for "behind this key". */
export function historyBounds(start: Key, end: Key): { gte: string; lt: string } {
  return { gte: `h${start}`, lt: `h${end.replace('\0', '\x01')}` }
}

const revisionDigits = 14 // holds 2^53

function sortable(revision: number): string {
  return revision.toString(16).padStart(revisionDigits, '0')
}

/** One version of one key, and the record that holds it. */
export interface Version {
  revision: number
  createRevision: number
  value: Uint8Array
  record: Buffer
}

/** A record is checksum (4 bytes, of the key and what follows) · revision (8) · create revision (8) · value. */
const headerBytes = 20
// What was written last is kept for a while, see RecentVersions.
const allocateRecord = createSlabs(64 * 1024)

export function encodeVersion(key: Key, value: Uint8Array, revision: number, createRevision: number): Version {
  const record = allocateRecord(headerBytes + value.length)
  writeRevision(record, revision, 4)
  writeRevision(record, createRevision, 12)
  record.set(value, headerBytes)
  record.writeUInt32BE(checksum(key, record), 0)
  return { revision, createRevision, value: record.subarray(headerBytes), record }
}

/** Throws `corrupt` when the bytes are not what was written for this key. */
export function decodeVersion(key: Key, record: Buffer): Version {
  if (record.length < headerBytes || record.readUInt32BE(0) !== checksum(key, record)) throw damaged(key)
  return {
    revision: readRevision(record, 4),
    createRevision: readRevision(record, 12),
    value: record.subarray(headerBytes),
    record,
  }
}

function checksum(key: Key, record: Buffer): number {
  return crc32(record.subarray(4), crc32(key))
}

function writeRevision(record: Buffer, revision: number, offset: number): void {
  record.writeUInt32BE(Math.floor(revision / 0x1_0000_0000), offset)
  record.writeUInt32BE(revision >>> 0, offset + 4)
}

function readRevision(record: Buffer, offset: number): number {
  return record.readUInt32BE(offset) * 0x1_0000_0000 + record.readUInt32BE(offset + 4)
}

/** What one transaction did to one key. */
export interface LogOperation {
  type: 'put' | 'delete'
  key: Key
  /** Revision of the version that stood there before; 0 for none. */
  previous: number
  createRevision: number
}

/** The log record of one transaction. */
export interface LogRecord {
  /** The revision before this one: the log is a chain, so that a hole in it is found. */
  previousRevision: number
  /** About what the transaction took in LevelDB's own log. */
  bytes: number
  operations: LogOperation[]
}

/** checksum (4 bytes) · `previous bytes` · a line for each operation; numbers in base 36. */
export function encodeLogRecord({ previousRevision, bytes, operations }: LogRecord): Buffer {
  let text = `${previousRevision.toString(36)}\t${bytes.toString(36)}`
  for (const { type, key, previous, createRevision } of operations)
    text += `\n${type === 'put' ? 'p' : 'd'}${key}\t${previous.toString(36)}\t${createRevision.toString(36)}`
  const record = Buffer.allocUnsafe(4 + text.length)
  record.write(text, 4, 'latin1')
  record.writeUInt32BE(crc32(record.subarray(4)), 0)
  return record
}

export function decodeLogRecord(record: Buffer, storedKey: string): LogRecord {
  if (record.length < 4 || record.readUInt32BE(0) !== crc32(record.subarray(4))) throw damaged(storedKey)
  const [head = '', ...lines] = record.toString('latin1', 4).split('\n')
  const [previousRevision = '', bytes = ''] = head.split('\t')
  return {
    previousRevision: Number.parseInt(previousRevision, 36),
    bytes: Number.parseInt(bytes, 36),
    operations: lines.map(parseOperation),
  }
}

function parseOperation(line: string): LogOperation {
  const [typeAndKey = '', previous = '', createRevision = ''] = line.split('\t')
  return {
    type: typeAndKey.startsWith('p') ? 'put' : 'delete',
    key: typeAndKey.slice(1),
    previous: Number.parseInt(previous, 36),
    createRevision: Number.parseInt(createRevision, 36),
  }
}

function damaged(storedKey: string): StorageError {
  return new StorageError(
    'corrupt',
    `the store is damaged: the record of ${JSON.stringify(storedKey)} is not what was written`,
  )
}
