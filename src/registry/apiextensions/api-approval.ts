import { fieldInvalid, fieldRequired, type FieldError } from '../../meta/field-error.ts'
import type { CrdObject } from './crd-object.ts'

const annotation = 'api-approved.kubernetes.io'
const field = `metadata.annotations[${annotation}]`
const moreAt = 'see https://github.com/kubernetes/enhancements/pull/1111'

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid'

/** Groups of the Kubernetes community want to know that the community has reviewed a type. */
export function validateApiApproval(crd: CrdObject, previous: CrdObject | undefined): readonly FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return []
  const approval = approvalOf(crd)
  if (previous && approvalOf(previous) === approval) return []
  if (approval === 'missing') {
    return [fieldRequired(field, `protected groups must have approval annotation "${annotation}", ${moreAt}`)]
  }
  if (approval !== 'invalid') return []
  const detail = `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${moreAt}`
  return [fieldInvalid(field, crd.metadata.annotations?.[annotation], detail)]
}

function approvalOf({ metadata }: CrdObject): Approval {
  const value = metadata.annotations?.[annotation] ?? ''
  if (value === '') return 'missing'
  if (value.startsWith('unapproved')) return 'bypassed'
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]+/.test(value) ? 'approved' : 'invalid'
}
