import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client } from '../client/client.ts'
import {
  badRequest,
  isAlreadyExists,
  isConflict,
  ignoreNotFound,
  isNotFound,
  unauthorized,
} from '../meta/api-errors.ts'
import type { ChildCluster } from '../meta/fleet/child-cluster.ts'
import { agentGroup, agentNamespace, agentUser, fleetGroup, fleetVersion } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'

/** What an agent sends to the hub to become known; the body of `POST joinPath`. */
export interface JoinCall {
  token: string
  csrPem: string
}

/** What it gets; also the answer to `renewPath`. */
export interface JoinAnswer {
  /** For CN=system:fleet:agent:<uid>, O=system:fleet:agents. */
  certPem: string
  hubId: string
  /** Name of the ChildCluster. */
  name: string
}

export const joinPath = '/fleet/join'
/** Asked over the tunnel, which says who asks. */
export const renewPath = '/fleet/renew'

export interface JoinTokenRequest {
  /** Of the workspace where the ChildCluster is. */
  workspace: Client
  logicalCluster: string
  childCluster: { name: string; uid: string }
  nowMs: number
  /** At most, and by default, 15 minutes. */
  lifetimeMs?: number
}

export interface AgentSubject {
  commonName: string
  organizations: readonly string[]
}

export interface JoinHandlerOptions {
  /** A client with the hub's own rights in a logical cluster. */
  clientOf(logicalCluster: string): Client
  /** Checks that the request asks for exactly this subject; throws BadRequest otherwise. */
  sign(csrPem: string, subject: AgentSubject): string
  hubId: string
  now(): number
}

const secrets = { group: '', version: 'v1', resource: 'secrets' }
const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
const childClusters = { group: fleetGroup, version: fleetVersion, resource: 'childclusters' }
const longestMs = 15 * 60_000
const tokenType = 'fleet.atoll.dev/join-token'
const tokenParts = 4
const tokenShape = /^(root|[a-z0-9]{16})\.([0-9a-f-]{36})\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/

/** Where a token's parts lead; nothing of it is believed before the secret has been compared. */
export interface ParsedJoinToken {
  logicalCluster: string
  childClusterUid: string
  id: string
  secret: string
}

export function parseJoinToken(token: string): ParsedJoinToken | undefined {
  const [, logicalCluster, childClusterUid, id, secret] = tokenShape.exec(token) ?? []
  if (!logicalCluster || !childClusterUid || !id || !secret) return undefined
  return { logicalCluster, childClusterUid, id, secret }
}

/** What a person carries to the cluster: the token and, behind it, the authority by which its agent knows the hub. */
export function toPortableToken(token: string, hubCaPem: string | undefined): string {
  return hubCaPem === undefined ? token : `${token}.${Buffer.from(hubCaPem).toString('base64url')}`
}

export function readPortableToken(text: string): { token: string; hubCaPem?: string } {
  const parts = text.trim().split('.')
  const [ca] = parts.splice(tokenParts)
  const hubCaPem = ca === undefined ? '' : Buffer.from(ca, 'base64url').toString('utf8')
  return { token: parts.join('.'), ...(hubCaPem === '' ? {} : { hubCaPem }) }
}

export function agentSubject(childClusterUid: string): AgentSubject {
  return { commonName: agentUser(childClusterUid), organizations: [agentGroup] }
}

/** A token for one ChildCluster and one use. The hub keeps its hash only. */
export async function createJoinToken(request: JoinTokenRequest): Promise<string> {
  const { workspace, logicalCluster, childCluster, nowMs, lifetimeMs = longestMs } = request
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  await workspace
    .resource(namespaces)
    .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  await workspace.resource(secrets).create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(id), namespace: agentNamespace },
    type: tokenType,
    data: encode({
      hash: hashOf(secret),
      name: childCluster.name,
      uid: childCluster.uid,
      expires: String(nowMs + Math.min(lifetimeMs, longestMs)),
    }),
  })
  return `${logicalCluster}.${childCluster.uid}.${id}.${secret}`
}

/** The hub's side of joining and renewing. Every token that is not good gets the same answer. */
export function createJoinHandler(options: JoinHandlerOptions): {
  handleJoin(call: unknown): Promise<JoinAnswer>
  /** `user` is who the tunnel says that asks. */
  handleRenew(user: string, call: unknown): JoinAnswer
} {
  const { clientOf, sign, hubId, now } = options
  const refused = () => unauthorized('the join token is not valid: it is unknown, was used before, or has expired')
  return {
    async handleJoin(call) {
      const { token, csrPem } = parseCall(call)
      const parsed = parseJoinToken(token)
      if (!parsed) throw refused()
      const workspace = clientOf(parsed.logicalCluster)
      const kept = workspace.resource(secrets)
      const name = { namespace: agentNamespace, name: secretName(parsed.id) }
      const stored = await kept.get(name).catch(ignoreNotFound)
      const said = decode(stored)
      if (!stored || stored['type'] !== tokenType || !equalHashes(hashOf(parsed.secret), said['hash'])) throw refused()
      if (said['uid'] !== parsed.childClusterUid || !(Number(said['expires']) > now())) throw refused()
      if (!(await isRegistered(workspace, said['name'] ?? '', parsed.childClusterUid))) throw refused()
      // Signed before the token is used up, so that a request that cannot be signed does not cost it; given out after.
      const certPem = sign(csrPem, agentSubject(parsed.childClusterUid))
      const { uid = '', resourceVersion = '' } = stored.metadata
      try {
        await kept.delete(name, { preconditions: { uid, resourceVersion } })
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) throw refused()
        throw error
      }
      return { certPem, hubId, name: said['name'] ?? '' }
    },
    handleRenew(user, call) {
      const prefix = agentUser('')
      if (!user.startsWith(prefix)) throw unauthorized('only an agent can renew its certificate')
      const { csrPem } = parseCall({ token: '', ...(call as object) })
      return { certPem: sign(csrPem, agentSubject(user.slice(prefix.length))), hubId, name: '' }
    },
  }
}

/**
 * The secret is what somebody wrote into a workspace, maybe by hand: it opens the way to a child cluster of that very
 * workspace and to no other, whatever uid it names.
 */
async function isRegistered(workspace: Client, name: string, uid: string): Promise<boolean> {
  if (name === '') return false
  const childCluster = await workspace.resource<ChildCluster>(childClusters).get({ name }).catch(ignoreNotFound)
  if (childCluster?.metadata.uid !== uid || childCluster.metadata.deletionTimestamp !== undefined) return false
  return childCluster.spec.mode === 'agent'
}

function parseCall(call: unknown): JoinCall {
  const { token, csrPem } = (typeof call === 'object' && call !== null ? call : {}) as Partial<JoinCall>
  if (typeof token !== 'string' || typeof csrPem !== 'string' || token.length > 256 || csrPem.length > 16_384)
    throw badRequest('a join call has a token and a certificate request')
  return { token, csrPem }
}

function secretName(id: string): string {
  return `join-token-${id}`
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function equalHashes(a: string, b: string | undefined): boolean {
  return b !== undefined && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function encode(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
}

function decode(secret: KubeObject | undefined): Record<string, string> {
  const data = (secret?.['data'] ?? {}) as Record<string, string>
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
}
