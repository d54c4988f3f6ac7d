import { fieldForbidden, fieldInvalid, fieldTooLong } from '../../../../meta/field-error.ts'
import { checkConfigMapKey } from '../../../../meta/names.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { utf8ByteLength } from '../../../../meta/utf8.ts'
import { equalJson } from '../../../schema/json-value.ts'
import { booleanAt, entriesAt, type Fields, fieldsAt } from '../../fields.ts'
import { type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'
import { decodedLength } from '../base64.ts'

/** Of the values together, decoded: what a ConfigMap or Secret may hold. */
export const dataMaxBytes = 1_048_576

export function validateConfigMap(configMap: KubeObject): FieldErrors {
  const binary = fieldsAt(configMap, 'binaryData')
  const texts = entriesAt(configMap, 'data')
  const bytes = entriesAt(configMap, 'binaryData')
  const errors = [
    ...texts.flatMap(([key]) => [
      ...checkKey('data', key),
      ...(binary !== undefined && Object.hasOwn(binary, key)
        ? [fieldInvalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]
        : noErrors),
    ]),
    ...bytes.flatMap(([key]) => checkKey('binaryData', key)),
  ]
  const size =
    texts.reduce((sum, [, text]) => sum + utf8ByteLength(text), 0) +
    bytes.reduce((sum, [, text]) => sum + decodedLength(text), 0)
  if (size > dataMaxBytes) errors.push(fieldTooLong('[]', dataMaxBytes)) // the object itself, as upstream writes it here
  return errors
}

export function checkKey(field: string, key: string): FieldErrors {
  return invalidFor(`${field}[${key}]`, key, checkConfigMapKey(key))
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
