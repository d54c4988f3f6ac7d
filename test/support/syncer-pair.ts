import { systemClock } from '../../src/base/clock.ts'
import { silentLogger, type Logger } from '../../src/base/logger.ts'
import { joinChildCluster, mintAgentToken } from '../../src/agent/join-child-cluster.ts'
import { createSyncer, type Syncer } from '../../src/agent/syncer.ts'
import type { Client } from '../../src/client/client.ts'
import { createClient } from '../../src/client/create-client.ts'
import { createHttpTransport } from '../../src/client/node/http-transport.ts'
import type { Transport } from '../../src/client/transport.ts'
import { isConflict } from '../../src/meta/api-errors.ts'
import type { AgentReport, Delivery } from '../../src/meta/fleet/delivery.ts'
import { fleetApiVersion } from '../../src/meta/fleet/fleet-names.ts'
import type { JsonObject, KubeObject } from '../../src/meta/object.ts'
import { deliveryName, mappedNamespace } from '../../src/reconcilers/placement/slot-names.ts'
import { agentReportCrd, deliveryCrd } from '../../src/registry/fleet/fleet-crds.ts'
import type { ControlPlane } from './control-plane.ts'
import { eventually } from './eventually.ts'

/** A child cluster and a kube-apiserver that plays the hub for it: one syncer's world. */
export interface SyncerPair {
  readonly hubId: string
  readonly childClusterUid: string
  readonly hub: Client
  /** The child as its administrator. */
  readonly child: Client
  readonly deliveries: ReturnType<typeof deliveriesOf>
  readonly reports: ReturnType<typeof reportsOf>
  /** Another syncer for the same child; each is ended with the pair. */
  newSyncer(options?: { hub?: Client; childTransport?: Transport; logger?: Logger }): Syncer
  /** Writes a slot for an object of the workspace `tenant1`, as placement does. */
  place(manifest: KubeObject, change?: Partial<Delivery['spec']>): Promise<Delivery>
  change(name: string, spec: Partial<Delivery['spec']>): Promise<Delivery>
  statusOf(name: string): Promise<NonNullable<Delivery['status']>>
  /** Waits for a reason of the condition Applied. */
  until(name: string, reason: string): Promise<NonNullable<Delivery['status']>>
  close(): Promise<void>
}

export const tenant = 'a1b2c3d4e5f6g7h8'
const pluralOf: Record<string, string> = { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' }
const fleetResource = (resource: string) => ({ group: 'fleet.atoll.dev', version: 'v1alpha1', resource })
const deliveriesOf = (hub: Client) => hub.resource<Delivery>(fleetResource('deliveries'))
const reportsOf = (hub: Client) => hub.resource<AgentReport>(fleetResource('agentreports'))

export function adminTransport(plane: ControlPlane, token = plane.adminToken): { transport: Transport; close(): void } {
  const caPem = Buffer.from(plane.caData, 'base64').toString()
  return createHttpTransport({ serverUrl: plane.serverUrl, caPem, token })
}

/** The CRDs of the slots, in a kube-apiserver that has none yet. */
export async function installFleetKinds(hub: Client): Promise<void> {
  const crds = hub.resource({ group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' })
  for (const crd of [deliveryCrd, agentReportCrd]) await crds.create(crd as unknown as KubeObject)
  await eventually(
    async () => {
      await deliveriesOf(hub).list()
      await reportsOf(hub).list()
      return true
    },
    { what: 'the fleet kinds are served' },
  )
}

export function slotFor(hubId: string, manifest: KubeObject, change: Partial<Delivery['spec']> = {}): Delivery {
  const [group] = manifest.apiVersion?.includes('/') ? manifest.apiVersion.split('/') : ['', 'v1']
  const kind = manifest.kind ?? ''
  const source = {
    logicalCluster: tenant,
    group: group ?? '',
    resource: pluralOf[kind] ?? `${kind.toLowerCase()}s`,
    kind,
    namespace: manifest.metadata.namespace ?? '',
    name: manifest.metadata.name ?? '',
    ...change.source,
  }
  const { namespace } = source
  return {
    apiVersion: fleetApiVersion,
    kind: 'Delivery',
    metadata: { name: deliveryName(source) },
    spec: {
      desired: 'Present',
      sourceUid: 'source-1',
      sourceGeneration: 1,
      epoch: 1,
      incarnation: 1,
      manifest: manifest as unknown as JsonObject,
      applyAs: 'workspace',
      targetNamespace: namespace === '' ? '' : mappedNamespace(hubId, source.logicalCluster, namespace),
      conflictPolicy: 'Refuse',
      driftPolicy: 'Enforce',
      ...change,
      source,
    },
  }
}

/** Joins the child and tells the hub of it; no syncer runs yet. */
export async function startSyncerPair(
  hubPlane: ControlPlane,
  childPlane: ControlPlane,
  id = 'one',
): Promise<SyncerPair> {
  const hubId = `hub-${id}`
  const childClusterUid = `child-${id}`
  const hubHttp = adminTransport(hubPlane)
  const childHttp = adminTransport(childPlane)
  const hub = createClient({ transport: hubHttp.transport, userAgent: 'hub-admin' })
  const child = createClient({ transport: childHttp.transport, userAgent: 'child-admin' })
  await installFleetKinds(hub)
  await joinChildCluster({
    childTransport: childHttp.transport,
    hubId,
    childClusterUid,
    name: id,
    publishedGroups: ['example.com'],
  })
  const { token } = await mintAgentToken(childHttp.transport)
  const agentHttp = adminTransport(childPlane, token)
  const reports = reportsOf(hub)
  const deliveries = deliveriesOf(hub)
  await reports.create({
    apiVersion: fleetApiVersion,
    kind: 'AgentReport',
    metadata: { name: 'report' },
    spec: { hubId, incarnation: 1 },
  })
  const syncers: Syncer[] = []
  const statusOf = async (name: string) => (await deliveries.get({ name })).status ?? {}
  return {
    hubId,
    childClusterUid,
    hub,
    child,
    deliveries,
    reports,
    newSyncer(options = {}) {
      const syncer = createSyncer({
        hub: options.hub ?? createClient({ transport: hubHttp.transport }),
        child: { transport: options.childTransport ?? agentHttp.transport },
        childClusterUid,
        hubId,
        agentVersion: 'test',
        logger: options.logger ?? silentLogger,
        clock: systemClock,
        heartbeatMs: 1_000,
        leaseDurationMs: 3_000,
      })
      syncers.push(syncer)
      return syncer
    },
    place: (manifest, change) => deliveries.create(slotFor(hubId, manifest, change)),
    async change(name, spec) {
      for (;;) {
        const current = await deliveries.get({ name })
        const { manifest, ...rest } = current.spec
        const kept = spec.desired === 'Absent' || manifest === undefined ? {} : { manifest }
        const next = { ...current, spec: { ...rest, ...kept, epoch: rest.epoch + 1, ...spec } }
        try {
          return await deliveries.update(next)
        } catch (error) {
          if (!isConflict(error)) throw error // the syncer has written a status meanwhile
        }
      }
    },
    statusOf,
    until: (name, reason) =>
      eventually(
        async () => {
          const status = await statusOf(name)
          const applied = status.conditions?.find(({ type }) => type === 'Applied')
          if (applied?.reason === reason) return status
          throw new Error(`Applied is ${applied?.reason ?? 'unknown'}: ${applied?.message ?? ''}`)
        },
        { what: `${name} is ${reason}`, timeoutMs: 20_000, intervalMs: 20 },
      ),
    async close() {
      for (const syncer of syncers) await syncer.stop()
      for (const http of [hubHttp, childHttp, agentHttp]) http.close()
    },
  }
}
