import { type FieldError, fieldInvalid, fieldRequired } from '../../../../meta/field-error.ts'
import { checkQualifiedName } from '../../../../meta/names.ts'
import { compareQuantities, formatQuantity, fromInt64, quantityToMilli } from '../../../../meta/quantity.ts'
import { type Fields, fieldsAt } from '../../fields.ts'
import { type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'
import { quantityOf } from '../resource-list.ts'

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage'])
const standardResources = new Set([
  ...containerResources,
  'storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])

/** `limits` and `requests` of a container. */
export function validateContainerResources(container: Fields, owner: string): FieldErrors {
  const path = `${owner}.resources`
  const limits = fieldsAt(container, 'resources', 'limits') ?? {}
  const requests = fieldsAt(container, 'resources', 'requests') ?? {}
  return [
    ...Object.entries(limits).flatMap(([name, amount]) => validateAmount(name, amount, `${path}.limits[${name}]`)),
    ...Object.entries(requests).flatMap(([name, amount]) => [
      ...validateAmount(name, amount, `${path}.requests[${name}]`),
      ...compareWithLimit(name, amount, limits, path),
    ]),
  ]
}

function validateAmount(name: string, amount: unknown, field: string): FieldErrors {
  const errors: FieldError[] = [...validateName(name, field)]
  const quantity = quantityOf(amount)
  if (quantity === undefined) return errors
  if (quantity.mantissa < 0n) errors.push(fieldInvalid(field, amount, 'must be greater than or equal to 0'))
  if (isExtended(name) && quantityToMilli(quantity) % 1000n !== 0n) {
    errors.push(fieldInvalid(field, amount, 'must be an integer'))
  }
  return errors
}

function validateName(name: string, field: string): FieldErrors {
  const errors = invalidFor(field, name, checkQualifiedName(name))
  if (errors.length > 0) return errors
  if (name.includes('/')) {
    const native = name.split('/')[0]?.endsWith('kubernetes.io') ?? false
    if (native || isExtended(name)) return noErrors
    return [fieldInvalid(field, name, "doesn't follow extended resource name standard")]
  }
  if (containerResources.has(name) || name.startsWith('hugepages-')) return noErrors
  const notForContainers = fieldInvalid(field, name, 'must be a standard resource for containers')
  if (standardResources.has(name)) return [notForContainers]
  return [fieldInvalid(field, name, 'must be a standard resource type or fully qualified'), notForContainers]
}

function isExtended(name: string): boolean {
  const [domain = ''] = name.split('/')
  return name.includes('/') && !domain.endsWith('kubernetes.io') && !name.startsWith('requests.')
}

function compareWithLimit(name: string, amount: unknown, limits: Fields, path: string): FieldErrors {
  const exact = isExtended(name) || name.startsWith('hugepages-')
  const limit = Object.hasOwn(limits, name) ? quantityOf(limits[name]) : undefined
  const request = quantityOf(amount) ?? fromInt64(0)
  if (limit === undefined) {
    return exact ? [fieldRequired(`${path}.limits`, 'Limit must be set for non overcommitable resources')] : noErrors
  }
  const order = compareQuantities(request, limit)
  if (exact ? order === 0 : order <= 0) return noErrors
  const relation = exact ? 'equal' : 'less than or equal'
  const detail = `must be ${relation} to ${name} limit of ${formatQuantity(limit)}`
  return [fieldInvalid(`${path}.requests`, formatQuantity(request), detail)]
}
