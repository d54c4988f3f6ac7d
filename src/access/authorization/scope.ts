import type { Identity } from '../../client/transport.ts'
import {
  anonymousUser,
  authenticatedGroup,
  homeLogicalCluster,
  isSystemMaster,
  logicalClusterGroup,
  scopesExtra,
} from '../authentication/identity.ts'

/** Who somebody is in one logical cluster. */
export interface ScopedSubject {
  readonly name: string
  readonly groups: readonly string[]
  /** Equal for equal name and groups. */
  readonly key: string
  /** May do everything. */
  readonly isMaster: boolean
  /** A ServiceAccount of that very logical cluster. */
  readonly isLocal: boolean
}

interface Resolved {
  readonly inside: ScopedSubject
  /** Somebody out of scope; undefined for users who are themselves everywhere. */
  readonly outside: ScopedSubject | undefined
  readonly covers: (logicalCluster: string) => boolean
}

/** Identities are made once a connection or token and asked about with every request. */
const resolved = new WeakMap<Identity, Resolved>()

/**
 * A ServiceAccount, and every identity with scopes, counts only in its own logical clusters. Elsewhere it is anonymous,
 * authenticated, and a member of `system:cluster:<its own>`, so that a workspace can open itself to another one.
 */
export function subjectIn(user: Identity, logicalCluster: string): ScopedSubject {
  let known = resolved.get(user)
  if (!known) {
    known = resolve(user)
    resolved.set(user, known)
  }
  return known.outside === undefined || known.covers(logicalCluster) ? known.inside : known.outside
}

function resolve(user: Identity): Resolved {
  const home = homeLogicalCluster(user)
  const scopes = scopesOf(user)
  const inside = scopedSubject(user.name, user.groups, isSystemMaster(user), home !== undefined)
  if (home === undefined && scopes.length === 0) return { inside, outside: undefined, covers: () => true }
  const origin = home ?? (scopes.length === 1 && scopes[0]?.length === 1 ? scopes[0][0] : undefined)
  const groups = origin === undefined ? [authenticatedGroup] : [authenticatedGroup, logicalClusterGroup(origin)]
  return {
    inside,
    outside: scopedSubject(anonymousUser, groups, false, false),
    covers: (name) => (home === undefined || home === name) && scopes.every((anyOf) => anyOf.includes(name)),
  }
}

function scopedSubject(name: string, groups: readonly string[], isMaster: boolean, isLocal: boolean): ScopedSubject {
  return { name, groups, key: JSON.stringify([name, ...[...new Set(groups)].sort()]), isMaster, isLocal }
}

/** Logical clusters by value; what is no `cluster:` scope admits nothing. */
function scopesOf({ extra }: Identity): string[][] {
  const values = extra && Object.hasOwn(extra, scopesExtra) ? (extra[scopesExtra] ?? []) : []
  const prefix = 'cluster:'
  return values.map((value) =>
    value
      .split(',')
      .filter((scope) => scope.startsWith(prefix))
      .map((scope) => scope.slice(prefix.length)),
  )
}
