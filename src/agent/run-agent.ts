import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { sleep } from '../base/sleep.ts'
import { createClient, toApiStatusError } from '../client/create-client.ts'
import { createHttpTransport, type HttpTransportOptions } from '../client/node/http-transport.ts'
import { collectBody } from '../client/response-body.ts'
import type { Transport } from '../client/transport.ts'
import { forbiddenPath, isForbidden } from '../meta/api-errors.ts'
import { agentNamespace, childLogicalCluster } from '../meta/fleet/fleet-names.ts'
import { createTunnelClient, type TunnelClient } from '../tunnel/tunnel-client.ts'
import { type AgentCredentials, type CredentialsStore, expiryTimeMs, renewalTimeMs } from './agent-credentials.ts'
import { joinChildCluster, mintAgentToken } from './join-child-cluster.ts'
import {
  agentSubject,
  type AgentSubject,
  type JoinAnswer,
  joinPath,
  parseJoinToken,
  readPortableToken,
  renewPath,
} from './join-token.ts'
import { createSyncer } from './syncer.ts'

export interface AgentOptions {
  /** `https://hub:6443` */
  hubUrl: string
  /** The hub's certificate authority; absent: what the join token brought along, else the machine's. */
  hubCaPem?: string
  /** Needed once; without it the store must have credentials. */
  joinToken?: string
  /** The child as its administrator, or as the agent's own ServiceAccount when joining was done before. */
  child: HttpTransportOptions
  credentials: CredentialsStore
  /** A new key and a request for it (PKCS#10). */
  createCertificateRequest(subject: AgentSubject): { csrPem: string; keyPem: string }
  publishedGroups?: readonly string[]
  agentVersion: string
  clock: Clock
  logger: Logger
}

export interface Agent {
  readonly childClusterUid: string
  readonly connected: boolean
  readonly acting: boolean
  /** Resolves when the child has left its hub: the agent has nothing to do any more and keeps no credentials. */
  readonly left: Promise<void>
  close(): Promise<void>
}

const retryMs = 30_000
const renewalBackoff = createBackoff({ firstMs: 500, maxMs: 60_000 })
const encoder = new TextEncoder()
const noSignal = new AbortController().signal

/** Joins when it has to, connects to the hub, and keeps the child as the hub says. Rejects when joining fails. */
export async function runAgent(options: AgentOptions): Promise<Agent> {
  const { clock, logger, hubUrl } = options
  const { token, hubCaPem: carried } = readPortableToken(options.joinToken ?? '')
  const abort = new AbortController()
  const kept = await options.credentials.load()
  const joining = parseJoinToken(token)
  // A token for another ChildCluster than what is kept: the child was joined anew.
  const isKept = kept !== undefined && (!joining || joining.childClusterUid === kept.childClusterUid)
  let credentials = isKept ? kept : await join(options, token, options.hubCaPem ?? carried)
  const hubCaPem = options.hubCaPem ?? carried ?? credentials.hubCaPem
  await options.credentials.save(credentials)
  const child = await openChild(options, credentials, abort.signal)
  const tunnel = createTunnelClient({
    hubUrl,
    ...(hubCaPem === undefined ? {} : { caPem: hubCaPem }),
    credentials: () => credentials,
    handle: onlyAsWorkspace(child.transport),
    clock,
    logger,
  })
  const { childClusterUid, hubId } = credentials
  const syncer = createSyncer({
    hub: createClient({
      transport: tunnel.transport,
      basePath: `/clusters/${childLogicalCluster(childClusterUid)}`,
      userAgent: 'atoll-agent',
    }),
    child: { transport: child.transport },
    childClusterUid,
    hubId,
    eligible: () => !tunnel.superseded,
    credentialsExpireMs: () => expiryTimeMs(credentials.certPem),
    agentVersion: options.agentVersion,
    clock,
    logger,
  })
  tunnel.start()
  syncer.start()

  async function rotate(): Promise<void> {
    let failures = 0
    while (!abort.signal.aborted) {
      const waitMs = renewalTimeMs(credentials.certPem) - clock.now()
      await sleep(Math.max(0, Math.min(waitMs, 0x7fff_ffff)), abort.signal, clock)
      if (abort.signal.aborted || renewalTimeMs(credentials.certPem) > clock.now()) continue
      try {
        credentials = await renew(options, tunnel, credentials)
        await options.credentials.save(credentials)
        tunnel.reconnect()
        failures = 0
        logger.info('the agent has a new certificate')
      } catch (error) {
        logger.warn('the certificate of the agent was not renewed', { error })
        await sleep(renewalBackoff.delayMs(failures++), abort.signal, clock)
      }
    }
  }
  const rotating = rotate()
  const left = syncer.left.then(() => options.credentials.clear())
  return {
    childClusterUid,
    get connected() {
      return tunnel.connected
    },
    get acting() {
      return syncer.acting
    },
    left,
    async close() {
      abort.abort()
      await syncer.stop()
      await tunnel.close()
      child.close()
      await rotating
    },
  }
}

/** Makes a key, and gets a certificate for it by the join token. */
async function join(
  { hubUrl, createCertificateRequest }: AgentOptions,
  token: string,
  hubCaPem: string | undefined,
): Promise<AgentCredentials> {
  const parsed = parseJoinToken(token)
  const authority = hubCaPem === undefined ? {} : { hubCaPem }
  if (!parsed) throw new Error('the agent has no credentials yet and needs a join token: see "atoll join --mode agent"')
  const { csrPem, keyPem } = createCertificateRequest(agentSubject(parsed.childClusterUid))
  const http = createHttpTransport({ serverUrl: hubUrl, ...(hubCaPem === undefined ? {} : { caPem: hubCaPem }) })
  try {
    const { certPem, hubId, name } = await post(http.transport, joinPath, { token, csrPem })
    return { keyPem, certPem, hubId, childClusterUid: parsed.childClusterUid, name, ...authority }
  } finally {
    http.close()
  }
}

async function renew(
  options: AgentOptions,
  tunnel: TunnelClient,
  current: AgentCredentials,
): Promise<AgentCredentials> {
  const { csrPem, keyPem } = options.createCertificateRequest(agentSubject(current.childClusterUid))
  const { certPem } = await post(tunnel.transport, renewPath, { csrPem })
  return { ...current, keyPem, certPem }
}

async function post(transport: Transport, url: string, body: object): Promise<JoinAnswer> {
  const response = await transport({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: encoder.encode(JSON.stringify(body)),
    signal: noSignal,
  })
  const bytes = await collectBody(response.body)
  if (response.status >= 400) throw toApiStatusError(response, bytes)
  return JSON.parse(new TextDecoder().decode(bytes)) as JoinAnswer
}

/**
 * With an administrator's kubeconfig the child is prepared and then served as the agent's ServiceAccount; whoever may
 * not prepare it is taken for that ServiceAccount.
 */
async function openChild(
  { child, publishedGroups = [], clock, logger }: AgentOptions,
  { hubId, childClusterUid, name }: AgentCredentials,
  signal: AbortSignal,
): Promise<{ transport: Transport; close(): void }> {
  const given = createHttpTransport(child)
  try {
    await joinChildCluster({ childTransport: given.transport, hubId, childClusterUid, name, publishedGroups })
  } catch (error) {
    if (!isForbidden(error)) throw error
    logger.info('the agent uses the rights that it was given')
    return given
  }
  let current = await mintAgentToken(given.transport)
  const refresh = async () => {
    while (!signal.aborted) {
      const leftMs = Date.parse(current.expires) - clock.now()
      await sleep(Math.max(retryMs, leftMs / 2), signal, clock)
      if (signal.aborted) return
      try {
        current = await mintAgentToken(given.transport)
      } catch (error) {
        logger.warn('the token for the child cluster was not renewed', { error })
      }
    }
  }
  void refresh()
  const { serverUrl, caPem } = child
  const own = createHttpTransport({
    serverUrl,
    ...(caPem === undefined ? {} : { caPem }),
    token: () => current.token,
  })
  return {
    transport: own.transport,
    close() {
      own.close()
      given.close()
    },
  }
}

const workspaceUser = `system:serviceaccount:${agentNamespace}:workspace-`

/** The hub may ask of the child what a workspace may, in that workspace's name, and nothing as the agent itself. */
function onlyAsWorkspace(transport: Transport): Transport {
  return async (request) => {
    const user = request.headers['impersonate-user']
    const others = Object.keys(request.headers).some(
      (name) => (name.startsWith('impersonate-') && name !== 'impersonate-user') || name === 'authorization',
    )
    if (typeof user === 'string' && user.startsWith(workspaceUser) && !others) return transport(request)
    const { status } = forbiddenPath('the hub may only ask in the name of a workspace')
    return {
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(status)),
    }
  }
}
