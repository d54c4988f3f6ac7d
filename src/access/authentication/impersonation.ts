import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiRequest, Identity } from '../../client/transport.ts'
import { badRequest } from '../../meta/api-errors.ts'
import { goQuote } from '../../meta/field-error.ts'
import {
  resourceAttributes,
  type AuthorizationAttributes,
  type AuthorizationDecision,
  type Authorizer,
} from '../authorization/attributes.ts'
import { forbiddenError } from '../authorization/forbidden.ts'
import {
  anonymousUser,
  authenticatedGroup,
  isSystemMaster,
  logicalClusterExtra,
  parseServiceAccountUserName,
  scopesExtra,
  serviceAccountGroups,
  systemMastersGroup,
  unauthenticatedGroup,
} from './identity.ts'

/** Somebody whom a request asks to be, as its headers say. */
interface Wanted {
  name: string
  uid: string
  groups: readonly string[]
  extra: ReadonlyMap<string, readonly string[]>
}

export interface ImpersonationRequest {
  headers: ApiRequest['headers']
  requestor: Identity
  /** Where the request goes; the right to impersonate must be granted there. */
  logicalCluster: string
  authorizer: Authorizer
}

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'

/**
 * The user that a request acts as, by `Impersonate-*` headers; undefined when there are none. Throws BadRequest or, in
 * upstream's words, Forbidden. What differs from upstream, because here an administrator of a workspace is nobody
 * outside it: the result counts in this logical cluster only (unless system:masters asks), and only system:masters may
 * become a member of system:masters or set the extras that say where somebody counts.
 */
export function impersonate(request: ImpersonationRequest): MaybePromise<Identity | undefined> {
  const wanted = parseWanted(request.headers)
  if (!wanted) return undefined
  const checks = checksFor(wanted, request)
  const checkFrom = (index: number): MaybePromise<Identity> => {
    for (let at = index; at < checks.length; at++) {
      const check = checks[at]
      const allowed = check && requireAllowed(request, check)
      if (isPromise(allowed)) return allowed.then(() => checkFrom(at + 1))
    }
    return toIdentity(wanted, request)
  }
  return checkFrom(0)
}

function parseWanted(headers: ApiRequest['headers']): Wanted | undefined {
  const extra = new Map<string, string[]>()
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(extraPrefix) || value === undefined) continue
    const key = decodeKey(name.slice(extraPrefix.length))
    extra.set(key, [...(extra.get(key) ?? []), ...values(value)])
  }
  const wanted = {
    name: values(headers[userHeader])[0] ?? '',
    uid: values(headers[uidHeader])[0] ?? '',
    groups: values(headers[groupHeader]),
    extra,
  }
  if (wanted.name !== '') return wanted
  if (wanted.uid === '' && wanted.groups.length === 0 && extra.size === 0) return undefined
  throw badRequest(`requested ${describe(wanted)} without impersonating a user name`)
}

function values(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return []
  return typeof header === 'string' ? [header] : header
}

function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded // upstream takes what it cannot decode as it is
  }
}

/** The value as Go prints it in upstream's message. */
function describe({ name, uid, groups, extra }: Wanted): string {
  const entries = [...extra]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, items]) => `${goQuote(key)}:${goStrings(items)}`)
  const extraText = extra.size === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.join(', ')}}`
  const groupsText = groups.length === 0 ? '[]string(nil)' : goStrings(groups)
  return `&user.DefaultInfo{Name:${goQuote(name)}, UID:${goQuote(uid)}, Groups:${groupsText}, Extra:${extraText}}`
}

function goStrings(items: readonly string[]): string {
  return `[]string{${items.map((item) => goQuote(item)).join(', ')}}`
}

/** Each value that is asked for is a permission of its own. */
function checksFor({ name, uid, groups, extra }: Wanted, request: ImpersonationRequest): AuthorizationAttributes[] {
  const ask = (resource: Parameters<typeof resourceAttributes>[3]): AuthorizationAttributes =>
    resourceAttributes(request.requestor, request.logicalCluster, 'impersonate', resource)
  const authentication = { group: 'authentication.k8s.io', version: 'v1' }
  const account = parseServiceAccountUserName(name)
  const extras = [...extra].flatMap(([key, items]) =>
    items.map((item) => ask({ ...authentication, resource: 'userextras', subresource: key, name: item })),
  )
  return [
    account ? ask({ version: 'v1', resource: 'serviceaccounts', ...account }) : ask({ resource: 'users', name }),
    ...groups.map((group) => ask({ resource: 'groups', name: group })),
    ...extras,
    ...(uid === '' ? [] : [ask({ ...authentication, resource: 'uids', name: uid })]),
  ]
}

function requireAllowed(
  { requestor, authorizer }: ImpersonationRequest,
  check: AuthorizationAttributes,
): MaybePromise<void> {
  if (isReservedForMasters(check) && !isSystemMaster(requestor)) throw forbiddenError(check)
  const decision = authorizer.authorize(check)
  return isPromise(decision) ? decision.then((late) => requireDecision(late, check)) : requireDecision(decision, check)
}

function requireDecision({ allowed, reason }: AuthorizationDecision, check: AuthorizationAttributes): void {
  if (!allowed) throw forbiddenError(check, reason)
}

function isReservedForMasters({ resource, name, subresource }: AuthorizationAttributes): boolean {
  if (resource === 'groups')
    return name === systemMastersGroup || name.startsWith('system:kcp:') || name.startsWith('system:cluster:')
  return (
    resource === 'userextras' &&
    (subresource === logicalClusterExtra ||
      subresource.endsWith('.kcp.io/scopes') ||
      subresource.endsWith('.kcp.io/warrant'))
  )
}

function toIdentity(
  { name, uid, groups, extra }: Wanted,
  { requestor, logicalCluster }: ImpersonationRequest,
): Identity {
  const account = parseServiceAccountUserName(name)
  const given = account && groups.length === 0 ? serviceAccountGroups(account.namespace) : groups
  const entries = new Map(extra)
  if (account && !entries.has(logicalClusterExtra)) entries.set(logicalClusterExtra, [logicalCluster])
  if (!isSystemMaster(requestor)) entries.set(scopesExtra, [...scopesOf(requestor), `cluster:${logicalCluster}`])
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: withStandingGroup(name, given),
    ...(entries.size > 0 ? { extra: Object.fromEntries(entries) } : {}),
  }
}

function scopesOf({ extra }: Identity): readonly string[] {
  return extra && Object.hasOwn(extra, scopesExtra) ? (extra[scopesExtra] ?? []) : []
}

function withStandingGroup(name: string, groups: readonly string[]): readonly string[] {
  if (groups.includes(unauthenticatedGroup)) return groups
  if (name === anonymousUser) return [...groups, unauthenticatedGroup]
  return groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup]
}
