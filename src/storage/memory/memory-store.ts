import type { FeedEvent, Guard, Key, KeyValue, TxnRequest, TxnResult } from '../backend.ts'

/** One version of a key; `value` is undefined where the key was deleted. */
export interface Version {
  revision: number
  createRevision: number
  value: Uint8Array | undefined
}

/**
 * The shared state behind memory handles: every version of every key since the last compaction. Writes are applied by
 * `commit` alone, so a reader never sees half a transaction.
 */
export class MemoryStore {
  revision = 1
  compacted = 0
  /** All keys that have versions, sorted. */
  readonly keys: Key[] = []
  /** Oldest first. */
  readonly versions = new Map<Key, Version[]>()
  /** Events above `compacted`, oldest first. */
  log: FeedEvent[] = []

  /** The version of `key` that was current at `revision`. */
  at(key: Key, revision: number): KeyValue | undefined {
    const found = this.versions.get(key)?.findLast((version) => version.revision <= revision)
    return found?.value && { key, value: found.value, revision: found.revision, createRevision: found.createRevision }
  }

  /** Where `key` is or would be in `keys`. */
  position(key: Key): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.keys[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Applies one transaction; its events are added to `batch`. */
  commit({ guards = [], puts = [], deletes = [] }: TxnRequest, batch: FeedEvent[]): TxnResult {
    for (const guard of guards) {
      const current = this.at(guard.key, this.revision)
      if ((current?.revision ?? 0) !== guard.revision) return lost(guard, current)
    }
    const present = deletes.filter((key) => this.at(key, this.revision))
    if (puts.length + present.length === 0) return { ok: true, revision: this.revision }
    const revision = this.revision + 1
    const events = [
      ...puts.map(({ key, value }) => this.#write(key, value, revision)),
      ...present.map((key) => this.#write(key, undefined, revision)),
    ]
    this.revision = revision
    this.log.push(...events)
    batch.push(...events)
    return { ok: true, revision }
  }

  advance(revision: number): void {
    this.revision = Math.max(this.revision, revision)
  }

  compact(revision: number): void {
    const upTo = Math.min(revision, this.revision - 1)
    if (upTo <= this.compacted) return
    this.compacted = upTo
    for (const [key, versions] of this.versions) {
      // What was current at `upTo + 1` stays readable, a deletion at or before it needs no trace.
      const first = versions.findLastIndex((version) => version.revision <= upTo + 1)
      if (first > 0) versions.splice(0, first)
      if (versions[0]?.value === undefined && (versions[0]?.revision ?? 0) <= upTo) versions.shift()
      if (versions.length > 0) continue
      this.versions.delete(key)
      this.keys.splice(this.position(key), 1)
    }
    this.log = this.log.filter((event) => event.revision > upTo)
  }

  #write(key: Key, value: Uint8Array | undefined, revision: number): FeedEvent {
    const before = this.at(key, this.revision)
    const createRevision = before?.createRevision ?? revision
    let versions = this.versions.get(key)
    if (!versions) {
      versions = []
      this.versions.set(key, versions)
      this.keys.splice(this.position(key), 0, key)
    }
    versions.push({ revision, createRevision, value })
    const previous = before && { value: before.value, revision: before.revision }
    return { type: value ? 'put' : 'delete', key, revision, createRevision, value, previous }
  }
}

function lost(guard: Guard, current: KeyValue | undefined): TxnResult {
  return { ok: false, lost: { key: guard.key, revision: guard.revision }, current }
}
