import type { ApiRequest, Identity } from '../../client/transport.ts'
import { formatMicroTime } from '../../meta/time.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authorization/attributes.ts'
import { toUserInfo, type UserInfo } from '../authentication/identity.ts'

/** `Metadata`: who did what to which object with which outcome; never bodies. */
export type AuditLevel = 'None' | 'Metadata'
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic'

/** One request at one stage. What is not known yet is undefined. */
export interface AuditRecord {
  readonly auditId: string
  readonly stage: AuditStage
  readonly request: Pick<ApiRequest, 'url' | 'headers'>
  readonly attributes: AuthorizationAttributes | undefined
  /** Who asked. */
  readonly user: Identity | undefined
  /** Who it was done as, by impersonation. */
  readonly impersonated?: Identity | undefined
  readonly decision?: AuthorizationDecision | undefined
  /** HTTP status of the response. */
  readonly status?: number | undefined
  readonly sourceIp?: string | undefined
  readonly receivedAtMs: number
  readonly atMs: number
}

export interface AuditLogOptions {
  /** Decides by anything that is known of a request. */
  levelOf: (record: AuditRecord) => AuditLevel
  /** Takes a line without its end. */
  write: (line: string) => void
}

/** Writes `audit.k8s.io/v1` events, one line of JSON each. */
export function createAuditLog({ levelOf, write }: AuditLogOptions): (record: AuditRecord) => void {
  return (record) => {
    const level = levelOf(record)
    if (level !== 'None') write(JSON.stringify(toEvent(record, level)))
  }
}

/** Every write and every refusal; of reads, and of Events and Leases that come all the time, nothing. */
export function auditWrites({ attributes, status }: AuditRecord): AuditLevel {
  if (status === 401 || status === 403) return 'Metadata'
  if (!attributes || readVerbs.has(attributes.verb) || chatty.has(attributes.resource)) return 'None'
  return 'Metadata'
}

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options'])
const chatty = new Set(['events', 'leases'])
const maxUserAgentLength = 1_024 // clients write what they like there

function toEvent(record: AuditRecord, level: AuditLevel): Record<string, unknown> {
  const { auditId, stage, request, attributes, user, impersonated, decision, status, sourceIp } = record
  const userAgent = request.headers['user-agent']
  const annotations = annotationsOf(attributes, decision)
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: auditId,
    stage,
    requestURI: request.url,
    verb: attributes?.verb ?? '',
    user: user ? toUserInfo(user) : ({ username: '' } satisfies UserInfo),
    ...(impersonated ? { impersonatedUser: toUserInfo(impersonated) } : {}),
    ...(sourceIp === undefined ? {} : { sourceIPs: [sourceIp] }),
    ...(typeof userAgent === 'string' ? { userAgent: shorten(userAgent) } : {}),
    ...(attributes && attributes.resource !== '' ? { objectRef: objectRefOf(attributes) } : {}),
    ...(status === undefined ? {} : { responseStatus: { metadata: {}, code: status } }),
    requestReceivedTimestamp: formatMicroTime(record.receivedAtMs),
    stageTimestamp: formatMicroTime(record.atMs),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
}

function objectRefOf({ group, version, resource, subresource, namespace, name }: AuthorizationAttributes): object {
  return {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name: shorten(name) }),
    ...(group === '' ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(subresource === '' ? {} : { subresource }),
  }
}

/** Upstream's names for the decision, kcp's for the place. */
function annotationsOf(
  attributes: AuthorizationAttributes | undefined,
  decision: AuthorizationDecision | undefined,
): Record<string, string> {
  return {
    ...(decision
      ? {
          'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
          'authorization.k8s.io/reason': decision.reason,
        }
      : {}),
    ...(attributes ? { 'kcp.io/cluster': attributes.logicalCluster } : {}),
  }
}

function shorten(text: string): string {
  return text.length > maxUserAgentLength ? `${text.slice(0, maxUserAgentLength)}...TRUNCATED` : text
}
