import { type FieldError, fieldInvalid, fieldRequired } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, stringAt } from '../../fields.ts'

const maxNameLength = 128
const maxMessageLength = 1_024

/**
 * An event stands in the namespace of the object that it is about; one about a cluster-scoped object in `default`. Those
 * with an eventTime say more: who reports, and which action. In the form of either API group.
 */
export function validateEvent(event: KubeObject): readonly FieldError[] {
  const isNew = stringAt(event, 'eventTime') !== ''
  return [...validateNamespace(event, isNew), ...(isNew ? validateReport(event) : [])]
}

function validateNamespace(event: KubeObject, isNew: boolean): readonly FieldError[] {
  const { namespace = '' } = event.metadata
  const about: Fields = fieldsAt(event, 'involvedObject') ?? fieldsAt(event, 'regarding') ?? {}
  const wanted = stringAt(about, 'namespace')
  const agrees =
    wanted === '' ? namespace === 'default' || (isNew && namespace === 'kube-system') : isNew || wanted === namespace
  return agrees ? [] : [fieldInvalid('involvedObject.namespace', wanted, 'does not match event.namespace')]
}

function validateReport(event: KubeObject): readonly FieldError[] {
  const controller = stringAt(event, 'reportingComponent') || stringAt(event, 'reportingController')
  const errors: FieldError[] = []
  if (controller === '') errors.push(fieldRequired('reportingController'))
  for (const field of ['reportingInstance', 'action', 'reason']) {
    const value = stringAt(event, field)
    if (value === '') errors.push(fieldRequired(field))
    if (value.length > maxNameLength)
      errors.push(fieldInvalid(field, '', `can have at most ${maxNameLength} characters`))
  }
  const message = stringAt(event, 'message') || stringAt(event, 'note')
  if (Buffer.byteLength(message) > maxMessageLength)
    errors.push(fieldInvalid('message', '', `can have at most ${maxMessageLength} characters`))
  return errors
}
