import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../../../meta/field-error.ts'
import {
  checkConfigMapKey,
  checkDns1123Subdomain,
  checkQualifiedName,
  checkRelaxedEnvVarName,
} from '../../../../meta/names.ts'
import { type Fields, fieldsAt, listAt, stringAt } from '../../fields.ts'
import { type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const volumeFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]
const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
/** Fields of a pod that a fieldPath can name at all. */
const knownFields = new Set([...environmentFields, ...volumeFields, 'spec.restartPolicy', 'status.phase'])
const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const

export function validateEnvironment(container: Fields, path: string): FieldErrors {
  return [
    ...listAt(container, 'env').flatMap((variable, index) => validateVariable(variable, `${path}.env[${index}]`)),
    ...validateEnvFrom(container, `${path}.envFrom`),
  ]
}

function validateVariable(variable: Fields, path: string): FieldErrors {
  const name = stringAt(variable, 'name')
  const errors: FieldError[] =
    name === '' ? [fieldRequired(`${path}.name`)] : [...invalidFor(`${path}.name`, name, checkRelaxedEnvVarName(name))]
  const source = fieldsAt(variable, 'valueFrom')
  if (source) errors.push(...validateSource(source, `${path}.valueFrom`, stringAt(variable, 'value')))
  return errors
}

function validateSource(source: Fields, path: string, value: string): FieldErrors {
  const named = sources.filter((name) => fieldsAt(source, name))
  const errors: FieldError[] = named.flatMap((name) =>
    validateOneSource(name, fieldsAt(source, name) ?? {}, `${path}.${name}`),
  )
  if (named.length === 0) {
    const detail =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    errors.push(fieldInvalid(path, '', detail))
  } else if (value !== '') errors.push(fieldInvalid(path, '', 'may not be specified when `value` is not empty'))
  else if (named.length > 1) errors.push(fieldInvalid(path, '', 'may not have more than one field specified at a time'))
  return errors
}

function validateOneSource(name: (typeof sources)[number], source: Fields, path: string): FieldErrors {
  switch (name) {
    case 'fieldRef':
      return validateFieldRef(source, path, environmentFields)
    case 'resourceFieldRef':
      return validateResourceRef(source, path, false)
    case 'fileKeyRef':
      return noErrors
    default:
      return validateKeyRef(source, path)
  }
}

function validateKeyRef(source: Fields, path: string): FieldErrors {
  const name = stringAt(source, 'name')
  const key = stringAt(source, 'key')
  return [
    ...invalidFor(`${path}.name`, name, checkDns1123Subdomain(name)),
    ...(key === '' ? [fieldRequired(`${path}.key`)] : invalidFor(`${path}.key`, key, checkConfigMapKey(key))),
  ]
}

export function validateFieldRef(source: Fields, path: string, supported: readonly string[]): FieldErrors {
  const fieldPath = stringAt(source, 'fieldPath')
  if (fieldPath === '') return [fieldRequired(`${path}.fieldPath`)]
  const subscripted = /^(.*)\['(.*)'\]$/.exec(fieldPath)
  const field = subscripted?.[1] ?? fieldPath
  const isMap = field === 'metadata.annotations' || field === 'metadata.labels'
  if (!isMap && !knownFields.has(fieldPath) && !(subscripted && knownFields.has(field))) {
    const detail = `error converting fieldPath: field label not supported: ${fieldPath}`
    return [fieldInvalid(`${path}.fieldPath`, fieldPath, detail)]
  }
  if (subscripted) {
    const key = subscripted[2] ?? ''
    if (!isMap) return [fieldInvalid(path, field, 'does not support subscript')]
    const name = field === 'metadata.annotations' ? key.toLowerCase() : key
    return invalidFor(path, name, checkQualifiedName(name))
  }
  return supported.includes(fieldPath) ? noErrors : [fieldNotSupported(`${path}.fieldPath`, fieldPath, supported)]
}

export function validateResourceRef(source: Fields, path: string, inVolume: boolean): FieldErrors {
  if (inVolume && stringAt(source, 'containerName') === '') return [fieldRequired(`${path}.containerName`)]
  const resource = stringAt(source, 'resource')
  if (resource === '') return [fieldRequired(`${path}.resource`)]
  if (resources.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return noErrors
  return [fieldNotSupported(`${path}.resource`, resource, resources)]
}

function validateEnvFrom(container: Fields, path: string): FieldErrors {
  return listAt(container, 'envFrom').flatMap((source, index) => {
    const errors: FieldError[] = []
    const prefix = stringAt(source, 'prefix')
    if (prefix !== '') errors.push(...invalidFor(`${path}[${index}].prefix`, prefix, checkRelaxedEnvVarName(prefix)))
    const named = (['configMapRef', 'secretRef'] as const).filter((name) => fieldsAt(source, name))
    for (const kind of named) {
      const name = stringAt(source, kind, 'name')
      const field = `${path}[${index}].${kind}.name`
      errors.push(...(name === '' ? [fieldRequired(field)] : invalidFor(field, name, checkDns1123Subdomain(name))))
    }
    if (named.length === 0) errors.push(fieldInvalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (named.length > 1) errors.push(fieldInvalid(path, '', 'may not have more than one field specified at a time'))
    return errors
  })
}
