/** Something that takes memory and can be given up. Its links belong to the list that it is in. */
export interface LruEntry {
  /** Changed through `ByteLru.resize` only, while it is in the list. */
  bytes: number
  older: LruEntry | undefined
  newer: LruEntry | undefined
  /** It has been taken out of the list. */
  evict(): void
}

/** Entries by last use, with their bytes under a budget: what was used longest ago goes first. */
export class ByteLru {
  readonly #budgetBytes: number
  #oldest: LruEntry | undefined
  #newest: LruEntry | undefined
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(entry: LruEntry): void {
    this.#bytes += entry.bytes
    this.#append(entry)
    this.#shrink()
  }

  touch(entry: LruEntry): void {
    if (this.#newest === entry) return
    this.#unlink(entry)
    this.#append(entry)
  }

  resize(entry: LruEntry, bytes: number): void {
    this.#bytes += bytes - entry.bytes
    entry.bytes = bytes
    this.#shrink()
  }

  /** Takes an entry out without telling it. */
  remove(entry: LruEntry): void {
    this.#bytes -= entry.bytes
    this.#unlink(entry)
  }

  #shrink(): void {
    while (this.#bytes > this.#budgetBytes && this.#oldest) {
      const entry = this.#oldest
      this.remove(entry)
      entry.evict()
    }
  }

  #append(entry: LruEntry): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest) this.#newest.newer = entry
    else this.#oldest = entry
    this.#newest = entry
  }

  #unlink(entry: LruEntry): void {
    if (entry.older) entry.older.newer = entry.newer
    else this.#oldest = entry.newer
    if (entry.newer) entry.newer.older = entry.older
    else this.#newest = entry.older
    entry.older = undefined
    entry.newer = undefined
  }
}
