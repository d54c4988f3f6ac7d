import { fieldInvalid, fieldRequired, type FieldError } from '../../meta/field-error.ts'
import { fromApiVersion } from '../../meta/group-version.ts'
import { checkDns1035Label, nameIsPathSegment } from '../../meta/names.ts'
import { validateObjectMeta } from '../../meta/object-meta-validation.ts'
import type { JsonObject, ObjectMeta } from '../../meta/object.ts'
import { isJsonObject, ownField } from './json-value.ts'

/** An object within an object (x-kubernetes-embedded-resource) says what it is and carries metadata like any other. */
export function validateEmbeddedObject(object: JsonObject, field: string): readonly FieldError[] {
  return [
    ...validateApiVersion(ownField(object, 'apiVersion'), `${field}.apiVersion`),
    ...validateKind(ownField(object, 'kind'), `${field}.kind`),
    ...validateMetadata(ownField(object, 'metadata'), `${field}.metadata`),
  ]
}

function validateApiVersion(value: unknown, field: string): readonly FieldError[] {
  if (value === undefined) return [fieldRequired(field)]
  if (typeof value !== 'string') return [fieldInvalid(field, value, 'must be a string')]
  if (value === '') return [fieldInvalid(field, value, 'must not be empty')]
  if (fromApiVersion(value)) return []
  return [fieldInvalid(field, value, `unexpected GroupVersion string: ${value}`)]
}

function validateKind(value: unknown, field: string): readonly FieldError[] {
  if (value === undefined) return [fieldRequired(field)]
  if (typeof value !== 'string') return [fieldInvalid(field, value, 'must be a string')]
  if (value === '') return [fieldInvalid(field, value, 'must not be empty')]
  const messages = checkDns1035Label(value.toLowerCase())
  if (messages.length === 0) return []
  return [fieldInvalid(field, value, `may have mixed case, but should otherwise match: ${messages.join(',')}`)]
}

function validateMetadata(value: unknown, field: string): readonly FieldError[] {
  // The types inside have been checked when the object was decoded.
  if (!isJsonObject(value)) return []
  const meta = value as ObjectMeta
  const namespaced = typeof meta.namespace === 'string' && meta.namespace !== ''
  // An embedded object needs no name.
  return validateObjectMeta(
    { ...meta, name: meta.name || 'fakename' },
    { namespaced, checkName: nameIsPathSegment, field },
  )
}
