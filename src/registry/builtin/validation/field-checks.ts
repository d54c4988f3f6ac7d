import { isIP, isIPv6 } from 'node:net'
import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../../meta/field-error.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkPortName,
  checkPortNumber,
  checkQualifiedName,
  type Messages,
} from '../../../meta/names.ts'
import { immutableMessage } from '../../../meta/object-meta-validation.ts'
import { equalJson } from '../../schema/json-value.ts'
import { type Fields, numberAt, stringAt } from '../fields.ts'

export type FieldErrors = readonly FieldError[]
export const noErrors: FieldErrors = []

/** One error for each message of a name check. */
export function invalidFor(field: string, value: unknown, messages: Messages): FieldErrors {
  return messages.map((message) => fieldInvalid(field, value, message))
}

export function checkLabelAt(field: string, value: string): FieldErrors {
  return invalidFor(field, value, checkDns1123Label(value))
}

export function checkSubdomainAt(field: string, value: string): FieldErrors {
  return invalidFor(field, value, checkDns1123Subdomain(value))
}

export function checkQualifiedNameAt(field: string, value: string): FieldErrors {
  return invalidFor(field, value, checkQualifiedName(value))
}

/** A number, or a port's name. */
export function checkPortAt(field: string, port: unknown): FieldErrors {
  if (typeof port === 'string') return invalidFor(field, port, checkPortName(port))
  const number = typeof port === 'number' ? port : 0
  return invalidFor(field, number, checkPortNumber(number))
}

export function checkPortNumberAt(field: string, port: number): FieldErrors {
  return invalidFor(field, port, checkPortNumber(port))
}

export function checkNonNegative(owner: Fields | undefined, path: string, name: string): FieldErrors {
  const value = numberAt(owner, name)
  if (value === undefined || value >= 0) return noErrors
  return [fieldInvalid(`${path}.${name}`, value, 'must be greater than or equal to 0')]
}

export function checkRequired(owner: Fields | undefined, path: string, name: string): FieldErrors {
  return stringAt(owner, name) === '' ? [fieldRequired(`${path}.${name}`)] : noErrors
}

/** Required, and one of a few values. */
export function checkOneOf(owner: Fields, path: string, name: string, supported: readonly string[]): FieldErrors {
  const value = stringAt(owner, name)
  if (value === '') return [fieldRequired(`${path}.${name}`)]
  return supported.includes(value) ? noErrors : [fieldNotSupported(`${path}.${name}`, value, supported)]
}

export function checkImmutable(field: string, value: unknown, previous: unknown): FieldErrors {
  return equalJson(value, previous) ? noErrors : [fieldInvalid(field, value, immutableMessage)]
}

/** IPv4 with leading zeros passes as an address and gets an error of its own. */
export function checkIpAt(field: string, value: string): FieldErrors {
  const sloppy = value.replace(/(^|\.)0+(?=\d)/g, '$1')
  if (isIP(sloppy) === 0 || value.includes('%')) {
    return [fieldInvalid(field, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
  }
  if (sloppy !== value) return [fieldInvalid(field, value, 'must not have leading 0s')]
  const mapped = isIPv6(value) && /^::ffff:\d+\./i.test(value)
  return mapped ? [fieldInvalid(field, value, 'must not be an IPv4-mapped IPv6 address')] : noErrors
}

/** Relative, and without a step up. */
export function checkDescendingPath(field: string, path: string): FieldErrors {
  const errors: FieldError[] = path.startsWith('/') ? [fieldInvalid(field, path, 'must be a relative path')] : []
  return [...errors, ...checkNoBacksteps(field, path)]
}

export function checkNoBacksteps(field: string, path: string): FieldErrors {
  return path.split('/').includes('..') ? [fieldInvalid(field, path, "must not contain '..'")] : noErrors
}
