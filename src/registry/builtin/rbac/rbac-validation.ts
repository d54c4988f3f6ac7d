import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../../meta/field-error.ts'
import { validateLabelSelector } from '../../../meta/label-selector.ts'
import { checkDns1123Subdomain, checkPathSegmentName } from '../../../meta/names.ts'
import type { KubeObject } from '../../../meta/object.ts'
import { equalJson } from '../../schema/json-value.ts'
import { type Fields, fieldsAt, listAt, stringAt, stringsAt } from '../fields.ts'
import { checkRequired, type FieldErrors, invalidFor, noErrors } from '../validation/field-checks.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'

export function validateRole(role: KubeObject): FieldErrors {
  return validateRules(role, true)
}

export function validateClusterRole(role: KubeObject): FieldErrors {
  return [...validateRules(role, false), ...validateAggregation(role)]
}

function validateRules(role: KubeObject, namespaced: boolean): FieldErrors {
  return listAt(role, 'rules').flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`))
}

function validateRule(rule: Fields, namespaced: boolean, path: string): FieldErrors {
  const errors: FieldError[] = []
  const isEmpty = (field: string): boolean => stringsAt(rule, field).length === 0
  if (isEmpty('verbs')) errors.push(fieldRequired(`${path}.verbs`, 'verbs must contain at least one value'))
  if (!isEmpty('nonResourceURLs')) {
    const urls = (detail: string) =>
      errors.push(fieldInvalid(`${path}.nonResourceURLs`, rule['nonResourceURLs'], detail))
    if (namespaced) urls('namespaced rules cannot apply to non-resource URLs')
    if (!['apiGroups', 'resources', 'resourceNames'].every(isEmpty)) {
      urls('rules cannot apply to both regular resources and non-resource URLs')
    }
    return errors
  }
  if (isEmpty('apiGroups')) {
    errors.push(fieldRequired(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (isEmpty('resources')) {
    errors.push(fieldRequired(`${path}.resources`, 'resource rules must supply at least one resource'))
  }
  return errors
}

function validateAggregation(role: KubeObject): FieldErrors {
  const aggregation = fieldsAt(role, 'aggregationRule')
  if (aggregation === undefined) return noErrors
  const field = 'aggregationRule.clusterRoleSelectors'
  const selectors = listAt(aggregation, 'clusterRoleSelectors')
  if (selectors.length === 0) {
    return [fieldRequired(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  }
  return selectors.flatMap((selector, index) => {
    const errors = validateLabelSelector(selector, `${field}[${index}]`)
    if (errors.length > 0) errors.push(fieldInvalid(`${field}[${index}]`, null, 'invalid label selector.'))
    return errors
  })
}

export function validateRoleBinding(binding: KubeObject): FieldErrors {
  return validateBinding(binding, true)
}

export function validateClusterRoleBinding(binding: KubeObject): FieldErrors {
  return validateBinding(binding, false)
}

function validateBinding(binding: KubeObject, namespaced: boolean): FieldErrors {
  const errors: FieldError[] = []
  const group = stringAt(binding, 'roleRef', 'apiGroup')
  if (group !== rbacGroup) errors.push(fieldNotSupported('roleRef.apiGroup', group, [rbacGroup]))
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const kind = stringAt(binding, 'roleRef', 'kind')
  if (!kinds.includes(kind)) errors.push(fieldNotSupported('roleRef.kind', kind, kinds))
  const name = stringAt(binding, 'roleRef', 'name')
  errors.push(
    ...(name === '' ? [fieldRequired('roleRef.name')] : invalidFor('roleRef.name', name, checkPathSegmentName(name))),
  )
  for (const [index, subject] of listAt(binding, 'subjects').entries()) {
    errors.push(...validateSubject(subject, namespaced, `subjects[${index}]`))
  }
  return errors
}

function validateSubject(subject: Fields, namespaced: boolean, path: string): FieldErrors {
  const errors: FieldError[] = [...checkRequired(subject, path, 'name')]
  const name = stringAt(subject, 'name')
  const group = stringAt(subject, 'apiGroup')
  const kind = stringAt(subject, 'kind')
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...invalidFor(`${path}.name`, name, checkDns1123Subdomain(name)))
      if (group !== '') errors.push(fieldNotSupported(`${path}.apiGroup`, group, ['']))
      if (!namespaced) errors.push(...checkRequired(subject, path, 'namespace'))
      break
    case 'User':
    case 'Group':
      if (group !== rbacGroup) errors.push(fieldNotSupported(`${path}.apiGroup`, group, [rbacGroup]))
      break
    default:
      errors.push(fieldNotSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
  }
  return errors
}

export function validateBindingUpdate(binding: KubeObject, previous: KubeObject): FieldErrors {
  const roleRef = fieldsAt(binding, 'roleRef') ?? {}
  if (equalJson(roleRef, fieldsAt(previous, 'roleRef') ?? {})) return noErrors
  // Upstream shows its internal structure.
  const shown = { APIGroup: roleRef['apiGroup'], Kind: roleRef['kind'], Name: roleRef['name'] }
  return [fieldInvalid('roleRef', shown, 'cannot change roleRef')]
}
