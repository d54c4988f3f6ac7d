import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
} from '../../../../meta/field-error.ts'
import { checkPortName } from '../../../../meta/names.ts'
import { booleanAt, type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import {
  checkDescendingPath,
  checkLabelAt,
  checkOneOf,
  checkPortNumberAt,
  checkRequired,
  type FieldErrors,
  invalidFor,
  noErrors,
} from '../../validation/field-checks.ts'
import { validateEnvironment } from './environment-validation.ts'
import { validateLifecycle, validateProbes } from './handler-validation.ts'
import { validateContainerResources } from './resource-validation.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
const pullPolicies = ['Always', 'IfNotPresent', 'Never']
const messagePolicies = ['File', 'FallbackToLogsOnError']
const restartPolicies = ['Always', 'Never', 'OnFailure']
const propagations = ['Bidirectional', 'HostToContainer', 'None']

/** What the containers of one pod spec share. */
export interface PodScope {
  readonly volumes: ReadonlySet<string>
  readonly graceSeconds: number | undefined
}

export function validateContainers(spec: Fields, path: string, scope: PodScope): FieldErrors {
  const containers = listAt(spec, 'containers')
  if (containers.length === 0) return [fieldRequired(`${path}.containers`)]
  const names = new Set<string>()
  const errors: FieldError[] = containers.flatMap((container, index) => {
    const own = `${path}.containers[${index}]`
    return [
      ...validateCommon(container, own, scope),
      ...checkUnique(container, own, names),
      ...validateLifecycle(container, own, scope.graceSeconds),
      ...validateProbes(container, own),
      ...checkRestartPolicy(container, own),
    ]
  })
  return [...errors, ...checkHostPorts(containers, `${path}.containers`)]
}

export function validateInitContainers(spec: Fields, path: string, scope: PodScope): FieldErrors {
  const names = new Set(listAt(spec, 'containers').map((container) => stringAt(container, 'name')))
  return listAt(spec, 'initContainers').flatMap((container, index) => {
    const own = `${path}.initContainers[${index}]`
    return [
      ...validateCommon(container, own, scope),
      ...checkRestartPolicy(container, own),
      ...checkUnique(container, own, names),
      ...checkHostPorts([container], `${path}.initContainers`),
      ...(container['restartPolicy'] === 'Always'
        ? [...validateLifecycle(container, own, scope.graceSeconds), ...validateProbes(container, own)]
        : forbidProbes(container, own)),
    ]
  })
}

function forbidProbes(container: Fields, path: string): FieldErrors {
  const fields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']
  const detail = 'may not be set for init containers without restartPolicy=Always'
  return fields.filter((field) => fieldsAt(container, field)).map((field) => fieldForbidden(`${path}.${field}`, detail))
}

function checkUnique(container: Fields, path: string, names: Set<string>): FieldErrors {
  const name = stringAt(container, 'name')
  if (names.has(name)) return [fieldDuplicate(`${path}.name`, name)]
  names.add(name)
  return noErrors
}

function checkRestartPolicy(container: Fields, path: string): FieldErrors {
  const policy = container['restartPolicy']
  if (typeof policy !== 'string' || restartPolicies.includes(policy)) return noErrors
  return [fieldNotSupported(`${path}.restartPolicy`, policy, restartPolicies)]
}

function validateCommon(container: Fields, path: string, scope: PodScope): FieldErrors {
  const name = stringAt(container, 'name')
  return [
    ...(name === '' ? [fieldRequired(`${path}.name`)] : checkLabelAt(`${path}.name`, name)),
    ...checkRequired(container, path, 'image'),
    ...checkOneOf(container, path, 'terminationMessagePolicy', messagePolicies),
    ...validatePorts(container, path),
    ...validateEnvironment(container, path),
    ...validateMounts(container, path, scope.volumes),
    ...checkOneOf(container, path, 'imagePullPolicy', pullPolicies),
    ...validateContainerResources(container, path),
    ...validateSecurityContext(container, path),
  ]
}

function validatePorts(container: Fields, owner: string): FieldErrors {
  const names = new Set<string>()
  return listAt(container, 'ports').flatMap((port, index) => {
    const path = `${owner}.ports[${index}]`
    const errors: FieldError[] = []
    const name = stringAt(port, 'name')
    const wrong = name === '' ? noErrors : invalidFor(`${path}.name`, name, checkPortName(name))
    errors.push(...wrong)
    if (name !== '' && wrong.length === 0) {
      if (names.has(name)) errors.push(fieldDuplicate(`${path}.name`, name))
      names.add(name)
    }
    const number = numberAt(port, 'containerPort') ?? 0
    if (number === 0) errors.push(fieldRequired(`${path}.containerPort`))
    else errors.push(...checkPortNumberAt(`${path}.containerPort`, number))
    const hostPort = numberAt(port, 'hostPort') ?? 0
    if (hostPort !== 0) errors.push(...checkPortNumberAt(`${path}.hostPort`, hostPort))
    return [...errors, ...checkOneOf(port, path, 'protocol', protocols)]
  })
}

function checkHostPorts(containers: readonly Fields[], path: string): FieldErrors {
  const seen = new Set<string>()
  return containers.flatMap((container, index) =>
    listAt(container, 'ports').flatMap((port, at) => {
      const number = numberAt(port, 'hostPort') ?? 0
      if (number === 0) return noErrors
      const key = `${stringAt(port, 'protocol')}/${stringAt(port, 'hostIP')}/${number}`
      if (seen.has(key)) return [fieldDuplicate(`${path}[${index}].ports[${at}].hostPort`, key)]
      seen.add(key)
      return noErrors
    }),
  )
}

function validateMounts(container: Fields, owner: string, volumes: ReadonlySet<string>): FieldErrors {
  const path = `${owner}.volumeMounts`
  const points = new Set<string>()
  return listAt(container, 'volumeMounts').flatMap((mount, index) => {
    const own = `${path}[${index}]`
    const errors: FieldError[] = []
    const name = stringAt(mount, 'name')
    if (name === '') errors.push(fieldRequired(`${own}.name`))
    if (!volumes.has(name)) errors.push(fieldNotFound(`${own}.name`, name))
    const point = stringAt(mount, 'mountPath')
    if (point === '') errors.push(fieldRequired(`${own}.mountPath`))
    if (points.has(point)) errors.push(fieldInvalid(`${own}.mountPath`, point, 'must be unique'))
    points.add(point)
    // Upstream names the list, not the mount, in these.
    const subPath = stringAt(mount, 'subPath')
    if (subPath !== '') errors.push(...checkDescendingPath(`${path}.subPath`, subPath))
    const expression = stringAt(mount, 'subPathExpr')
    if (expression !== '') {
      const exclusive = 'subPathExpr and subPath are mutually exclusive'
      if (subPath !== '') errors.push(fieldInvalid(`${own}.subPathExpr`, expression, exclusive))
      errors.push(...checkDescendingPath(`${path}.subPathExpr`, expression))
    }
    return [...errors, ...checkPropagation(mount, container, path)]
  })
}

function checkPropagation(mount: Fields, container: Fields, path: string): FieldErrors {
  const propagation = mount['mountPropagation']
  if (typeof propagation !== 'string') return noErrors
  const field = `${path}.mountPropagation`
  if (!propagations.includes(propagation)) return [fieldNotSupported(field, propagation, propagations)]
  if (propagation !== 'Bidirectional' || booleanAt(container, 'securityContext', 'privileged')) return noErrors
  return [fieldForbidden(field, 'Bidirectional mount propagation is available only to privileged containers')]
}

function validateSecurityContext(container: Fields, owner: string): FieldErrors {
  const context = fieldsAt(container, 'securityContext')
  if (context === undefined) return noErrors
  const path = `${owner}.securityContext`
  const errors: FieldError[] = []
  for (const field of ['runAsUser', 'runAsGroup']) {
    const id = numberAt(context, field)
    if (id !== undefined && (id < 0 || id > 2_147_483_647)) {
      errors.push(fieldInvalid(`${path}.${field}`, id, 'must be between 0 and 2147483647, inclusive'))
    }
  }
  if (booleanAt(context, 'allowPrivilegeEscalation') !== false) return errors
  const cannot = (why: string) =>
    errors.push(fieldInvalid(path, context, `cannot set \`allowPrivilegeEscalation\` to false and ${why}`))
  if (booleanAt(context, 'privileged')) cannot('`privileged` to true')
  return errors
}
