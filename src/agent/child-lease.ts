import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import type { Client } from '../client/client.ts'
import { isAlreadyExists, isConflict } from '../meta/api-errors.ts'
import { agentNamespace } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import { ignoreMissingObject } from './child-api.ts'
import { syncerLease } from './child-names.ts'

/** The right to act on a child: held by one syncer at a time, whichever mode it runs in. */
export interface ChildLease {
  /** True while the lease is surely ours: it lasts longer for others than for us. */
  readonly held: boolean
  /** Resolves when it is held; false when the signal was aborted before. */
  acquire(signal: AbortSignal): Promise<boolean>
  /** Renews until it is lost or the signal is aborted; then resolves. */
  keep(signal: AbortSignal): Promise<void>
  /** Gives it up, so that the next syncer need not wait. */
  release(): Promise<void>
}

export interface ChildLeaseOptions {
  child: Client
  /** Differs for every syncer. */
  identity: string
  /** Whether this one may hold it now. Default: it may. */
  eligible?(): boolean
  clock: Clock
  logger: Logger
  durationMs?: number
}

const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }
const firstRetryMs = 250 // right after joining, the rights to it may not yet have reached the child's authorizer
const defaultDurationMs = 15_000 // for others; the holder stops acting after two thirds of it

export function createChildLease(options: ChildLeaseOptions): ChildLease {
  const { identity, eligible = () => true, clock, logger, durationMs = defaultDurationMs } = options
  const resource = options.child.resource(leases)
  const name = { namespace: agentNamespace, name: syncerLease }
  const retryMs = durationMs / 5
  let lease: KubeObject | undefined
  let heldUntilMs = 0
  // When another's record was first seen, by our own clock: clocks of other machines are not trusted.
  let seen: { record: string; atMs: number } | undefined

  const specFor = (holder: string, transitions: number) => ({
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1_000),
    renewTime: `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`,
    leaseTransitions: transitions,
  })

  async function tryOnce(): Promise<boolean> {
    const startedMs = clock.now()
    lease = await resource.get(name).catch(ignoreMissingObject)
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
    try {
      if (!lease) lease = await resource.create({ ...body, metadata: name, spec: specFor(identity, 0) })
      else {
        const spec = (lease['spec'] ?? {}) as { holderIdentity?: string; leaseTransitions?: number }
        if (spec.holderIdentity && spec.holderIdentity !== identity && !hasExpired(lease)) return false
        const transitions = (spec.leaseTransitions ?? 0) + (spec.holderIdentity === identity ? 0 : 1)
        lease = await resource.update({ ...body, metadata: lease.metadata, spec: specFor(identity, transitions) })
      }
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false
      throw error
    }
    heldUntilMs = startedMs + (durationMs * 2) / 3
    return true
  }

  function hasExpired({ metadata }: KubeObject): boolean {
    const record = `${metadata.uid}/${metadata.resourceVersion}`
    if (seen?.record !== record) seen = { record, atMs: clock.now() }
    return clock.now() - seen.atMs > durationMs
  }

  async function release(): Promise<void> {
    heldUntilMs = 0
    const spec = lease?.['spec'] as { holderIdentity?: string; leaseTransitions?: number } | undefined
    if (!lease || spec?.holderIdentity !== identity) return
    const given = { ...lease, spec: specFor('', spec.leaseTransitions ?? 0) }
    await resource.update(given).catch((error: unknown) => logger.debug('lease not released', { error: String(error) }))
  }

  return {
    get held() {
      return clock.now() < heldUntilMs
    },
    async acquire(signal) {
      const backoff = createBackoff({ firstMs: Math.min(firstRetryMs, retryMs), maxMs: retryMs })
      let failures = 0
      while (!signal.aborted) {
        let waitMs = retryMs
        try {
          if (eligible() && (await tryOnce())) return true
          failures = 0
        } catch (error) {
          logger.debug('the syncer lease could not be taken', { error: String(error) })
          waitMs = backoff.delayMs(failures++)
        }
        await sleep(waitMs, signal, clock)
      }
      return false
    },
    async keep(signal) {
      for (;;) {
        await sleep(retryMs, signal, clock)
        if (signal.aborted) return
        if (!eligible()) return release()
        try {
          if (!(await tryOnce())) heldUntilMs = 0
        } catch (error) {
          logger.debug('the syncer lease could not be renewed', { error: String(error) })
        }
        if (clock.now() >= heldUntilMs) return
      }
    },
    release,
  }
}
