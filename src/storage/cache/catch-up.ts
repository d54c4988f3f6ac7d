import type { Backend } from '../backend.ts'
import { isStorageError } from '../storage-error.ts'
import { SharedCacheEvent } from './cache-event.ts'
import type { EventSelector, EventWindow } from './event-window.ts'
import { currentOf, type ParsedMemory } from './stored-object.ts'
import type { Watcher } from './watchers.ts'

const eventsAtOnce = 500

export interface CatchUpOptions {
  watcher: Watcher
  selector: EventSelector
  /** Every key that is wanted begins with it. */
  prefix: string
  backend: Backend
  window: EventWindow
  memory: ParsedMemory
  /** The newest revision seen on the feed. */
  revision: () => number
  drained: () => unknown
}

/** True when nothing lies between the watcher and the feed: it is live now. */
export function joinAtOnce({ watcher, selector, window, revision }: CatchUpOptions): boolean {
  if (watcher.position < window.start && watcher.position < revision()) return false
  if (window.read(selector, watcher.position, 1).events.length > 0) return false
  watcher.replay([], revision())
  watcher.goLive()
  return true
}

/**
 * Brings a watcher from an old revision to the feed: through the backend's history to where the window begins, then
 * through the window. The last step, from the window to the feed, has no turn of others in it, so nothing is lost.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { watcher, drained } = options
  try {
    while (!watcher.isOver) {
      const isLive = watcher.position < options.window.start ? await replayHistory(options) : replayWindow(options)
      if (isLive) return
      await drained()
    }
  } catch (error) {
    if (isStorageError(error, 'compacted')) watcher.end('expired', error)
    else watcher.end(isStorageError(error, 'closed') ? 'closed' : 'failed', error)
  }
}

function replayWindow({ watcher, selector, window, revision }: CatchUpOptions): boolean {
  const { events, more } = window.read(selector, watcher.position, eventsAtOnce)
  if (more) {
    watcher.replay(events, events.at(-1)!.revision)
    return false
  }
  const upTo = revision()
  watcher.replay(events, upTo)
  if (!watcher.isOver) watcher.goLive()
  return true
}

async function replayHistory({ watcher, selector, prefix, backend, memory }: CatchUpOptions): Promise<boolean> {
  const page = await backend.history({ after: watcher.position, prefix, limit: eventsAtOnce })
  const events = page.events
    .map((event) => new SharedCacheEvent(event, currentOf(event, memory), undefined, memory))
    .filter((event) => selector.wants(event))
  watcher.replay(events, page.revision)
  return false
}
