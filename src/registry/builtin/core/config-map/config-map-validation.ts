import { type FieldError, fieldForbidden, fieldInvalid, fieldTooLong } from '../../../../meta/field-error.ts'
import { checkConfigMapKey } from '../../../../meta/names.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { equalJson } from '../../../schema/json-value.ts'
import { booleanAt, type Fields, fieldsAt } from '../../fields.ts'
import { type FieldErrors, noErrors } from '../../validation/field-checks.ts'
import { decodedLength } from '../base64.ts'

/** Of the values together, decoded: what a ConfigMap or Secret may hold. */
export const dataMaxBytes = 1_048_576

export function validateConfigMap(configMap: KubeObject): FieldErrors {
  const data = fieldsAt(configMap, 'data')
  const binaryData = fieldsAt(configMap, 'binaryData')
  const errors: FieldError[] = []
  const size =
    checkData(data, 'data', (value) => Buffer.byteLength(value), errors) +
    checkData(binaryData, 'binaryData', decodedLength, errors)
  if (data && binaryData) {
    for (const key of Object.keys(data)) {
      if (!Object.hasOwn(binaryData, key)) continue
      errors.push(fieldInvalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    }
  }
  if (size > dataMaxBytes) errors.push(fieldTooLong('[]', dataMaxBytes)) // the object itself, as upstream writes it here
  return errors
}

/** Checks the keys and adds up the values: once for each write, without a list in between. */
export function checkData(
  data: Fields | undefined,
  field: string,
  lengthOf: (value: string) => number,
  errors: FieldError[],
): number {
  let size = 0
  for (const key in data) {
    for (const message of checkConfigMapKey(key)) errors.push(fieldInvalid(`${field}[${key}]`, key, message))
    const value = data[key]
    if (typeof value === 'string') size += lengthOf(value)
  }
  return size
}

export function validateConfigMapUpdate(configMap: KubeObject, previous: KubeObject): FieldErrors {
  return checkSealed(configMap, previous, ['data', 'binaryData'])
}

/** `immutable: true` stays, and keeps the data as it is. */
export function checkSealed(object: Fields, previous: Fields, dataFields: readonly string[]): FieldErrors {
  if (!booleanAt(previous, 'immutable')) return noErrors
  const changed = dataFields.filter((field) => !equalJson(object[field] ?? {}, previous[field] ?? {}))
  const fields = booleanAt(object, 'immutable') ? changed : ['immutable', ...changed]
  return fields.map((field) => fieldForbidden(field, 'field is immutable when `immutable` is set'))
}
