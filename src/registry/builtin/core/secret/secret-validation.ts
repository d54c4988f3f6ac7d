import { type FieldError, fieldInvalid, fieldRequired, fieldTooLong } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, stringAt } from '../../fields.ts'
import { checkImmutable, type FieldErrors, noErrors } from '../../validation/field-checks.ts'
import { decodedLength } from '../base64.ts'
import { checkData, checkSealed, dataMaxBytes } from '../config-map/config-map-validation.ts'

const accountAnnotation = 'kubernetes.io/service-account.name'

export function validateSecret(secret: KubeObject): FieldErrors {
  const errors: FieldError[] = []
  const data = fieldsAt(secret, 'data')
  if (checkData(data, 'data', decodedLength, errors) > dataMaxBytes) errors.push(fieldTooLong('data', dataMaxBytes))
  return [...errors, ...checkType(secret, data ?? {})]
}

/** https://kubernetes.io/docs/concepts/configuration/secret/#secret-types */
function checkType(secret: KubeObject, data: Fields): FieldErrors {
  const missing = (key: string): FieldErrors => (Object.hasOwn(data, key) ? noErrors : [fieldRequired(`data[${key}]`)])
  switch (stringAt(secret, 'type')) {
    case 'kubernetes.io/service-account-token':
      if (secret.metadata.annotations?.[accountAnnotation]) return noErrors
      return [fieldRequired(`metadata.annotations[${accountAnnotation}]`)]
    case 'kubernetes.io/dockercfg':
      return checkJson(data, '.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return checkJson(data, '.dockerconfigjson')
    case 'kubernetes.io/basic-auth':
      if (Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')) return noErrors
      return [...missing('username'), ...missing('password')]
    case 'kubernetes.io/ssh-auth':
      return stringAt(data, 'ssh-privatekey') === '' ? [fieldRequired('data[ssh-privatekey]')] : noErrors
    case 'kubernetes.io/tls':
      return [...missing('tls.crt'), ...missing('tls.key')]
    default:
      return noErrors
  }
}

function checkJson(data: Fields, key: string): FieldErrors {
  if (!Object.hasOwn(data, key)) return [fieldRequired(`data[${key}]`)]
  const problem = jsonProblem(Buffer.from(stringAt(data, key), 'base64').toString('utf8'))
  return problem === undefined ? noErrors : [fieldInvalid(`data[${key}]`, '<secret contents redacted>', problem)]
}

/** In Go's words for the two mistakes that people make; never with a part of the secret. */
function jsonProblem(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return syntaxProblem(text.trim())
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`
}

function syntaxProblem(text: string): string {
  const [first = ''] = text
  if (first === '' || /[[{"\d-]/.test(first)) return 'unexpected end of JSON input'
  const literal = ['null', 'true', 'false'].find((word) => word.startsWith(first))
  if (literal === undefined) return `invalid character '${first}' looking for beginning of value`
  const at = literal.split('').findIndex((expected, index) => text[index] !== expected)
  const found = text[at] ?? ''
  if (at < 0 || found === '') return 'unexpected end of JSON input'
  return `invalid character '${found}' in literal ${literal} (expecting '${literal.charAt(at)}')`
}

export function validateSecretUpdate(secret: KubeObject, previous: KubeObject): FieldErrors {
  return [...checkImmutable('type', secret['type'], previous['type']), ...checkSealed(secret, previous, ['data'])]
}
