import type { TestContext } from 'vitest'
import type { Backend, FeedBatch, FeedEvent, KeyValue } from '../backend.ts'

/** What a driver gives to the contract suite: an empty store, and what only some drivers can do. */
export interface BackendHarness {
  backend: Backend
  /** Opens the same store again after `backend.close()`: for drivers that persist. */
  reopen?: () => Promise<Backend>
  /** Another handle on the same store, whose feed stands still until `releaseFeed` is called: for shared stores. */
  openDelayed?: () => Promise<{ backend: Backend; releaseFeed: (count?: number) => void }>
  /** From now on nothing becomes durable until the returned function is called: for drivers with a disk. */
  holdWrites?: () => () => void
  /** Closes and removes everything. */
  dispose: () => Promise<void>
}

export type OpenHarness = () => Promise<BackendHarness>

/** What each part of the suite works with: fresh for every test. */
export interface ContractContext {
  backend: () => Backend
  /** A power that not every driver has; without it the test is skipped, and says so. */
  need: <P extends 'reopen' | 'openDelayed' | 'holdWrites'>(
    test: TestContext,
    power: P,
  ) => NonNullable<BackendHarness[P]>
}

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
export const text = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()

/** Writes one key and answers the revision; throws when it does not succeed. */
export async function put(backend: Backend, key: string, value: string): Promise<number> {
  return revisionOf(backend, { puts: [{ key, value: bytes(value) }] })
}

export async function remove(backend: Backend, key: string): Promise<number> {
  return revisionOf(backend, { deletes: [key] })
}

async function revisionOf(backend: Backend, request: Parameters<Backend['txn']>[0]): Promise<number> {
  const result = await backend.txn(request)
  if (!result.ok) throw new Error('the transaction lost a guard that it did not have')
  return result.revision
}

/** In a form that compares well: values as text. */
export function plain(item: KeyValue | undefined): object | undefined {
  return item && { ...item, value: text(item.value) }
}

export function plainEvent(event: FeedEvent): object {
  const { type, key, revision, createRevision, value, previous } = event
  const before = previous && { value: text(previous.value), revision: previous.revision }
  return { type, key, revision, createRevision, value: text(value), previous: before }
}

/** Collects what the feed says. */
export function record(backend: Backend): { batches: FeedBatch[]; events: () => object[]; stop: () => void } {
  const batches: FeedBatch[] = []
  const stop = backend.subscribe((batch) => void batches.push(batch))
  return { batches, events: () => batches.flatMap((batch) => batch.events.map(plainEvent)), stop }
}

/** All events after a revision, page by page. */
export async function replay(backend: Backend, after: number, options: { prefix?: string; limit?: number } = {}) {
  const pages: FeedEvent[][] = []
  let position = after
  for (;;) {
    const page = await backend.history({ limit: 3, ...options, after: position })
    if (page.revision < position) throw new Error(`history went back from ${position} to ${page.revision}`)
    if (page.more && page.revision === position) throw new Error(`history stands still at ${position}`)
    position = page.revision
    pages.push(page.events)
    if (!page.more) return { pages, events: pages.flat().map(plainEvent), revision: position }
  }
}

/** All items of a range, page by page, at one revision. */
export async function pages(
  backend: Backend,
  request: { start: string; end: string; limit: number; revision?: number },
) {
  const items: KeyValue[] = []
  let { start, revision } = request
  for (;;) {
    const page = await backend.range({ ...request, start, ...(revision === undefined ? {} : { revision }) })
    if (page.items.length > request.limit) throw new Error('a page is longer than its limit')
    if (page.more && page.items.length === 0) throw new Error('an empty page says that more remains')
    items.push(...page.items)
    revision = page.revision
    if (!page.more) return { items: items.map(plain), revision }
    start = `${page.items.at(-1)!.key}\0`
  }
}
