import { parseJson } from '../../meta/json.ts'
import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import type { Key } from '../../storage/backend.ts'
import type { CachedObject } from '../../storage/object-cache.ts'

/** A version of an object that the cache does not hold: just written, a dry run's, the overlay's, a converted one. */
export class DetachedObject implements CachedObject {
  readonly key: Key
  readonly revision: number
  readonly createRevision: number
  readonly item: Uint8Array
  #parsed: KubeObject | undefined

  constructor(key: Key, revision: number, createRevision: number, item: Uint8Array, parsed?: KubeObject) {
    this.key = key
    this.revision = revision
    this.createRevision = createRevision
    this.item = item
    this.#parsed = parsed
  }

  get parsed(): KubeObject {
    this.#parsed ??= parseItem(this.item)
    return this.#parsed
  }

  get metadata(): ObjectMeta {
    return this.parsed.metadata
  }
}

export function parseItem(item: Uint8Array): KubeObject {
  return parseJson(item) as unknown as KubeObject
}
