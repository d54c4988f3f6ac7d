import { mintAgentToken } from '../agent/join-child-cluster.ts'
import { refusedAddress, refusedIp } from '../agent/child-address.ts'
import { reportTrouble } from '../agent/heartbeat.ts'
import { createSyncer, type Syncer } from '../agent/syncer.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { createHttpTransport } from '../client/node/http-transport.ts'
import { createController, type Controller } from '../controller/controller.ts'
import { informerSource } from '../controller/informer-source.ts'
import { ignoreNotFound } from '../meta/api-errors.ts'
import type { ChildCluster } from '../meta/fleet/child-cluster.ts'
import { agentNamespace, childLogicalCluster } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import type { FleetInformers } from './controllers/fleet-informers.ts'

export interface ChildConnectionsOptions {
  clientOf(logicalCluster: string): Client
  informers: FleetInformers
  hub(): { id: string; incarnation: number }
  /** The hub may dial loopback and link-local addresses. */
  allowLocalDial: boolean
  agentVersion: string
  clock: Clock
  logger: Logger
}

interface Connection {
  /** What it was made from: something else there means dialling anew. */
  key: string
  syncer: Syncer
  close(): void
}

const secrets = { group: '', version: 'v1', resource: 'secrets' }
/** What stands behind a ChildCluster's credentials may be anything; it must not fill the hub's memory or hold its workers. */
const answerBounds = { maxBytes: 128 * 1024 * 1024, maxEventBytes: 16 * 1024 * 1024 }
const renewCheckMs = 600_000 // tokens live for days; this is how late a renewal can be
const renewBeforeMs = 48 * 3_600_000

/** One syncer in the hub for each child cluster in kubeconfig mode, with the credentials that join stored. */
export function childConnections(options: ChildConnectionsOptions): Controller {
  const { clientOf, informers, clock, logger } = options
  const connections = new Map<string, Connection>()

  async function disconnect(uid: string): Promise<void> {
    const connection = connections.get(uid)
    if (!connection) return
    connections.delete(uid)
    await connection.syncer.stop()
    connection.close()
  }

  async function reconcile(request: { logicalCluster: string; name: string }) {
    const { logicalCluster, name } = request
    const childCluster = informers.childClusters.get({ logicalCluster, name })
    const known = [...connections.keys()].filter((uid) => informers.childClusters.byIndex('uid', uid).length === 0)
    for (const uid of known) await disconnect(uid)
    if (!childCluster) return undefined
    const uid = childCluster.metadata.uid ?? ''
    const isDialled = childCluster.spec.mode === 'kubeconfig' && childCluster.spec.credentialsSecret !== undefined
    const secret = isDialled ? await readCredentials(clientOf(logicalCluster), childCluster) : undefined
    if (!secret) {
      await disconnect(uid)
      return isDialled ? { requeueAfterMs: renewCheckMs } : undefined
    }
    const key = `${secret.server} ${secret.caPem} ${secret.token}`
    if (connections.get(uid)?.key !== key) {
      await disconnect(uid)
      const why = options.allowLocalDial ? undefined : refusedAddress(secret.server)
      if (why !== undefined) {
        logger.warn('child cluster is not dialled', { childCluster: name, reason: why })
        const message = `the hub does not dial ${secret.server}: ${why}. Start it with --allow-local-dial, or join in agent mode`
        await reportTrouble(clientOf(childLogicalCluster(uid)), 'AddressRefused', message, clock.now())
        return { requeueAfterMs: renewCheckMs }
      }
      connections.set(uid, connect(uid, key, secret))
    }
    await renewToken(clientOf(logicalCluster), childCluster, secret)
    return { requeueAfterMs: renewCheckMs }
  }

  /** The credentials are what somebody wrote into a workspace: the hub must not be led to its own machine by them. */
  function dial({ server, caPem, token }: Credentials) {
    const guard = options.allowLocalDial ? {} : { refuseAddress: refusedIp }
    return createHttpTransport({ serverUrl: server, caPem, token, answerBounds, ...guard })
  }

  function connect(uid: string, key: string, credentials: Credentials): Connection {
    const http = dial(credentials)
    const syncer = createSyncer({
      hub: clientOf(childLogicalCluster(uid)),
      child: { transport: http.transport },
      childClusterUid: uid,
      hubId: options.hub().id,
      ...(Number.isFinite(credentials.expiresMs) ? { credentialsExpireMs: () => credentials.expiresMs } : {}),
      agentVersion: options.agentVersion,
      logger,
      clock,
    })
    syncer.start()
    return { key, syncer, close: http.close }
  }

  async function renewToken(client: Client, { metadata, spec }: ChildCluster, current: Credentials): Promise<void> {
    if (current.expiresMs - clock.now() > renewBeforeMs) return
    const http = dial(current)
    try {
      const fresh = await mintAgentToken(http.transport)
      const data = { token: toBase64(fresh.token), expires: toBase64(fresh.expires) }
      const name = { namespace: agentNamespace, name: spec.credentialsSecret ?? '' }
      await client.resource(secrets).patch(name, { type: 'merge', body: { data } })
    } catch (error) {
      logger.warn('the token of a child cluster could not be renewed', { childCluster: metadata.name, error })
    } finally {
      http.close()
    }
  }

  const controller = createController({
    name: 'child-connections',
    clock,
    logger,
    reconcile: async (request) => reconcile(request),
    sources: [informerSource(informers.childClusters)],
  })
  return {
    ...controller,
    get pending() {
      return controller.pending
    },
    async stop() {
      await controller.stop()
      await Promise.all([...connections.keys()].map(disconnect))
    },
  }
}

interface Credentials {
  server: string
  caPem: string
  token: string
  expiresMs: number
}

async function readCredentials(client: Client, { spec }: ChildCluster): Promise<Credentials | undefined> {
  const name = { namespace: agentNamespace, name: spec.credentialsSecret ?? '' }
  const secret = await client.resource(secrets).get(name).catch(ignoreNotFound)
  if (!secret) return undefined
  const { server, 'ca.crt': caPem, token, expires } = dataOf(secret)
  if (!server || !caPem || !token) return undefined
  return { server, caPem, token, expiresMs: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires) }
}

function dataOf(secret: KubeObject): Record<string, string> {
  const data = (secret['data'] ?? {}) as Record<string, string>
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64')
}
