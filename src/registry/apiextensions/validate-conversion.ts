import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  type FieldError,
} from '../../meta/field-error.ts'
import { checkDns1035Label } from '../../meta/names.ts'
import { isJsonObject, ownField } from '../schema/json-value.ts'
import type { CrdConversion } from './crd-object.ts'

const strategies = ['None', 'Webhook']
const reviewVersions = ['v1', 'v1beta1']

/** Conversion between versions. Webhooks are judged as upstream does, and then refused: this server calls none yet. */
export function validateConversion(conversion: CrdConversion | undefined, field: string): readonly FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (strategy === '') return [fieldRequired(`${field}.strategy`)]
  const errors: FieldError[] = []
  if (!strategies.includes(strategy)) errors.push(fieldNotSupported(`${field}.strategy`, strategy, strategies))
  const config = webhook && ownField(webhook, 'clientConfig')
  const versions = webhook && ownField(webhook, 'conversionReviewVersions')
  const listed = Array.isArray(versions) ? (versions as string[]) : []
  if (strategy !== 'Webhook') return [...errors, ...validateAbsent(config, listed, field)]
  errors.push(...validateClientConfig(config, `${field}.webhookClientConfig`))
  errors.push(...validateReviewVersions(listed, `${field}.conversionReviewVersions`))
  if (errors.length > 0) return errors
  return [fieldForbidden(`${field}.strategy`, 'this server cannot convert by webhook yet; use None')]
}

function validateAbsent(config: unknown, versions: readonly string[], field: string): readonly FieldError[] {
  const detail = 'should not be set when strategy is not set to Webhook'
  return [
    ...(config === undefined || config === null ? [] : [fieldForbidden(`${field}.webhookClientConfig`, detail)]),
    ...(versions.length === 0 ? [] : [fieldForbidden(`${field}.conversionReviewVersions`, detail)]),
  ]
}

function validateClientConfig(config: unknown, field: string): readonly FieldError[] {
  if (!isJsonObject(config)) return [fieldRequired(field, 'required when strategy is set to Webhook')]
  const hasUrl = typeof ownField(config, 'url') === 'string'
  const hasService = isJsonObject(ownField(config, 'service'))
  return hasUrl === hasService ? [fieldRequired(field, 'exactly one of url or service is required')] : []
}

function validateReviewVersions(versions: readonly string[], field: string): readonly FieldError[] {
  if (versions.length === 0) return [fieldRequired(field)]
  const errors: FieldError[] = []
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) errors.push(fieldInvalid(`${field}[${index}]`, version, 'duplicate version'))
    else
      for (const message of checkDns1035Label(version))
        errors.push(fieldInvalid(`${field}[${index}]`, version, message))
  })
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(fieldInvalid(field, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  }
  return errors
}
