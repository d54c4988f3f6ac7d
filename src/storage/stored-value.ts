import { StorageError } from './storage-error.ts'

/**
 * What the backend holds for one object:
 *
 *   format byte (1) · JSON of the storage version without apiVersion, kind and resourceVersion, `metadata` first
 *
 * so the JSON always begins `{"metadata":{`. What only the commit knows, the resourceVersion, is spliced in at that
 * constant offset, which makes the *item bytes* that lists send as they are:
 *
 *   {"metadata":{"resourceVersion":"<revision>",<the rest>
 */
export const plainJsonFormat = 1

const head = '{"metadata":{'
const headBytes = Buffer.from(head, 'latin1')
/** Where the JSON begins in a stored value. */
const jsonOffset = 1
const closingBrace = 0x7d

/** The stored value of an object's JSON. Throws when the JSON does not begin with its metadata: our own mistake. */
export function encodeStoredValue(json: string | Uint8Array): Uint8Array {
  const length = typeof json === 'string' ? Buffer.byteLength(json) : json.length
  const value = Buffer.allocUnsafe(jsonOffset + length)
  value[0] = plainJsonFormat
  if (typeof json === 'string') value.write(json, jsonOffset)
  else value.set(json, jsonOffset)
  if (!beginsWithMetadata(value)) throw new Error('a stored object must begin with its metadata')
  return value
}

/** The JSON bytes of a stored value, without a copy. Throws `corrupt` for a format that this version does not know. */
export function decodeStoredValue(value: Uint8Array): Uint8Array {
  checkFormat(value)
  return value.subarray(jsonOffset)
}

/** The item bytes of a stored value at a revision. `allocate` says where the copy goes. */
export function toItemBytes(
  value: Uint8Array,
  revision: number,
  allocate: (length: number) => Buffer = (length) => Buffer.allocUnsafe(length),
): Uint8Array {
  checkFormat(value)
  const restOffset = jsonOffset + headBytes.length
  const isEmpty = value[restOffset] === closingBrace
  const splice = `${head}"resourceVersion":"${revision}"${isEmpty ? '' : ','}`
  const item = allocate(splice.length + value.length - restOffset)
  item.write(splice, 'latin1')
  item.set(value.subarray(restOffset), splice.length)
  return item
}

/** How many bytes `toItemBytes` makes of a stored value of `valueLength` bytes. */
export function itemLength(valueLength: number, revision: number): number {
  return valueLength - jsonOffset + '"resourceVersion":"",'.length + String(revision).length
}

/** The same item at another revision: what a watcher is sent for an object that was deleted or left its selection. */
export function withItemRevision(item: Uint8Array, revision: number): Uint8Array {
  const bytes = Buffer.from(item.buffer, item.byteOffset, item.byteLength)
  const valueOffset = head.length + '"resourceVersion":"'.length
  const rest = bytes.subarray(bytes.indexOf('"', valueOffset))
  const splice = `${head}"resourceVersion":"${revision}`
  const result = Buffer.allocUnsafe(splice.length + rest.length)
  result.write(splice, 'latin1')
  result.set(rest, splice.length)
  return result
}

function checkFormat(value: Uint8Array): void {
  if (value[0] !== plainJsonFormat)
    throw new StorageError('corrupt', `stored value has format ${value[0] ?? 'none'}, expected ${plainJsonFormat}`)
  if (!beginsWithMetadata(value)) throw new StorageError('corrupt', 'stored object does not begin with its metadata')
}

function beginsWithMetadata(value: Uint8Array): boolean {
  if (value.length < jsonOffset + headBytes.length + 2) return false
  for (let i = 0; i < headBytes.length; i++) if (value[jsonOffset + i] !== headBytes[i]) return false
  return true
}
