import type { FeedBatch } from './backend.ts'

/** The listeners of one handle. */
export interface Feed {
  subscribe(listener: (batch: FeedBatch) => void): () => void
  publish(batch: FeedBatch): void
}

export function createFeed(): Feed {
  const listeners = new Set<{ listener: (batch: FeedBatch) => void }>()
  return {
    subscribe(listener) {
      const entry = { listener } // the same function may subscribe twice
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    publish(batch) {
      for (const { listener } of listeners) {
        try {
          listener(batch)
        } catch (error) {
          // A listener that missed a batch is wrong from here on: better no process than a stale cache.
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
  }
}
