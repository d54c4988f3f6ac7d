import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, numberAt, stringAt, valueAt } from '../../fields.ts'
import { checkImmutable, checkNonNegative, type FieldErrors, noErrors } from '../../validation/field-checks.ts'
import { amountOf, checkAtMostAll, checkIntOrPercent, validateSelectedTemplate } from '../workload-validation.ts'

export function validateDeployment(deployment: KubeObject): FieldErrors {
  const spec = fieldsAt(deployment, 'spec') ?? {}
  return [
    ...checkNonNegative(spec, 'spec', 'replicas'),
    ...validateSelectedTemplate(spec, { kind: 'deployment', owner: 'ReplicaSet' }),
    ...validateStrategy(fieldsAt(spec, 'strategy') ?? {}),
    ...checkNonNegative(spec, 'spec', 'minReadySeconds'),
    ...checkNonNegative(spec, 'spec', 'revisionHistoryLimit'),
    ...checkDeadline(spec),
  ]
}

function checkDeadline(spec: Fields): FieldErrors {
  const deadline = numberAt(spec, 'progressDeadlineSeconds')
  if (deadline === undefined) return noErrors
  const errors = checkNonNegative(spec, 'spec', 'progressDeadlineSeconds')
  if (deadline > (numberAt(spec, 'minReadySeconds') ?? 0)) return errors
  return [...errors, fieldInvalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
}

function validateStrategy(strategy: Fields): FieldErrors {
  const path = 'spec.strategy'
  const rolling = fieldsAt(strategy, 'rollingUpdate')
  switch (stringAt(strategy, 'type')) {
    case 'Recreate': {
      const detail = "may not be specified when strategy `type` is 'Recreate'"
      return rolling ? [fieldForbidden(`${path}.rollingUpdate`, detail)] : noErrors
    }
    case 'RollingUpdate':
      return rolling ? validateRolling(rolling, `${path}.rollingUpdate`) : noErrors
    default:
      return [fieldNotSupported(path, internalForm(strategy), ['Recreate', 'RollingUpdate'])]
  }
}

/** Upstream shows its internal structure. */
function internalForm(strategy: Fields): unknown {
  return { Type: strategy['type'], RollingUpdate: strategy['rollingUpdate'] ?? null }
}

function validateRolling(rolling: Fields, path: string): FieldErrors {
  const errors: FieldError[] = [
    ...checkIntOrPercent(rolling, path, 'maxUnavailable'),
    ...checkIntOrPercent(rolling, path, 'maxSurge'),
  ]
  const unavailable = rolling['maxUnavailable']
  if (amountOf(unavailable) === 0 && amountOf(rolling['maxSurge']) === 0) {
    errors.push(fieldInvalid(`${path}.maxUnavailable`, unavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  return [...errors, ...checkAtMostAll(rolling, path, 'maxUnavailable')]
}

export function validateDeploymentUpdate(deployment: KubeObject, previous: KubeObject): FieldErrors {
  const selector = (object: KubeObject): unknown => valueAt(object, 'spec', 'selector')
  return checkImmutable('spec.selector', selector(deployment), selector(previous))
}

const counters = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
]

export function validateDeploymentStatus(deployment: KubeObject): FieldErrors {
  const status = fieldsAt(deployment, 'status') ?? {}
  const errors: FieldError[] = counters.flatMap((name) => checkNonNegative(status, 'status', name))
  const count = (name: string): number => numberAt(status, name) ?? 0
  for (const name of ['updatedReplicas', 'readyReplicas', 'availableReplicas']) {
    if (count(name) > count('replicas')) {
      errors.push(fieldInvalid(`status.${name}`, count(name), 'cannot be greater than status.replicas'))
    }
  }
  if (count('availableReplicas') > count('readyReplicas')) {
    const detail = 'cannot be greater than readyReplicas'
    errors.push(fieldInvalid('status.availableReplicas', count('availableReplicas'), detail))
  }
  return errors
}
