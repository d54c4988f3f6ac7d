import type { Identity } from '../../client/transport.ts'
import { badRequest, invalid } from '../../meta/api-errors.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import { fieldsAt, listAt, stringAt, stringsAt } from '../../registry/builtin/fields.ts'
import type { OperationContext, VirtualCreate } from '../../registry/resource-definition.ts'
import { logicalClusterExtra, parseServiceAccountUserName } from '../authentication/identity.ts'
import { pathAttributes, resourceAttributes, type AuthorizationAttributes, type Authorizer } from './attributes.ts'
import type { RuleResolver } from './rbac-authorizer.ts'
import { joinErrors } from './user-rules.ts'

const group = 'authorization.k8s.io'
const apiVersion = `${group}/v1`

export interface AccessReviews {
  readonly subjectAccessReview: VirtualCreate
  readonly localSubjectAccessReview: VirtualCreate
  readonly selfSubjectAccessReview: VirtualCreate
  readonly selfSubjectRulesReview: VirtualCreate
}

/** The review kinds of `authorization.k8s.io`: each asks the authorizer about the logical cluster it was posted to. */
export function createAccessReviews(authorizer: Authorizer, rules: RuleResolver): AccessReviews {
  const answer = async (
    kind: string,
    object: KubeObject,
    user: Identity,
    context: OperationContext,
  ): Promise<KubeObject> => {
    const attributes = attributesOf(object['spec'], user, context.logicalCluster)
    const { allowed, reason } = await authorizer.authorize(attributes)
    const status = { allowed, ...(reason === '' ? {} : { reason }) }
    return { kind, apiVersion, metadata: object.metadata, spec: object['spec'], status }
  }
  return {
    subjectAccessReview: async (object, context) => {
      const kind = 'SubjectAccessReview'
      const spec = object['spec']
      refuse(kind, [...specErrors(spec), ...subjectErrors(spec), ...metadataErrors(object, false)])
      return answer(kind, object, subjectOf(spec, context.logicalCluster), context)
    },
    localSubjectAccessReview: async (object, context) => {
      const kind = 'LocalSubjectAccessReview'
      const spec = object['spec']
      refuse(kind, [
        ...specErrors(spec),
        ...subjectErrors(spec),
        ...metadataErrors(object, true),
        ...localErrors(spec, object),
      ])
      if (context.namespace === '') throw badRequest('namespace is required on this type: ')
      if (context.namespace !== (object.metadata.namespace ?? ''))
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${context.namespace}`)
      return answer(kind, object, subjectOf(spec, context.logicalCluster), context)
    },
    selfSubjectAccessReview: async (object, context) => {
      const kind = 'SelfSubjectAccessReview'
      refuse(kind, [...specErrors(object['spec']), ...metadataErrors(object, false)])
      return answer(kind, object, context.user, context)
    },
    selfSubjectRulesReview: async (object, context) => reviewRules(rules, object, context),
  }
}

async function reviewRules(resolver: RuleResolver, object: KubeObject, context: OperationContext): Promise<KubeObject> {
  const namespace = stringAt(object, 'spec', 'namespace')
  if (namespace === '') throw badRequest('no namespace on request')
  const { rules, errors } = await resolver.rulesFor(context.user, context.logicalCluster, namespace)
  const resourceRules = rules
    .filter(({ resources }) => resources.length > 0)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      apiGroups,
      resources,
      ...(resourceNames.length > 0 ? { resourceNames } : {}),
    }))
  const nonResourceRules = rules
    .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }))
  const evaluationError = errors.length > 0 ? { evaluationError: joinErrors(errors) } : {}
  const status = { resourceRules, nonResourceRules, incomplete: false, ...evaluationError }
  return { kind: 'SelfSubjectRulesReview', apiVersion, metadata: { creationTimestamp: null }, spec: {}, status }
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group, kind }, '', errors)
}

function specErrors(spec: unknown): FieldError[] {
  const resource = fieldsAt(spec, 'resourceAttributes')
  const path = fieldsAt(spec, 'nonResourceAttributes')
  if (resource && path)
    return [
      fieldInvalid('spec.nonResourceAttributes', path, 'cannot be specified in combination with resourceAttributes'),
    ]
  if (!resource && !path) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    return [fieldInvalid('spec.resourceAttributes', null, why)]
  }
  return (['fieldSelector', 'labelSelector'] as const).flatMap((name) =>
    selectorErrors(fieldsAt(resource, name), `spec.resourceAttributes.${name}`),
  )
}

function selectorErrors(selector: unknown, path: string): FieldError[] {
  if (!selector) return []
  const rawSelector = stringAt(selector, 'rawSelector')
  const hasRequirements = listAt(selector, 'requirements').length > 0
  if (rawSelector !== '' && hasRequirements)
    return [fieldInvalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')]
  if (rawSelector !== '' || hasRequirements) return []
  return [fieldRequired(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)]
}

function subjectErrors(spec: unknown): FieldError[] {
  const hasSubject = stringAt(spec, 'user') !== '' || stringsAt(spec, 'groups').length > 0
  return hasSubject
    ? []
    : [fieldInvalid('spec.user', stringAt(spec, 'user'), 'at least one of user or group must be specified')]
}

function metadataErrors({ metadata }: KubeObject, namespaceAllowed: boolean): FieldError[] {
  const harmless = new Set(['managedFields', 'creationTimestamp', ...(namespaceAllowed ? ['namespace'] : [])])
  const given = Object.entries(metadata).filter(([name, value]) => value !== undefined && !harmless.has(name))
  if (given.length === 0) return []
  return [fieldInvalid('metadata', metadata, namespaceAllowed ? 'must be empty except for namespace' : 'must be empty')]
}

function localErrors(spec: unknown, { metadata }: KubeObject): FieldError[] {
  const path = fieldsAt(spec, 'nonResourceAttributes')
  if (path) return [fieldInvalid('spec.nonResourceAttributes', path, 'disallowed on this kind of request')]
  const namespace = stringAt(spec, 'resourceAttributes', 'namespace')
  if (namespace === (metadata.namespace ?? '')) return []
  return [fieldInvalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')]
}

/**
 * The reviewed user counts as one of the whole hub, unless its extras say where it belongs. A ServiceAccount's name
 * without extras, as most askers send it, means the one of this workspace.
 */
function subjectOf(spec: unknown, logicalCluster: string): Identity {
  const name = stringAt(spec, 'user')
  const given = Object.entries(fieldsAt(spec, 'extra') ?? {})
  const extra = new Map(given.map(([key, values]) => [key, stringsAt({ values }, 'values')]))
  if (parseServiceAccountUserName(name) && !extra.has(logicalClusterExtra))
    extra.set(logicalClusterExtra, [logicalCluster])
  return {
    name,
    groups: stringsAt(spec, 'groups'),
    ...(stringAt(spec, 'uid') === '' ? {} : { uid: stringAt(spec, 'uid') }),
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
  }
}

function attributesOf(spec: unknown, user: Identity, logicalCluster: string): AuthorizationAttributes {
  const asked = fieldsAt(spec, 'resourceAttributes')
  if (!asked) {
    const path = fieldsAt(spec, 'nonResourceAttributes')
    return pathAttributes(user, logicalCluster, stringAt(path, 'verb'), stringAt(path, 'path'))
  }
  return resourceAttributes(user, logicalCluster, stringAt(asked, 'verb'), {
    group: stringAt(asked, 'group'),
    version: stringAt(asked, 'version') || '*',
    resource: stringAt(asked, 'resource'),
    subresource: stringAt(asked, 'subresource'),
    namespace: stringAt(asked, 'namespace'),
    name: stringAt(asked, 'name'),
  })
}
