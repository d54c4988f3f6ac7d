import type { Key } from '../backend.ts'

interface Keyed {
  readonly key: Key
}

const largestChunk = 512
const chunkAfterSplit = largestChunk / 2

/**
 * Objects in order of their keys, in chunks. A chunk is replaced, never changed, so a snapshot is a copy of the short
 * outer array, and a write costs one chunk, also among 100,000 objects.
 */
export class SortedChunks<T extends Keyed> {
  #chunks: (readonly T[])[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Objects that are sorted and behind all that are here. */
  append(objects: readonly T[]): void {
    for (let i = 0; i < objects.length; i += chunkAfterSplit) this.#chunks.push(objects.slice(i, i + chunkAfterSplit))
    this.#count += objects.length
  }

  get(key: Key): T | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)]
    const found = chunk?.[lowerBound(chunk, key)]
    return found?.key === key ? found : undefined
  }

  /** Answers what stood there before. */
  set(object: T): T | undefined {
    const index = this.#chunkOf(object.key)
    const chunk = this.#chunks[index] ?? []
    const position = lowerBound(chunk, object.key)
    const before = chunk[position]?.key === object.key ? chunk[position] : undefined
    const changed = before ? chunk.with(position, object) : chunk.toSpliced(position, 0, object)
    if (!before) this.#count++
    if (changed.length <= largestChunk) this.#chunks[index] = changed
    else this.#chunks.splice(index, 1, changed.slice(0, chunkAfterSplit), changed.slice(chunkAfterSplit))
    return before
  }

  delete(key: Key): T | undefined {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index] ?? []
    const position = lowerBound(chunk, key)
    const before = chunk[position]
    if (before?.key !== key) return undefined
    this.#count--
    if (chunk.length === 1) this.#chunks.splice(index, 1)
    else this.#chunks[index] = chunk.toSpliced(position, 1)
    return before
  }

  /** Everything as it is now. */
  snapshot(): readonly (readonly T[])[] {
    return this.#chunks.slice()
  }

  /** The objects with keys in [start, end); chunks that lie within are given as they are. */
  between(start: Key, end: Key): readonly (readonly T[])[] {
    const found: (readonly T[])[] = []
    for (let index = this.#chunkOf(start); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      if (chunk[0]!.key >= end) break
      const from = lowerBound(chunk, start)
      const to = chunk.at(-1)!.key < end ? chunk.length : lowerBound(chunk, end)
      if (from < to) found.push(from === 0 && to === chunk.length ? chunk : chunk.slice(from, to))
    }
    return found
  }

  /** The chunk that holds the key or would: the last one that begins at or before it. */
  #chunkOf(key: Key): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]![0]!.key <= key) low = middle + 1
      else high = middle
    }
    return Math.max(low - 1, 0)
  }
}

function lowerBound(chunk: readonly Keyed[], key: Key): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (chunk[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}
