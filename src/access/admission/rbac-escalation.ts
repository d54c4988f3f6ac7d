import { isDeepStrictEqual } from 'node:util'
import { notFound } from '../../meta/api-errors.ts'
import { goQuote } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import { listAt } from '../../registry/builtin/fields.ts'
import { isSystemMaster } from '../authentication/identity.ts'
import { resourceAttributes, type Authorizer } from '../authorization/attributes.ts'
import {
  describeRules,
  parsePolicyRules,
  quoteList,
  TooManyRulesError,
  uncoveredRules,
  type PolicyRule,
} from '../authorization/policy-rule.ts'
import { parseRoleRef, rbacGroup, rbacResources } from '../authorization/rbac-rules.ts'
import type { RuleResolver } from '../authorization/rbac-authorizer.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
]

/**
 * Nobody grants what they do not hold: a role needs all of its rules or the verb `escalate`, a binding all rules of the
 * role or the verb `bind`. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function createRbacEscalation(authorizer: Authorizer, resolver: RuleResolver): AdmissionPlugin {
  return {
    name: 'RbacEscalation',
    handles: ({ operation, group, resource, subresource }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      group === rbacGroup &&
      subresource === '' &&
      rbacResources.includes(resource),
    validate: (attributes) => {
      const { object, oldObject, user } = attributes
      if (!object || isSystemMaster(user) || (oldObject && changesOnlyOwnership(object, oldObject))) return undefined
      const isRole = attributes.resource === 'roles' || attributes.resource === 'clusterroles'
      return isRole ? checkRole(attributes, object) : checkBinding(attributes, object)
    },
  }

  async function checkRole(attributes: AdmissionAttributes, role: KubeObject): Promise<void> {
    const { user, logicalCluster, resource, namespace, name } = attributes
    const target = { group: rbacGroup, version: '*', resource, namespace, name }
    const { allowed } = await authorizer.authorize(resourceAttributes(user, logicalCluster, 'escalate', target))
    if (allowed) return
    await requireHeld(attributes, parsePolicyRules(role['rules']))
    if (!aggregates(role) && !(attributes.oldObject && aggregates(attributes.oldObject))) return
    const { rules } = await resolver.rulesFor(user, logicalCluster, '')
    if (uncoveredRules(rules, fullAuthority).length > 0)
      throw admissionForbidden(attributes, 'must have cluster-admin privileges to use the aggregationRule')
  }

  async function checkBinding(attributes: AdmissionAttributes, binding: KubeObject): Promise<void> {
    const { user, logicalCluster, namespace } = attributes
    const roleRef = parseRoleRef(binding)
    if (!roleRef) return // validation has said so already
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
    const target = { group: rbacGroup, version: '*', resource, namespace, name: roleRef.name }
    const { allowed } = await authorizer.authorize(resourceAttributes(user, logicalCluster, 'bind', target))
    if (allowed) return
    const rules = await resolver.rulesOfRole(roleRef, logicalCluster, namespace)
    if (!rules) throw notFound({ group: rbacGroup, resource: roleRef.kind.toLowerCase() }, roleRef.name)
    await requireHeld(attributes, rules)
  }

  async function requireHeld(attributes: AdmissionAttributes, wanted: readonly PolicyRule[]): Promise<void> {
    const { user, logicalCluster, namespace } = attributes
    const { rules: held, errors } = await resolver.rulesFor(user, logicalCluster, namespace)
    const missing = uncovered(attributes, held, wanted)
    if (missing.length === 0) return
    const who = `user ${goQuote(user.name)} (groups=${quoteList(user.groups)})`
    const unresolved = errors.length > 0 ? `; resolution errors: [${errors.join(', ')}]` : ''
    const what = `is attempting to grant RBAC permissions not currently held:\n${describeRules(missing)}${unresolved}`
    throw admissionForbidden(attributes, `${who} ${what}`)
  }
}

function uncovered(
  attributes: AdmissionAttributes,
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  try {
    return uncoveredRules(held, wanted)
  } catch (error) {
    if (error instanceof TooManyRulesError) throw admissionForbidden(attributes, error.message)
    throw error
  }
}

function aggregates(role: KubeObject): boolean {
  return listAt(role, 'aggregationRule', 'clusterRoleSelectors').length > 0
}

/** What the garbage collector changes needs no rights over the rules. */
function changesOnlyOwnership(object: KubeObject, oldObject: KubeObject): boolean {
  return isDeepStrictEqual(withoutOwnership(object), withoutOwnership(oldObject))
}

function withoutOwnership({ metadata, ...rest }: KubeObject): unknown {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    managedFields: _fields,
    selfLink: _link,
    ...kept
  } = metadata
  return { ...rest, metadata: kept }
}
