import { LRUCache } from 'lru-cache'
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { Backend, KeyValue } from '../../storage/backend.ts'
import { formatTime } from '../../meta/time.ts'
import { lifecycleKey } from '../../storage/keys.ts'

/** What the lifecycle key of a logical cluster says. Every write into the logical cluster guards this revision. */
export interface Lifecycle {
  readonly revision: number
  /** Revision that opened the logical cluster: the resourceVersion of what it has without being stored. */
  readonly createRevision: number
  /** `Terminating`: nothing new is created, what is there can still be changed and deleted. */
  readonly state: 'Active' | 'Terminating'
  /** RFC 3339, seconds. */
  readonly createdAt: string
}

/** Lifecycle keys by logical cluster, remembered; a write that loses its guard forgets and reads again. */
export interface Lifecycles {
  /** Undefined when there is no such logical cluster. */
  read(logicalCluster: string): MaybePromise<Lifecycle | undefined>
  forget(logicalCluster: string): void
  close(): void
}

const rememberedLifecycles = 20_000 // ~200 bytes each

export function createLifecycles(backend: Backend): Lifecycles {
  const known = new LRUCache<string, Lifecycle>({ max: rememberedLifecycles })
  const unsubscribe = backend.subscribe(({ events }) => {
    for (const { key } of events)
      if (key.charCodeAt(0) === 0x6c && key.charCodeAt(1) === 0x2f) known.delete(key.slice(2))
  })
  const remember = (logicalCluster: string, found: KeyValue | undefined): Lifecycle | undefined => {
    if (!found) return undefined
    const lifecycle = parseLifecycle(found)
    known.set(logicalCluster, lifecycle)
    return lifecycle
  }
  return {
    read(logicalCluster) {
      const remembered = known.get(logicalCluster)
      if (remembered) return remembered
      const found = backend.get(lifecycleKey(logicalCluster))
      if (isPromise(found)) return found.then((value) => remember(logicalCluster, value))
      return remember(logicalCluster, found)
    },
    forget: (logicalCluster) => void known.delete(logicalCluster),
    close: unsubscribe,
  }
}

export function encodeLifecycle({ state, createdAt }: Pick<Lifecycle, 'state' | 'createdAt'>): Uint8Array {
  return Buffer.from(JSON.stringify({ state, createdAt }))
}

function parseLifecycle({ value, revision, createRevision }: KeyValue): Lifecycle {
  const { state, createdAt } = JSON.parse(Buffer.from(value).toString()) as Pick<Lifecycle, 'state' | 'createdAt'>
  return { revision, createRevision, state, createdAt }
}

/** Opens a logical cluster, if it is not open already: `root` at first start. */
export async function openLogicalCluster(backend: Backend, logicalCluster: string, nowMs: number): Promise<void> {
  const key = lifecycleKey(logicalCluster)
  const value = encodeLifecycle({ state: 'Active', createdAt: formatTime(nowMs) })
  await backend.txn({ guards: [{ key, revision: 0 }], puts: [{ key, value }] })
}

/**
 * Stops creates in a logical cluster. Whatever was created before the returned promise resolved is visible, so that who
 * deletes the contents afterwards sees all of it. `standing`: somebody did it before, and may have deleted since.
 */
export async function fenceLogicalCluster(
  backend: Backend,
  logicalCluster: string,
): Promise<'fenced' | 'standing' | 'absent'> {
  const key = lifecycleKey(logicalCluster)
  for (;;) {
    const found = await backend.get(key)
    if (!found) return 'absent'
    const { state, createdAt } = parseLifecycle(found)
    if (state === 'Terminating') return 'standing'
    const puts = [{ key, value: encodeLifecycle({ state: 'Terminating', createdAt }) }]
    const result = await backend.txn({ guards: [{ key, revision: found.revision }], puts })
    if (result.ok) return 'fenced'
  }
}
