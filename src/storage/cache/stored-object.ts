import { parseJson } from '../../meta/json.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import type { FeedEvent, Key, KeyValue } from '../backend.ts'
import type { CachedObject } from '../object-cache.ts'
import { createSlabs } from '../slab.ts'
import { toItemBytes, withItemRevision } from '../stored-value.ts'

/** Memory that one cached object takes beside its item bytes, about. */
export const objectOverheadBytes = 250

/**
 * Remembers which objects hold their parsed form, and makes the earliest give it up when all together are too large.
 * A parsed object takes some four times its JSON.
 */
export class ParsedMemory {
  readonly #budgetBytes: number
  #holders: (StoredObject | undefined)[] = []
  #first = 0
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
  }

  remember(holder: StoredObject): void {
    this.#holders.push(holder)
    this.#bytes += weightOf(holder)
    while (this.#bytes > this.#budgetBytes && this.#first < this.#holders.length) this.#forgetFirst()
  }

  #forgetFirst(): void {
    const holder = this.#holders[this.#first]!
    this.#holders[this.#first++] = undefined
    this.#bytes -= weightOf(holder)
    holder.forget()
    if (this.#first < 1000 || this.#first * 2 < this.#holders.length) return
    this.#holders = this.#holders.slice(this.#first)
    this.#first = 0
  }
}

const weightOf = ({ item }: CachedObject): number => item.length * 4

export class StoredObject implements CachedObject {
  readonly key: Key
  readonly revision: number
  readonly createRevision: number
  readonly item: Uint8Array
  readonly #memory: ParsedMemory
  #parsed: KubeObject | undefined
  #metadata: ObjectMeta | undefined

  constructor(key: Key, revision: number, createRevision: number, item: Uint8Array, memory: ParsedMemory) {
    this.key = key
    this.revision = revision
    this.createRevision = createRevision
    this.item = item
    this.#memory = memory
  }

  get parsed(): KubeObject {
    if (!this.#parsed) {
      const isRemembered = this.#metadata !== undefined
      this.#parsed = parseJson(this.item) as unknown as KubeObject
      this.#metadata = this.#parsed.metadata
      const parsed = this.#parsed
      if (!isRemembered) this.#memory.remember(this) // may forget it at once
      return parsed
    }
    return this.#parsed
  }

  get metadata(): ObjectMeta {
    if (!this.#metadata) {
      const metadata = parseJson(this.item.subarray(metadataOffset, endOfMetadata(this.item))) as ObjectMeta
      this.#metadata = metadata
      this.#memory.remember(this)
      return metadata
    }
    return this.#metadata
  }

  /** The same content under another revision. */
  at(revision: number): StoredObject {
    const item = withItemRevision(this.item, revision)
    return new StoredObject(this.key, revision, this.createRevision, item, this.#memory)
  }

  forget(): void {
    this.#parsed = undefined
    this.#metadata = undefined
  }
}

export function fromKeyValue({ key, value, revision, createRevision }: KeyValue, memory: ParsedMemory): StoredObject {
  return new StoredObject(key, revision, createRevision, toItemBytes(value, revision, allocateItem), memory)
}

export function currentOf({ key, value, revision, createRevision }: FeedEvent, memory: ParsedMemory) {
  return value && fromKeyValue({ key, value, revision, createRevision }, memory)
}

export function previousOf({ key, previous, createRevision }: FeedEvent, memory: ParsedMemory) {
  return previous && fromKeyValue({ key, ...previous, createRevision }, memory)
}

const allocateItem = createSlabs(4096)

const metadataOffset = '{"metadata":'.length
const quote = 0x22
const backslash = 0x5c

/** Where the metadata object ends, exclusive: its matching brace, found without parsing. */
function endOfMetadata(item: Uint8Array): number {
  let depth = 0
  for (let i = metadataOffset; i < item.length; i++) {
    const byte = item[i]
    if (byte === quote) {
      for (i++; item[i] !== quote; i++) if (item[i] === backslash) i++
    } else if (byte === 0x7b) depth++
    else if (byte === 0x7d && --depth === 0) return i + 1
  }
  return item.length
}
