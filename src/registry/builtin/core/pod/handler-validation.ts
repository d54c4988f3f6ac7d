import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../../meta/field-error.ts'
import { checkHttpHeaderName } from '../../../../meta/names.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'
import { checkNonNegative, checkPortAt, type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'

const schemes = ['HTTP', 'HTTPS']
const probeHandlers = ['exec', 'httpGet', 'tcpSocket', 'grpc']
const hookHandlers = ['exec', 'httpGet', 'tcpSocket', 'sleep']

export function validateProbes(container: Fields, path: string): FieldErrors {
  return [
    ...validateProbe(container, path, 'livenessProbe'),
    ...validateProbe(container, path, 'readinessProbe'),
    ...validateProbe(container, path, 'startupProbe'),
  ]
}

function validateProbe(container: Fields, owner: string, name: string): FieldErrors {
  const probe = fieldsAt(container, name)
  if (probe === undefined) return noErrors
  const path = `${owner}.${name}`
  const errors: FieldError[] = [...validateHandler(probe, path, probeHandlers, undefined)]
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    errors.push(...checkNonNegative(probe, path, field))
  }
  const graceField = `${path}.terminationGracePeriodSeconds`
  const grace = numberAt(probe, 'terminationGracePeriodSeconds')
  if (grace !== undefined && grace <= 0) errors.push(fieldInvalid(graceField, grace, 'must be greater than 0'))
  if (name === 'readinessProbe') {
    if (grace !== undefined) errors.push(fieldInvalid(graceField, grace, 'must not be set for readinessProbes'))
  } else if (numberAt(probe, 'successThreshold') !== 1) {
    errors.push(fieldInvalid(`${path}.successThreshold`, numberAt(probe, 'successThreshold') ?? 0, 'must be 1'))
  }
  return errors
}

export function validateLifecycle(container: Fields, owner: string, graceSeconds: number | undefined): FieldErrors {
  const lifecycle = fieldsAt(container, 'lifecycle')
  return ['postStart', 'preStop'].flatMap((hook) => {
    const handler = fieldsAt(lifecycle, hook)
    return handler ? validateHandler(handler, `${owner}.lifecycle.${hook}`, hookHandlers, graceSeconds) : noErrors
  })
}

function validateHandler(
  handler: Fields,
  path: string,
  kinds: readonly string[],
  graceSeconds: number | undefined,
): FieldErrors {
  const [first, ...more] = kinds.filter((kind) => fieldsAt(handler, kind))
  if (first === undefined) return [fieldRequired(path, 'must specify a handler type')]
  const action = fieldsAt(handler, first) ?? {}
  return [
    ...validateAction(first, action, `${path}.${first}`, graceSeconds),
    ...more.map((kind) => fieldForbidden(`${path}.${kind}`, 'may not specify more than 1 handler type')),
  ]
}

function validateAction(kind: string, action: Fields, path: string, graceSeconds: number | undefined): FieldErrors {
  switch (kind) {
    case 'exec':
      return stringsAt(action, 'command').length === 0 ? [fieldRequired(`${path}.command`)] : noErrors
    case 'httpGet':
      return validateHttpGet(action, path)
    case 'sleep': {
      const seconds = numberAt(action, 'seconds') ?? 0
      if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return noErrors
      const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`
      return [fieldInvalid(path, seconds, detail)]
    }
    default:
      return checkPortAt(`${path}.port`, action['port'])
  }
}

function validateHttpGet(action: Fields, path: string): FieldErrors {
  const errors: FieldError[] = [...checkPortAt(`${path}.port`, action['port'])]
  const scheme = stringAt(action, 'scheme')
  if (!schemes.includes(scheme)) errors.push(fieldNotSupported(`${path}.scheme`, scheme, schemes))
  for (const header of listAt(action, 'httpHeaders')) {
    const name = stringAt(header, 'name')
    errors.push(...invalidFor(`${path}.httpHeaders`, name, checkHttpHeaderName(name)))
  }
  return errors
}
