import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported } from '../../../../meta/field-error.ts'
import { validateLabels } from '../../../../meta/labels-validation.ts'
import { checkDns1123Subdomain, checkInRange, checkLabelValue, checkQualifiedName } from '../../../../meta/names.ts'
import { validateAnnotations } from '../../../../meta/object-meta-validation.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import { checkLabelAt, checkOneOf, type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'
import { validateContainers, validateInitContainers } from './container-validation.ts'
import { validateVolumes } from './volume-validation.ts'

const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const maxInt32 = 2_147_483_647

/** The main rules of a pod spec; what they leave out, the schema's enumerations and required fields still check. */
export function validatePodSpec(spec: Fields, path: string, isPod: boolean): FieldErrors {
  const volumes = validateVolumes(spec, path)
  const scope = { volumes: volumes.names, graceSeconds: numberAt(spec, 'terminationGracePeriodSeconds') }
  const errors: FieldError[] = [
    ...volumes.errors,
    ...validateContainers(spec, path, scope),
    ...validateInitContainers(spec, path, scope),
    ...checkHostNetworkPorts(spec, path, isPod),
    ...checkOneOf(spec, path, 'restartPolicy', restartPolicies),
    ...checkOneOf(spec, path, 'dnsPolicy', dnsPolicies),
    ...validateLabels(fieldsAt(spec, 'nodeSelector') as Record<string, string> | undefined, `${path}.nodeSelector`),
  ]
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName']) {
    const name = stringAt(spec, field)
    if (name !== '') errors.push(...invalidFor(`${path}.${field}`, name, checkDns1123Subdomain(name)))
  }
  const deadline = numberAt(spec, 'activeDeadlineSeconds')
  if (deadline !== undefined) {
    errors.push(...invalidFor(`${path}.activeDeadlineSeconds`, deadline, checkInRange(deadline, 1, maxInt32)))
  }
  for (const field of ['hostname', 'subdomain']) {
    const name = stringAt(spec, field)
    if (name !== '') errors.push(...checkLabelAt(`${path}.${field}`, name))
  }
  const tolerations = listAt(spec, 'tolerations')
  return [
    ...errors,
    ...tolerations.flatMap((toleration, index) => validateToleration(toleration, `${path}.tolerations[${index}]`)),
  ]
}

/** On the host's network a host port is its container port; only a pod has to say so. */
function checkHostNetworkPorts(spec: Fields, path: string, isPod: boolean): FieldErrors {
  if (spec['hostNetwork'] !== true) return noErrors
  return listAt(spec, 'containers').flatMap((container, index) =>
    listAt(container, 'ports').flatMap((port, at) => {
      const hostPort = numberAt(port, 'hostPort') ?? 0
      if ((hostPort === 0 && !isPod) || hostPort === numberAt(port, 'containerPort')) return noErrors
      const field = `${path}.containers[${index}].ports[${at}].hostPort`
      return [fieldInvalid(field, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
    }),
  )
}

function validateToleration(toleration: Fields, path: string): FieldErrors {
  const errors: FieldError[] = []
  const key = stringAt(toleration, 'key')
  const operator = stringAt(toleration, 'operator')
  const value = stringAt(toleration, 'value')
  const effect = stringAt(toleration, 'effect')
  if (key !== '') errors.push(...invalidFor(`${path}.key`, key, checkQualifiedName(key)))
  else if (operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(fieldInvalid(`${path}.operator`, operator, detail))
  }
  if (numberAt(toleration, 'tolerationSeconds') !== undefined && effect !== 'NoExecute') {
    const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
    errors.push(fieldInvalid(`${path}.effect`, effect, detail))
  }
  const field = `${path}.operator`
  if (operator === 'Equal' || operator === '') {
    const messages = checkLabelValue(value)
    if (messages.length > 0) errors.push(fieldInvalid(field, value, messages.join(';')))
  } else if (operator === 'Exists') {
    if (value !== '') errors.push(fieldInvalid(field, value, "value must be empty when `operator` is 'Exists'"))
  } else {
    const known = operator === 'Lt' || operator === 'Gt'
    errors.push(fieldNotSupported(field, operator, known ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists']))
  }
  if (effect !== '' && !effects.includes(effect)) errors.push(fieldNotSupported(`${path}.effect`, effect, effects))
  return errors
}

/** `spec.template` of a workload. */
export function validatePodTemplate(template: Fields | undefined, path: string): FieldErrors {
  const metadata = fieldsAt(template, 'metadata')
  const spec = fieldsAt(template, 'spec') ?? {}
  const errors: FieldError[] = [
    ...validateLabels(fieldsAt(metadata, 'labels') as Record<string, string> | undefined, `${path}.labels`),
    ...validateAnnotations(
      fieldsAt(metadata, 'annotations') as Record<string, string> | undefined,
      `${path}.annotations`,
    ),
    ...validatePodSpec(spec, `${path}.spec`, false),
  ]
  if (listAt(spec, 'ephemeralContainers').length > 0) {
    const detail = 'ephemeral containers not allowed in pod template'
    errors.push(fieldForbidden(`${path}.spec.ephemeralContainers`, detail))
  }
  return errors
}
