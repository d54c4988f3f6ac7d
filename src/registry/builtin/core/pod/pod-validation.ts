import { type FieldError, fieldForbidden } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { equalJson } from '../../../schema/json-value.ts'
import { type Fields, fieldsAt, listAt } from '../../fields.ts'
import { type FieldErrors, noErrors } from '../../validation/field-checks.ts'
import { validatePodSpec } from './pod-spec-validation.ts'

const mutable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function validatePod(pod: KubeObject): FieldErrors {
  return validatePodSpec(fieldsAt(pod, 'spec') ?? {}, 'spec', true)
}

export function validatePodUpdate(pod: KubeObject, previous: KubeObject): FieldErrors {
  const errors: FieldError[] = []
  const now = fieldsAt(pod, 'spec') ?? {}
  const before = fieldsAt(previous, 'spec') ?? {}
  for (const field of ['containers', 'initContainers']) {
    if (listAt(now, field).length !== listAt(before, field).length) {
      errors.push(fieldForbidden(`spec.${field}`, 'pod updates may not add or remove containers'))
    }
  }
  if (errors.length > 0) return errors
  if (!keepsTolerations(now, before)) {
    errors.push(
      fieldForbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
    )
  }
  return equalJson(fixedPart(now), fixedPart(before)) ? errors : [...errors, fieldForbidden('spec', mutable)]
}

function keepsTolerations(now: Fields, before: Fields): boolean {
  const identity = (toleration: Fields): string => JSON.stringify({ ...toleration, tolerationSeconds: undefined })
  const kept = new Set(listAt(now, 'tolerations').map(identity))
  return listAt(before, 'tolerations').every((toleration) => kept.has(identity(toleration)))
}

/** Everything that an update may not touch. Scheduling gates may go, and with them what they held back. */
function fixedPart(spec: Fields): unknown {
  const { tolerations: _t, activeDeadlineSeconds: _a, schedulingGates: _s, ephemeralContainers: _e, ...rest } = spec
  const withoutImages = (field: string) => listAt(spec, field).map(({ image: _image, ...container }) => container)
  return { ...rest, containers: withoutImages('containers'), initContainers: withoutImages('initContainers') }
}

/** Where only the ephemeral containers may change: those that are there stay. */
export function validateEphemeralContainersUpdate(pod: KubeObject, previous: KubeObject): FieldErrors {
  const now = listAt(pod, 'spec', 'ephemeralContainers')
  const names = new Map(now.map((container) => [container['name'], container]))
  return listAt(previous, 'spec', 'ephemeralContainers').flatMap((container) => {
    const name = String(container['name'])
    const kept = names.get(container['name'])
    const field = 'spec.ephemeralContainers'
    if (kept === undefined) {
      return [fieldForbidden(field, `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`)]
    }
    if (equalJson(kept, container)) return noErrors
    return [fieldForbidden(field, `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n`)]
  })
}
