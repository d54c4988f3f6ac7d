import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { renewPath, type JoinAnswer } from '../agent/join-token.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Identity, Transport } from '../client/transport.ts'
import { agentGroup, agentUser } from '../meta/fleet/fleet-names.ts'
import { isApiStatusError } from '../meta/api-errors.ts'
import { createTunnelServer, type TunnelServer } from '../tunnel/tunnel-server.ts'
import type { TunnelRequest, TunnelResponse } from '../tunnel/tunnel-types.ts'
import type { FleetInformers } from './controllers/fleet-informers.ts'

export interface AgentTunnelOptions {
  /** The hub's own; each agent asks as the user of its certificate. */
  transport: Transport
  /** Asked when an agent comes: the hub serves before it has them. */
  informers(): FleetInformers
  handleRenew(user: string, call: unknown): JoinAnswer
  clock: Clock
  logger: Logger
}

export interface AgentTunnel extends TunnelServer {
  /** Takes an agent's upgrade; `identity` is what TLS says. False: it is somebody else's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, identity: Identity | undefined): boolean
}

const farewellMs = 10_000 // an agent that has left still hears that the hub knows

/** Where agents dial in: one WebSocket each, known by their client certificates. */
export function createAgentTunnel(options: AgentTunnelOptions): AgentTunnel {
  const { informers, clock, logger } = options
  const identities = new WeakMap<IncomingMessage, Identity>()
  let follows = false
  const mayConnect = (uid: string): boolean =>
    informers()
      .childClusters.byIndex('uid', uid)
      .some(({ spec }) => spec.mode === 'agent')
  /** A certificate is looked at when an agent comes; what is connected must not outlast its ChildCluster either. */
  function followChildClusters(): void {
    if (follows) return
    follows = true
    informers().childClusters.onEvent(({ object: { metadata } }) => {
      const { uid = '' } = metadata
      if (!mayConnect(uid)) clock.after(farewellMs, () => mayConnect(uid) || server.disconnect(uid))
    })
  }
  const server = createTunnelServer({
    clock,
    logger,
    handle: (request) => handle(options, request),
    async authenticate(request) {
      const identity = identities.get(request)
      const prefix = agentUser('')
      if (!identity?.groups.includes(agentGroup) || !identity.name.startsWith(prefix)) return undefined
      const childClusterUid = identity.name.slice(prefix.length)
      const { childClusters } = informers()
      await childClusters.synced
      followChildClusters()
      const [childCluster] = childClusters.byIndex('uid', childClusterUid)
      return childCluster?.spec.mode === 'agent' ? { childClusterUid, identity } : undefined
    },
  })
  return {
    ...server,
    get connected() {
      return server.connected
    },
    upgrade(request, socket, head, identity) {
      if (identity) identities.set(request, identity)
      return server.handleUpgrade(request, socket, head)
    },
  }
}

async function handle({ transport, handleRenew }: AgentTunnelOptions, request: TunnelRequest): Promise<TunnelResponse> {
  const { identity, url, body } = request
  if (!identity) throw new Error('a request came through the tunnel without an identity')
  if (url !== renewPath) return transport({ ...request, identity })
  try {
    return json(200, handleRenew(identity.name, JSON.parse(new TextDecoder().decode(body)) as unknown))
  } catch (error) {
    if (isApiStatusError(error)) return json(error.code, error.status)
    throw error
  }
}

function json(status: number, value: object): TunnelResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) }
}
