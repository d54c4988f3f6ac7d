import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import { goQuote } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import { serviceAccountUserName } from '../authentication/identity.ts'
import { parsePolicyRules, type PolicyRule } from './policy-rule.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'
export const rbacResources: readonly string[] = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings']

export interface RoleRef {
  kind: string
  name: string
}

interface Subject {
  kind: 'User' | 'Group' | 'ServiceAccount'
  name: string
  namespace?: string
}

export interface Binding {
  readonly name: string
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string
  readonly roleRef: RoleRef
  /** `user:<name>` and `group:<name>`; ServiceAccounts are users. */
  readonly subjects: readonly { readonly key: string; readonly subject: Subject }[]
}

export const userKey = (name: string): string => `user:${name}`
export const groupKey = (name: string): string => `group:${name}`

/**
 * All RBAC objects of one logical cluster. What the bootstrap overlay brings to every workspace is parsed and held once
 * for all of them, by the identity of the lists inside the objects: such a workspace costs two arrays and a map.
 */
export interface RbacRules {
  /** ClusterRoleBindings, then RoleBindings, in the order of their lists. */
  readonly bindings: readonly Binding[]
  /** Undefined when there is no such role. `namespace` is the binding's. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined
  /** Roles and subjects held, for the bound on memory. */
  readonly size: number
}

export function loadRbacRules(reader: ObjectReader, logicalCluster: string): MaybePromise<RbacRules> {
  const lists = rbacResources.map((resource) => reader.list({ logicalCluster, group: rbacGroup, resource }))
  const here = lists.filter((list): list is readonly KubeObject[] => !isPromise(list))
  return here.length === lists.length ? collect(here) : Promise.all(lists.map(async (list) => list)).then(collect)
}

/** Lists in the order of `rbacResources`. */
function collect(lists: readonly (readonly KubeObject[])[]): RbacRules {
  const [clusterRoles = [], clusterRoleBindings = [], roles = [], roleBindings = []] = lists
  const rulesByName = new Map<string, unknown>()
  for (const { metadata, rules } of clusterRoles) rulesByName.set(metadata.name ?? '', rules)
  for (const { metadata, rules } of roles) rulesByName.set(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`, rules)
  const bindings: Binding[] = []
  for (const binding of clusterRoleBindings) addBinding(bindings, binding, '')
  for (const binding of roleBindings) addBinding(bindings, binding, binding.metadata.namespace ?? '')
  return {
    bindings,
    size: bindings.reduce((sum, { subjects }) => sum + 1 + subjects.length, rulesByName.size),
    rulesOf(roleRef, namespace) {
      const key = roleKey(roleRef, namespace)
      return key !== undefined && rulesByName.has(key) ? parsedRules(rulesByName.get(key)) : undefined
    },
  }
}

/** A Role is only ever looked up in the namespace of its binding. Names have no slash, so the two kinds never meet. */
function roleKey({ kind, name }: RoleRef, namespace: string): string | undefined {
  if (name.includes('/')) return undefined
  if (kind === 'ClusterRole') return name
  return kind === 'Role' && namespace !== '' ? `${namespace}/${name}` : undefined
}

const rulesByList = new WeakMap<object, readonly PolicyRule[]>()

function parsedRules(list: unknown): readonly PolicyRule[] {
  if (typeof list !== 'object' || list === null) return []
  const known = rulesByList.get(list)
  if (known) return known
  const fresh = parsePolicyRules(list)
  rulesByList.set(list, fresh)
  return fresh
}

const bindingsBySubjects = new WeakMap<object, Binding>()

function addBinding(bindings: Binding[], object: KubeObject, namespace: string): void {
  const { subjects, roleRef } = object
  const name = object.metadata.name ?? ''
  if (!Array.isArray(subjects) || !isRoleRef(roleRef)) return
  const known = bindingsBySubjects.get(subjects)
  if (known && known.roleRef === roleRef && known.name === name && known.namespace === namespace) {
    bindings.push(known)
    return
  }
  const binding = { name, namespace, roleRef, subjects: parseSubjects(subjects, namespace) }
  bindingsBySubjects.set(subjects, binding)
  bindings.push(binding)
}

function parseSubjects(subjects: readonly unknown[], bindingNamespace: string): Binding['subjects'] {
  return subjects.filter(isSubject).flatMap((subject) => {
    const key = subjectKey(subject, bindingNamespace)
    return key === undefined ? [] : [{ key, subject }]
  })
}

/** Undefined for a ServiceAccount of no namespace, which matches nobody. */
function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User') return userKey(name)
  if (kind === 'Group') return groupKey(name)
  const home = namespace || bindingNamespace
  return home === '' ? undefined : userKey(serviceAccountUserName(home, name))
}

export function parseRoleRef({ roleRef }: KubeObject): RoleRef | undefined {
  return isRoleRef(roleRef) ? roleRef : undefined
}

function isRoleRef(value: unknown): value is RoleRef {
  return isRecord(value) && typeof value['kind'] === 'string' && typeof value['name'] === 'string'
}

const subjectKinds = new Set<unknown>(['User', 'Group', 'ServiceAccount'])

function isSubject(value: unknown): value is Subject {
  return isRecord(value) && subjectKinds.has(value['kind']) && typeof value['name'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`, as upstream's reasons name a grant. */
export function describeGrant({ name, namespace, roleRef }: Binding, subject: Subject): string {
  const binding =
    namespace === '' ? `ClusterRoleBinding ${goQuote(name)}` : `RoleBinding ${goQuote(`${name}/${namespace}`)}`
  const whom = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name
  return `${binding} of ${roleRef.kind} ${goQuote(roleRef.name)} to ${subject.kind} ${goQuote(whom)}`
}

/** What the resolution of a binding says when its role is missing. */
export function describeMissingRole({ kind, name }: RoleRef): string {
  if (kind !== 'ClusterRole' && kind !== 'Role') return `unsupported role reference kind: ${goQuote(kind)}`
  return `${kind.toLowerCase()}.${rbacGroup} ${goQuote(name)} not found`
}
