import type { Backend, RangePage } from '../backend.ts'
import { prefixEnd } from '../keys.ts'
import type { CachedObject } from '../object-cache.ts'
import { isStorageError } from '../storage-error.ts'
import { weightOf, type LoadedCollection } from './collection.ts'
import { SortedChunks } from './sorted-chunks.ts'
import { fromKeyValue, type ParsedMemory } from './stored-object.ts'

const rowsAtOnce = 1000
const attempts = 3 // a compaction may overtake a long load

export interface LoadOptions {
  backend: Backend
  memory: ParsedMemory
  prefix: string
  maxBytes: number
}

/** Reads a whole collection at one revision; undefined when it is larger than allowed. */
export async function loadCollection(options: LoadOptions): Promise<LoadedCollection | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await load(options)
    } catch (error) {
      if (attempt === attempts || !isStorageError(error, 'compacted')) throw error
    }
  }
}

async function load({ backend, memory, prefix, maxBytes }: LoadOptions): Promise<LoadedCollection | undefined> {
  const objects = new SortedChunks<CachedObject>()
  const end = prefixEnd(prefix)
  let itemBytes = 0
  let page: RangePage = await backend.range({ start: prefix, end, limit: rowsAtOnce })
  for (;;) {
    const loaded = page.items.map((item) => fromKeyValue(item, memory))
    for (const { item } of loaded) itemBytes += item.length
    objects.append(loaded)
    if (weightOf(objects.count, itemBytes) > maxBytes) return undefined
    if (!page.more) return { objects, itemBytes, revision: page.revision }
    const { revision } = page
    page = await backend.range({ start: `${page.items.at(-1)!.key}\0`, end, limit: rowsAtOnce, revision })
  }
}
