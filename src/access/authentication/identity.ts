import type { Identity } from '../../client/transport.ts'

export const anonymousUser = 'system:anonymous'
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'
export const serviceAccountsGroup = 'system:serviceaccounts'
/** Members may do everything everywhere; granted only by the hub's own certificate authority and process. */
export const systemMastersGroup = 'system:masters'

/** Extra: the one logical cluster that a ServiceAccount belongs to. The name is kcp's. */
export const logicalClusterExtra = 'authentication.kubernetes.io/cluster-name'
/**
 * Extra: where an identity counts. Each value is `cluster:<name>`, several with commas between them of which one must
 * fit; all values must. The name and the grammar are kcp's.
 */
export const scopesExtra = 'authentication.kcp.io/scopes'
export const credentialIdExtra = 'authentication.kubernetes.io/credential-id'

const serviceAccountPrefix = 'system:serviceaccount:'

export const anonymousIdentity: Identity = Object.freeze({
  name: anonymousUser,
  groups: Object.freeze([unauthenticatedGroup]),
})

export function serviceAccountUserName(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`
}

export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `system:serviceaccounts:${namespace}`]
}

/** The parts of a ServiceAccount's user name; undefined for every other name, malformed ones among them. */
export function parseServiceAccountUserName(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(serviceAccountPrefix)) return undefined
  const [namespace, name, rest] = userName.slice(serviceAccountPrefix.length).split(':')
  if (!namespace || !name || rest !== undefined) return undefined
  return isNamespaceName(namespace) && isObjectName(name) ? { namespace, name } : undefined
}

const isNamespaceName = (text: string): boolean => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
const isObjectName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)

/** The group of everyone from one logical cluster, as other logical clusters see them. The name is kcp's. */
export function logicalClusterGroup(logicalCluster: string): string {
  return `system:cluster:${logicalCluster}`
}

/** The logical cluster that a ServiceAccount belongs to; undefined for users of the whole hub. */
export function homeLogicalCluster(identity: Identity): string | undefined {
  const { extra } = identity
  return extra && Object.hasOwn(extra, logicalClusterExtra) ? extra[logicalClusterExtra]?.[0] : undefined
}

export function isSystemMaster(identity: Identity): boolean {
  return identity.groups.includes(systemMastersGroup)
}

const ownPartsPrefix = 'system:atoll:'

/** Who one of the hub's own parts is. */
export function ownPart(part: string): Identity {
  return { name: `${ownPartsPrefix}${part}`, groups: [systemMastersGroup, authenticatedGroup] }
}

/** One of the hub's own parts, and no administrator, however mighty. */
export function isOwnPart(identity: Identity): boolean {
  return identity.name.startsWith(ownPartsPrefix) && isSystemMaster(identity)
}

/** Identity as review kinds and the audit log show it. */
export interface UserInfo {
  username: string
  uid?: string
  groups?: string[]
  extra?: Record<string, string[]>
}

export function toUserInfo({ name, uid, groups, extra }: Identity): UserInfo {
  const entries = Object.entries(extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]])
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(entries.length > 0 ? { extra: Object.fromEntries(entries) } : {}),
  }
}
