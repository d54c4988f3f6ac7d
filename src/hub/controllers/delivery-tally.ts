import type { Delivery } from '../../meta/fleet/delivery.ts'
import { childLogicalCluster, fleetGroup } from '../../meta/fleet/fleet-names.ts'
import type { SlotCounts } from '../../reconcilers/placement-decisions/placement-status.ts'
import type { Backend, FeedEvent, Key } from '../../storage/backend.ts'
import { decodeStoredValue } from '../../storage/stored-value.ts'

/**
 * How many slots there are and how they do, for each child cluster and each Placement. Counted once at the start and kept
 * current by what changes: nobody lists a child's slots to know its number of them.
 */
export interface DeliveryTally {
  /** Resolves when everything has been counted; until then the numbers are too small. */
  readonly ready: Promise<void>
  ofChild(childClusterUid: string): SlotCounts
  /** By uid of the child cluster. */
  ofPlacement(logicalCluster: string, placement: string): ReadonlyMap<string, SlotCounts>
  /** Slots that bring CRDs of a provider, by its logical cluster. */
  crdSlots(provider: string): readonly { childClusterUid: string; name: string }[]
  /** Called with each Placement whose counts have changed. */
  onChange(listener: (placement: { logicalCluster: string; name: string }) => void): void
  stop(): void
}

const childPrefix = `o/${childLogicalCluster('')}` // of every key in every child's logical cluster
const slotPart = `/${fleetGroup}/deliveries/`
const pageSize = 500
const none: SlotCounts = { total: 0, applied: 0, failed: 0, removing: 0 }

export function createDeliveryTally(backend: Backend): DeliveryTally {
  const byChild = new Map<string, SlotCounts>()
  const crdsOf = new Map<string, Map<string, { childClusterUid: string; name: string }>>()
  const byPlacement = new Map<string, Map<string, SlotCounts>>()
  const listeners: ((placement: { logicalCluster: string; name: string }) => void)[] = []
  let counted: number | undefined
  let waiting: FeedEvent[] = []
  let unsubscribe = (): void => {}

  function count(key: Key, value: Uint8Array | undefined, sign: 1 | -1): void {
    const delivery = value && parseDelivery(value)
    if (!delivery) return
    const uid = uidOf(key)
    const { source, placement: name } = delivery.spec
    add(byChild, uid, delivery, sign)
    if (delivery.spec.applyAs === 'system') noteCrd(source.logicalCluster, uid, delivery.metadata.name ?? '', sign)
    if (name === undefined) return
    const { logicalCluster } = source
    const id = placementKey(logicalCluster, name)
    let counts = byPlacement.get(id)
    if (!counts) byPlacement.set(id, (counts = new Map()))
    add(counts, uid, delivery, sign)
    if (counts.size === 0) byPlacement.delete(id)
    if (counted !== undefined) for (const listener of listeners) listener({ logicalCluster, name })
  }

  function noteCrd(provider: string, childClusterUid: string, name: string, sign: 1 | -1): void {
    const slots = crdsOf.get(provider) ?? new Map<string, { childClusterUid: string; name: string }>()
    if (sign === 1) slots.set(`${childClusterUid}/${name}`, { childClusterUid, name })
    else slots.delete(`${childClusterUid}/${name}`)
    if (slots.size === 0) crdsOf.delete(provider)
    else crdsOf.set(provider, slots)
  }

  function follow(event: FeedEvent): void {
    count(event.key, event.previous?.value, -1)
    count(event.key, event.value, 1)
  }

  async function start(): Promise<void> {
    unsubscribe = backend.subscribe(({ events }) => {
      for (const event of events) {
        if (!isSlot(event.key)) continue
        if (counted === undefined) waiting.push(event)
        else if (event.revision > counted) follow(event)
      }
    })
    const revision = await backend.confirmedRevision()
    let start: Key = childPrefix
    // ':' is the last character of the prefix, ';' the one after it.
    const end = `${childPrefix.slice(0, -1)};`
    for (;;) {
      const page = await backend.range({ start, end, limit: pageSize, revision })
      for (const { key, value } of page.items) if (isSlot(key)) count(key, value, 1)
      const last = page.items.at(-1)
      if (!page.more || !last) break
      start = `${last.key}\u0000`
    }
    counted = revision
    for (const event of waiting) if (event.revision > revision) follow(event)
    waiting = []
  }

  const ready = start()
  ready.catch(() => {}) // whoever needs the numbers hears of it
  return {
    ready,
    ofChild: (uid) => byChild.get(uid) ?? none,
    ofPlacement: (logicalCluster, name) => byPlacement.get(placementKey(logicalCluster, name)) ?? new Map(),
    crdSlots: (provider) => [...(crdsOf.get(provider)?.values() ?? [])],
    onChange: (listener) => void listeners.push(listener),
    stop: () => unsubscribe(),
  }
}

function add(counts: Map<string, SlotCounts>, id: string, delivery: Delivery, sign: 1 | -1): void {
  const before = counts.get(id) ?? none
  const next = { ...before }
  for (const field of fieldsOf(delivery)) next[field] += sign
  if (next.total === 0 && next.removing === 0) counts.delete(id)
  else counts.set(id, next)
}

function fieldsOf({ spec, status }: Delivery): (keyof SlotCounts)[] {
  const applied = status?.conditions?.find(({ type }) => type === 'Applied')
  const isCurrent = applied !== undefined && status?.observedEpoch === spec.epoch
  const failed = isCurrent && applied.status !== 'True' && !noFailures.has(applied.reason)
  if (spec.desired === 'Absent') return failed ? ['removing', 'failed'] : ['removing']
  if (isCurrent && applied.status === 'True') return ['total', 'applied']
  return failed ? ['total', 'failed'] : ['total']
}

/** Reasons of `Applied=False` that are on the way, or what was asked for. */
const noFailures = new Set(['Pending', 'WaitingForDependency', 'Removed', 'Released'])

function placementKey(logicalCluster: string, name: string): string {
  return `${logicalCluster}/${name}`
}

function isSlot(key: Key): boolean {
  return key.startsWith(childPrefix) && key.includes(slotPart)
}

function uidOf(key: Key): string {
  return key.slice(childPrefix.length, key.indexOf('/', childPrefix.length))
}

function parseDelivery(value: Uint8Array): Delivery | undefined {
  try {
    return JSON.parse(Buffer.from(decodeStoredValue(value)).toString()) as Delivery
  } catch {
    return undefined
  }
}
