import type { Key } from '../backend.ts'
import type { Version } from './layout.ts'

const overheadBytes = 300 // of one version beside its record, about

interface Write {
  readonly key: Key
  readonly version: Version
}

/**
 * The durable versions that the last few megabytes of writes have made: whoever writes a key is likely to write it again,
 * and then need not read what stands there. In order of writing, whatever became of them since: then what is kept is
 * what was allocated last, and no old version keeps the memory around it alive.
 */
export class RecentVersions {
  readonly #budgetBytes: number
  readonly #newest = new Map<Key, Version>()
  #writes: (Write | undefined)[] = []
  #first = 0
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
  }

  get(key: Key): Version | undefined {
    return this.#newest.get(key)
  }

  /** What stands under a key from now on; undefined when it was deleted. */
  set(key: Key, version: Version | undefined): void {
    if (!version) {
      this.#newest.delete(key)
      return
    }
    this.#newest.set(key, version)
    this.#writes.push({ key, version })
    this.#bytes += weightOf(version)
    while (this.#bytes > this.#budgetBytes) this.#forgetFirst()
  }

  #forgetFirst(): void {
    const { key, version } = this.#writes[this.#first]!
    this.#writes[this.#first++] = undefined
    this.#bytes -= weightOf(version)
    if (this.#newest.get(key) === version) this.#newest.delete(key)
    if (this.#first < 1000 || this.#first * 2 < this.#writes.length) return
    this.#writes = this.#writes.slice(this.#first)
    this.#first = 0
  }
}

function weightOf({ record }: Version): number {
  return record.length + overheadBytes
}
