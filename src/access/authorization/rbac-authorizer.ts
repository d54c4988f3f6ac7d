import { LRUCache } from 'lru-cache'
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import {
  pathAttributes,
  wildcardLogicalCluster,
  type AuthorizationAttributes,
  type AuthorizationDecision,
  type Authorizer,
} from './attributes.ts'
import { workspaceAccessDenied } from './forbidden.ts'
import type { PolicyRule } from './policy-rule.ts'
import { loadRbacRules, type RbacRules, type RoleRef } from './rbac-rules.ts'
import { subjectIn, type ScopedSubject } from './scope.ts'
import { createUserRules, decide, type UserRules } from './user-rules.ts'

export interface RbacAuthorizerOptions {
  /** RBAC objects, bootstrap roles merged in. */
  reader: ObjectReader
  /**
   * The gate in front of each workspace: a user needs verb `access` on the path `/` there to touch anything.
   * Default true; false for a server with a single workspace that everyone is in.
   */
  requireAccess?: boolean
  /**
   * The logical cluster whose existence is no secret (`root`): requests for its paths meet its RBAC without the gate, so
   * that health checks and version questions need no credentials there.
   */
  openPathsOf?: string
  /** Bound on rules held, counted in roles and binding subjects (about 75 bytes each). */
  maxRules?: number
  /** Bound on remembered answers, over all logical clusters and users (about 150 bytes each). */
  maxAnswers?: number
}

export interface ResolvedRules {
  readonly rules: readonly PolicyRule[]
  /** Texts about bound roles that do not exist. */
  readonly errors: readonly string[]
}

/** What the escalation check and the rules review need to know. */
export interface RuleResolver {
  /** Every rule that holds for a user in a namespace; with '' only what holds everywhere. */
  rulesFor(user: Identity, logicalCluster: string, namespace: string): MaybePromise<ResolvedRules>
  /** Undefined when there is no such role. `namespace` is the binding's. */
  rulesOfRole(
    roleRef: RoleRef,
    logicalCluster: string,
    namespace: string,
  ): MaybePromise<readonly PolicyRule[] | undefined>
}

/**
 * RBAC, apart for each logical cluster: nothing that is granted in one is ever looked at for another. Rules of a logical
 * cluster are read at its first request and dropped by `invalidate`.
 */
export interface RbacAuthorizer extends Authorizer, RuleResolver {
  /** To be called with every change of a Role, ClusterRole or binding, once readers see it. */
  invalidate(logicalCluster: string): void
}

const allowedMaster: AuthorizationDecision = Object.freeze({ allowed: true, reason: '' })
const deniedWildcard: AuthorizationDecision = Object.freeze({ allowed: false, reason: '' })
const deniedWorkspace: AuthorizationDecision = Object.freeze({ allowed: false, reason: workspaceAccessDenied })
const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
]

/** Rules of one logical cluster and who has asked. */
interface ClusterEntry {
  readonly rules: RbacRules
  readonly users: Map<string, UserEntry>
}

interface UserEntry {
  readonly rules: UserRules
  readonly hasAccess: boolean
}

const answersPerUser = 8 // what an entry of `users` costs, counted in answers
const longestKey = 4_096 // a review names users and groups of any length: such a user is worked out anew each time

export function createRbacAuthorizer(options: RbacAuthorizerOptions): RbacAuthorizer {
  const { reader, requireAccess = true, openPathsOf, maxRules = 300_000, maxAnswers = 200_000 } = options
  const clusters = new LRUCache<string, ClusterEntry>({
    maxSize: maxRules,
    sizeCalculation: (entry) => Math.min(maxRules, 1 + entry.rules.size), // a huge workspace is held, alone if need be
  })
  const loading = new Map<string, Promise<ClusterEntry>>()
  let answers = 0

  function forgetUsers(): void {
    for (const entry of clusters.values()) entry.users.clear()
    answers = 0
  }

  function countAnswers(count: number): void {
    answers += count
    if (answers > maxAnswers) forgetUsers()
  }

  function load(logicalCluster: string): MaybePromise<ClusterEntry> {
    const underWay = loading.get(logicalCluster)
    if (underWay) return underWay
    const rules = loadRbacRules(reader, logicalCluster)
    if (!isPromise(rules)) return keep(logicalCluster, rules)
    const promise: Promise<ClusterEntry> = rules.then(
      // Overtaken by `invalidate`: good for those who waited, whose requests came before it, and for nobody else.
      (loaded) => (loading.get(logicalCluster) === promise ? keep(logicalCluster, loaded) : newEntry(loaded)),
    )
    loading.set(logicalCluster, promise)
    const release = (): void => {
      if (loading.get(logicalCluster) === promise) loading.delete(logicalCluster)
    }
    promise.then(release, release)
    return promise
  }

  function keep(logicalCluster: string, rules: RbacRules): ClusterEntry {
    const entry = newEntry(rules)
    clusters.set(logicalCluster, entry)
    return entry
  }

  function withEntry<T>(logicalCluster: string, use: (entry: ClusterEntry) => T): MaybePromise<T> {
    const entry = clusters.get(logicalCluster) ?? load(logicalCluster)
    return isPromise(entry) ? entry.then(use) : use(entry)
  }

  function userIn(entry: ClusterEntry, subject: ScopedSubject, attributes: AuthorizationAttributes): UserEntry {
    const known = entry.users.get(subject.key)
    if (known) return known
    const rules = createUserRules(entry.rules, subject, () => countAnswers(1))
    const access = pathAttributes(attributes.user, attributes.logicalCluster, 'access', '/')
    const user = { rules, hasAccess: !requireAccess || subject.isLocal || decide(rules, access).allowed }
    if (subject.key.length > longestKey) return user
    entry.users.set(subject.key, user)
    countAnswers(answersPerUser)
    return user
  }

  function decideFor(
    entry: ClusterEntry,
    subject: ScopedSubject,
    attributes: AuthorizationAttributes,
  ): AuthorizationDecision {
    const user = userIn(entry, subject, attributes)
    const isOpen = attributes.path !== '' && attributes.logicalCluster === openPathsOf
    return user.hasAccess || isOpen ? decide(user.rules, attributes) : deniedWorkspace
  }

  return {
    authorize(attributes) {
      const { user, logicalCluster } = attributes
      const subject = subjectIn(user, logicalCluster)
      if (subject.isMaster) return allowedMaster
      if (logicalCluster === wildcardLogicalCluster) return deniedWildcard
      const entry = clusters.get(logicalCluster)
      if (entry) return decideFor(entry, subject, attributes)
      return withEntry(logicalCluster, (loaded) => decideFor(loaded, subject, attributes))
    },
    rulesFor(user, logicalCluster, namespace) {
      const subject = subjectIn(user, logicalCluster)
      if (subject.isMaster) return { rules: everything, errors: [] }
      return withEntry(logicalCluster, (entry) => {
        const { everywhere, namespaces } = createUserRules(entry.rules, subject, () => {})
        const local = namespaces.get(namespace)
        return {
          rules: [...everywhere.rules, ...(local?.rules ?? [])],
          errors: [...everywhere.missing, ...(local?.missing ?? [])],
        }
      })
    },
    rulesOfRole: (roleRef, logicalCluster, namespace) =>
      withEntry(logicalCluster, (entry) => entry.rules.rulesOf(roleRef, namespace)),
    invalidate(logicalCluster) {
      loading.delete(logicalCluster)
      clusters.delete(logicalCluster)
    },
  }
}

function newEntry(rules: RbacRules): ClusterEntry {
  return { rules, users: new Map() }
}
