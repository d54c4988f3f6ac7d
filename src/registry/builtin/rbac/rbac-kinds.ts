import { nameIsPathSegment } from '../../../meta/names.ts'
import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import type { FieldErrors } from '../validation/field-checks.ts'
import {
  rbacGroup,
  validateBindingUpdate,
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
} from './rbac-validation.ts'
import { defaultZero, fieldsAt, listAt, nullWhenEmpty, stringAt } from '../fields.ts'

const group = rbacGroup
type Validate = (object: KubeObject) => FieldErrors

function defaultBinding(binding: KubeObject): void {
  const roleRef = fieldsAt(binding, 'roleRef')
  if (roleRef) defaultZero(roleRef, 'apiGroup', group)
  for (const subject of listAt(binding, 'subjects')) {
    if (subject['kind'] === 'User' || subject['kind'] === 'Group') defaultZero(subject, 'apiGroup', group)
  }
}

function subjectsCell(kind: string, format: (namespace: string, name: string) => string) {
  return (binding: KubeObject): string =>
    listAt(binding, 'subjects')
      .filter((subject) => subject['kind'] === kind)
      .map((subject) => format(stringAt(subject, 'namespace'), stringAt(subject, 'name')))
      .join(', ')
}

const bindingCells = {
  Role: (binding: KubeObject) => `${stringAt(binding, 'roleRef', 'kind')}/${stringAt(binding, 'roleRef', 'name')}`,
  Users: subjectsCell('User', (_, name) => name),
  Groups: subjectsCell('Group', (_, name) => name),
  ServiceAccounts: subjectsCell('ServiceAccount', (namespace, name) => `${namespace}/${name}`),
}

function roleKind(resource: string, validate: Validate): BuiltinKind {
  return {
    group,
    resource,
    strategy: {
      generation: 'none',
      allowCreateOnUpdate: true,
      validateName: nameIsPathSegment,
      validate,
      applyDefaults: (role) => nullWhenEmpty(role, 'rules'),
    },
  }
}

function bindingKind(resource: string, validate: Validate): BuiltinKind {
  return {
    group,
    resource,
    strategy: {
      generation: 'none',
      allowCreateOnUpdate: true,
      validateName: nameIsPathSegment,
      applyDefaults: defaultBinding,
      validate,
      validateUpdate: validateBindingUpdate,
    },
    cells: bindingCells,
  }
}

export const rbacKinds: readonly BuiltinKind[] = [
  roleKind('roles', validateRole),
  roleKind('clusterroles', validateClusterRole),
  bindingKind('rolebindings', validateRoleBinding),
  bindingKind('clusterrolebindings', validateClusterRoleBinding),
]
