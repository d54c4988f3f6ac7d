import type { Key } from '../backend.ts'
import type { Version } from './layout.ts'

const overheadBytes = 300 // of one version beside its record, about

interface Write {
  readonly key: Key
  /** Undefined when the key was deleted. */
  readonly version: Version | undefined
  readonly revision: number
}

/**
 * The durable versions that the last few megabytes of writes have made: whoever writes a key is likely to write it again,
 * and then need not read what stands there. In order of writing, whatever became of them since: then what is kept is
 * what was allocated last, and no old version keeps the memory around it alive.
 *
 * Deletions are kept as well: so a key of which nothing is known here stands as it stood when all this began.
 */
export class RecentVersions {
  readonly #budgetBytes: number
  readonly #newest = new Map<Key, Write>()
  #writes: (Write | undefined)[] = []
  #first = 0
  #bytes = 0
  /** Every write after this revision is here. */
  #start: number

  constructor(budgetBytes: number, revision: number) {
    this.#budgetBytes = budgetBytes
    this.#start = revision
  }

  get(key: Key): Version | undefined {
    return this.#newest.get(key)?.version
  }

  /** False also when that is no longer known. */
  isUnwrittenSince(revision: number, key: Key): boolean {
    return revision >= this.#start && (this.#newest.get(key)?.revision ?? 0) <= revision
  }

  /** What stands under a key from this revision on; undefined when it was deleted. */
  set(key: Key, version: Version | undefined, revision: number): void {
    const write = { key, version, revision }
    this.#newest.set(key, write)
    this.#writes.push(write)
    this.#bytes += weightOf(version)
    while (this.#bytes > this.#budgetBytes) this.#forgetFirst()
  }

  #forgetFirst(): void {
    const write = this.#writes[this.#first]!
    this.#writes[this.#first++] = undefined
    this.#bytes -= weightOf(write.version)
    this.#start = write.revision
    if (this.#newest.get(write.key) === write) this.#newest.delete(write.key)
    if (this.#first < 1000 || this.#first * 2 < this.#writes.length) return
    this.#writes = this.#writes.slice(this.#first)
    this.#first = 0
  }
}

function weightOf(version: Version | undefined): number {
  return (version?.record.length ?? 0) + overheadBytes
}
