import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { Client } from '../client/client.ts'
import { createClient } from '../client/create-client.ts'
import type { Transport } from '../client/transport.ts'
import { createController, type Source } from '../controller/controller.ts'
import { createInformer, type Informer } from '../informer/informer.ts'
import type { AgentReport, Delivery } from '../meta/fleet/delivery.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import { createChildApi } from './child-api.ts'
import { createChildLease } from './child-lease.ts'
import { createChildWatches } from './child-watches.ts'
import { isInPlace } from './deliver-slot.ts'
import { createEmptyNamespaces } from './empty-namespaces.ts'
import { createHeartbeat, reportName, reportsResource } from './heartbeat.ts'
import { createHubGate } from './hub-gate.ts'
import { textAt } from './json-access.ts'
import { leaveChild } from './leave-child.ts'
import { createServedVersions } from './served-versions.ts'
import { childObjectKey, slotIndexes, workloadKey } from './slot-parts.ts'
import { createSlotReconciler, deliveriesResource } from './slot-reconciler.ts'
import type { SlotRecord } from './slot-record.ts'
import { createTargetSpaces, namespaces } from './target-spaces.ts'

export interface SyncerOptions {
  /** A client of the child's own logical cluster in the hub. */
  hub: Client
  /** Speaks to the child as the agent's ServiceAccount. */
  child: { transport: Transport }
  childClusterUid: string
  hubId: string
  agentVersion: string
  /** Whether it may be the one of several that acts. Default: it may. */
  eligible?(): boolean
  logger: Logger
  clock: Clock
  /** Until when the connection's credentials are good, in milliseconds since 1970; absent: for ever, or unknown. */
  credentialsExpireMs?(): number
  /** Default 10 s. */
  heartbeatMs?: number
  /** Of the lease in the child; default 15 s. */
  leaseDurationMs?: number
}

/**
 * Keeps one child cluster as its slots in the hub say, and tells the hub how it is. The same for both modes: beside the
 * child in an agent, or in the hub. Of several for one child, one acts.
 */
export interface Syncer {
  start(): void
  /** Stops acting at once, gives the lease back and resolves when nothing is under way. */
  stop(): Promise<void>
  /** Whether it holds the lease and obeys the hub. */
  readonly acting: boolean
  /** Resolves when the child has left its hub and the hub knows: there is nothing more to do here. */
  readonly left: Promise<void>
}

const claimRetryMs = 10_000
const leaveRetryMs = 1_000
const leaveOverdueAfterMs = 60_000
const unusedNamespacesMs = 10 * 60_000 // between two looks for namespaces that emptied late, or while no syncer was there
const workers = 16

export function createSyncer(options: SyncerOptions): Syncer {
  const { hub, clock, hubId, childClusterUid } = options
  const logger = options.logger.with({ childClusterUid })
  const abort = new AbortController()
  const { signal } = abort
  setMaxListeners(0, signal) // one for each followed type and each pause
  const self = createClient({ transport: options.child.transport, userAgent: 'atoll-syncer' })
  const leaseOptions = options.leaseDurationMs === undefined ? {} : { durationMs: options.leaseDurationMs }
  // One that has not heard of the hub, or that the hub does not listen to, would only keep the lease from another.
  const eligible = () => gate.heard && (options.eligible?.() ?? true)
  const lease = createChildLease({ child: self, identity: randomUUID(), eligible, clock, logger, ...leaseOptions })
  const records = new Map<string, SlotRecord>()
  let leaving: 'keep' | 'delete' | undefined
  let left = false
  let tellLeft: () => void = () => {}
  const leftAndTold = new Promise<void>((resolve) => (tellLeft = resolve))
  // Ends with the syncer, or before it when there is nothing left to act on.
  const active = new AbortController()
  signal.addEventListener('abort', () => active.abort(), { once: true })
  let underway: Promise<unknown>[] = []

  const gate = createHubGate({
    child: self,
    hubId,
    childClusterUid,
    logger,
    clock,
    onChange() {
      // After a fork the same generation of a slot may say something else than in the history that was lost.
      if (gate.open) records.clear()
      heartbeat.beat()
      persist()
      enqueueAll()
    },
  })
  const mayAct = () => !signal.aborted && !left && lease.held && gate.open
  const child = createChildApi(options.child.transport, mayAct)
  const deliveries = createInformer<Delivery>({
    client: gate.guard(hub.resource<Delivery>(deliveriesResource)),
    logger,
    indexers: slotIndexers,
  })
  const reports = createInformer<AgentReport>({
    client: gate.guard(hub.resource<AgentReport>(reportsResource)),
    logger,
  })
  const watches = createChildWatches({
    client: self,
    logger,
    signal,
    isOfSlot: (gvr, namespace, name) => slotsOf(gvr, namespace, name).length > 0,
    onChange(gvr, namespace, name, gone) {
      // A namespace matters to its slots when it has gone: while it stands, they have their own events.
      if (isNamespace(gvr) && watches.follow(namespaces).get('', name)) return
      for (const slot of slotsOf(gvr, namespace, name)) {
        const record = gone && records.get(slot.metadata.name ?? '')
        if (record) record.lastSeen = gone
        enqueue(slot)
      }
    },
  })
  const spaces = createTargetSpaces({ child, hubId, watch: watches.follow(namespaces) })
  const emptyNamespaces = createEmptyNamespaces({ child, spaces, hubId, logger })
  const servedVersion = createServedVersions(self)
  const parts = { child, watches, spaces, servedVersion, deliveries, clock, logger, records, emptyNamespaces }
  const heartbeat = createHeartbeat({
    hub,
    child: self,
    agentVersion: options.agentVersion,
    intervalMs: options.heartbeatMs ?? 10_000,
    clock,
    logger,
    state: () => ({ forked: gate.forked, left, credentialsExpireMs: options.credentialsExpireMs?.() }),
    onLeftTold: () => tellLeft(),
  })
  const reconcile = createSlotReconciler({
    ...parts,
    hub,
    isUsed,
    // Decisions of an incarnation that nobody has confirmed wait for its confirmation.
    mayAct: ({ spec }) => mayAct() && leaving === undefined && spec.incarnation <= gate.incarnation,
  })
  const slotWork = new Set<Promise<unknown>>()
  const controller = createController({
    name: 'syncer',
    clock,
    logger,
    workers,
    maxBackoffMs: 5_000, // a child that is back is served at once
    sources: [deliverySource(deliveries)],
    async reconcile(request, reconcileSignal) {
      const work = reconcile(request, reconcileSignal)
      slotWork.add(work)
      try {
        return await work
      } finally {
        slotWork.delete(work)
      }
    },
  })

  /** Slots that an object of the child is about. */
  function slotsOf(gvr: GroupVersionResource, namespace: string, name: string): readonly Delivery[] {
    return isNamespace(gvr)
      ? deliveries.byIndex(slotIndexes.targetNamespace, name)
      : deliveries.byIndex(slotIndexes.childObject, childObjectKey(gvr.group, gvr.resource, namespace, name))
  }
  function isUsed(namespace: string): boolean {
    return deliveries.byIndex(slotIndexes.targetNamespace, namespace).some(({ metadata, spec, status }) => {
      const record = records.get(metadata.name ?? '')
      const removed = record ? record.removed : status?.removed
      return spec.desired === 'Present' || !removed
    })
  }
  function enqueue(delivery: Delivery): void {
    controller.enqueue(requestOf(delivery))
  }
  function enqueueAll(): void {
    if (mayAct()) for (const delivery of deliveries.list()) enqueue(delivery)
  }
  function persist(): void {
    // On leaving the memory goes, and must not come back.
    if (!lease.held || leaving !== undefined) return
    gate
      .persist()
      .catch((error: unknown) => logger.debug('the memory of the hub was not written', { error: String(error) }))
  }

  async function act(): Promise<void> {
    while (!active.signal.aborted && (await lease.acquire(active.signal))) {
      // Whoever held the lease in between may have applied other things.
      records.clear()
      const lost = new AbortController()
      const kept = lease.keep(active.signal).finally(() => lost.abort())
      while (!lost.signal.aborted && !(await loadGate())) await sleep(claimRetryMs, lost.signal, clock)
      enqueueAll()
      void removeUnusedNamespaces(lost.signal)
      await kept
      if (!active.signal.aborted) logger.warn('the syncer lease was lost')
    }
    // Before the lease is given back: after it, the memory is another syncer's.
    if (lease.held && leaving === undefined) await gate.persist().catch(() => {})
    await lease.release()
  }
  async function removeUnusedNamespaces(signal: AbortSignal): Promise<void> {
    await deliveries.synced
    while (!signal.aborted) {
      try {
        if (mayAct() && leaving === undefined) await emptyNamespaces.removeUnused(isUsed)
      } catch (error) {
        logger.debug('unused namespaces stay for now', { error: String(error) })
      }
      await sleep(unusedNamespacesMs, signal, clock)
    }
  }
  async function loadGate(): Promise<boolean> {
    try {
      return await gate.load()
    } catch (error) {
      logger.debug('the claim could not be read', { error: String(error) })
      return false
    }
  }
  async function leave(): Promise<void> {
    const startedMs = clock.now()
    while (leaving !== undefined && !left && !signal.aborted) {
      try {
        if (!deliveries.hasSynced) {
          await sleep(leaveRetryMs, signal, clock)
          continue
        }
        // What is under way would put back what is let go of here.
        await Promise.allSettled(slotWork)
        if (
          mayAct() &&
          (await leaveChild({ ...parts, hubId, isOverdue: clock.now() - startedMs > leaveOverdueAfterMs }, leaving))
        ) {
          left = true
          logger.info('the child cluster has left its hub', { workloads: leaving })
          heartbeat.beat()
          active.abort()
          return
        }
      } catch (error) {
        logger.warn('leaving is not finished', { error })
      }
      await sleep(leaveRetryMs, signal, clock)
    }
  }
  async function remember(): Promise<void> {
    while (!signal.aborted) {
      await sleep(options.heartbeatMs ?? 10_000, signal, clock)
      persist()
    }
  }

  return {
    get acting() {
      return mayAct()
    },
    left: leftAndTold,
    start() {
      reports.onEvent(({ type, object }) => {
        if (type === 'deleted' || object.metadata.name !== reportName) return
        gate.observeReport(object)
        if (leaving !== undefined || !object.spec?.leaving) return
        leaving = object.spec.leaving.workloads
        underway.push(leave())
      })
      reports.start(signal)
      deliveries.start(signal)
      underway = [act(), heartbeat.run(signal), remember(), controller.start()]
    },
    async stop() {
      abort.abort()
      await controller.stop()
      await Promise.all(underway)
    },
  }
}

function isNamespace({ group, resource }: GroupVersionResource): boolean {
  return group === '' && resource === 'namespaces'
}

const slotIndexers: Readonly<Record<string, (delivery: Delivery) => readonly string[]>> = {
  [slotIndexes.childObject]: ({ spec }) => [
    childObjectKey(spec.source.group, spec.source.resource, spec.targetNamespace, spec.source.name),
  ],
  [slotIndexes.workload]: ({ spec }) => [workloadKey(spec.source, spec.source.kind, spec.source.name)],
  [slotIndexes.autoscaled]: scaleTargetOf,
  [slotIndexes.after]: ({ spec }) => spec.after ?? [],
  [slotIndexes.type]: ({ spec }) => [`${spec.source.resource}.${spec.source.group}`],
  [slotIndexes.targetNamespace]: ({ spec }) => (spec.targetNamespace === '' ? [] : [spec.targetNamespace]),
}

function scaleTargetOf({ spec }: Delivery): string[] {
  const { source, manifest, desired } = spec
  if (source.group !== 'autoscaling' || source.resource !== 'horizontalpodautoscalers' || desired !== 'Present')
    return []
  const kind = textAt(manifest, 'spec', 'scaleTargetRef', 'kind')
  const name = textAt(manifest, 'spec', 'scaleTargetRef', 'name')
  return kind === undefined || name === undefined ? [] : [workloadKey(source, kind, name)]
}

function requestOf({ spec, metadata }: Delivery) {
  return { logicalCluster: spec.source.logicalCluster, namespace: '', name: metadata.name ?? '' }
}

/** A slot when the hub has decided something about it; its dependents when it has come into place. */
function deliverySource(deliveries: Informer<Delivery>): Source {
  return {
    async start(sink) {
      const enqueueAll = (slots: readonly Delivery[]) => {
        for (const slot of slots) sink.enqueue(requestOf(slot))
      }
      deliveries.onEvent((event) => {
        const { object } = event
        const previous = event.type === 'updated' ? event.previous : undefined
        if (!previous || event.type === 'deleted' || !saysTheSame(previous, object)) {
          sink.enqueue(requestOf(object))
          const scaled = new Set([...scaleTargetOf(object), ...(previous ? scaleTargetOf(previous) : [])])
          for (const key of scaled) enqueueAll(deliveries.byIndex(slotIndexes.workload, key))
        }
        if (!isInPlace(object) || isInPlace(previous)) return
        enqueueAll(deliveries.byIndex(slotIndexes.after, object.metadata.name ?? ''))
        const { kind, name } = object.spec.source
        if (kind === 'CustomResourceDefinition') enqueueAll(deliveries.byIndex(slotIndexes.type, name))
      })
    },
  }
}

/** The status is our own writing. */
function saysTheSame(a: Delivery, b: Delivery): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    a.metadata.generation === b.metadata.generation &&
    a.spec.epoch === b.spec.epoch
  )
}
