import { fillFromSystem, type FillRandom } from './random-bytes.ts'

/** A random UUID (RFC 9562, version 4) as `metadata.uid` holds it. */
export function newUid(fillRandom: FillRandom = fillFromSystem): string {
  if (fillRandom === fillFromSystem) return globalThis.crypto.randomUUID()
  const bytes = new Uint8Array(16)
  fillRandom(bytes)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return formatUid(bytes)
}

/** The text of any 16 bytes; how a uid is derived from a hash. */
export function formatUid(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export function isUid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
