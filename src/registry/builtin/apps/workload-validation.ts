import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../meta/field-error.ts'
import { intOrStringToNumber, isIntOrString } from '../../../meta/int-or-string.ts'
import {
  compileLabelRequirements,
  fromLabelSelector,
  type Labels,
  type LabelSelector,
  validateLabelSelector,
} from '../../../meta/label-selector.ts'
import { checkPercent } from '../../../meta/names.ts'
import { validatePodTemplate } from '../core/pod/pod-spec-validation.ts'
import { type Fields, fieldsAt, numberAt, stringAt } from '../fields.ts'
import { type FieldErrors, invalidFor, noErrors } from '../validation/field-checks.ts'

/**
 * `spec.selector` and the template that it selects. `kind` is how upstream names the kind where it refuses an empty
 * selector, `owner` where it refuses a deadline.
 */
export function validateSelectedTemplate(
  spec: Fields,
  {
    kind,
    owner,
    template = fieldsAt(spec, 'template'),
  }: { kind: string; owner: string; template?: Fields | undefined },
): FieldErrors {
  const selector = fieldsAt(spec, 'selector') as LabelSelector | undefined
  const errors: FieldError[] = [...checkSelector(selector, kind)]
  try {
    errors.push(...checkSelected(selector, template))
  } catch {
    return [...errors, fieldInvalid('spec.selector', selector, 'invalid label selector')]
  }
  return [...errors, ...validatePodTemplate(template, 'spec.template'), ...checkRunsForever(template, owner)]
}

function checkSelector(selector: LabelSelector | undefined, kind: string): FieldErrors {
  if (selector === undefined) return [fieldRequired('spec.selector')]
  const errors = validateLabelSelector(selector, 'spec.selector')
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0
  return isEmpty
    ? [...errors, fieldInvalid('spec.selector', selector, `empty selector is invalid for ${kind}`)]
    : errors
}

/** An empty selector has been refused already. Throws when the selector is malformed. */
export function checkSelected(selector: LabelSelector | undefined, template: Fields | undefined): FieldErrors {
  const requirements = fromLabelSelector(selector)
  if (requirements !== 'nothing' && requirements.length === 0) return noErrors
  const labels = fieldsAt(template, 'metadata', 'labels')
  if (compileLabelRequirements(requirements)(labels as Labels)) return noErrors
  const detail = '`selector` does not match template `labels`'
  return [fieldInvalid('spec.template.metadata.labels', labels ?? null, detail)]
}

function checkRunsForever(template: Fields | undefined, owner: string): FieldErrors {
  const errors: FieldError[] = []
  const policy = stringAt(template, 'spec', 'restartPolicy')
  if (policy !== 'Always') errors.push(fieldNotSupported('spec.template.spec.restartPolicy', policy, ['Always']))
  if (numberAt(template, 'spec', 'activeDeadlineSeconds') !== undefined) {
    const detail = `activeDeadlineSeconds in ${owner} is not Supported`
    errors.push(fieldForbidden('spec.template.spec.activeDeadlineSeconds', detail))
  }
  return errors
}

/** A number that is not negative, or a percentage. */
export function checkIntOrPercent(owner: Fields, path: string, name: string): FieldErrors {
  const value = owner[name]
  const field = `${path}.${name}`
  if (typeof value === 'string') return invalidFor(field, value, checkPercent(value))
  if (typeof value !== 'number' || value >= 0) return noErrors
  return [fieldInvalid(field, value, 'must be greater than or equal to 0')]
}

export function checkAtMostAll(owner: Fields, path: string, name: string): FieldErrors {
  const value = owner[name]
  if (typeof value !== 'string' || amountOf(value) <= 100) return noErrors
  return [fieldInvalid(`${path}.${name}`, value, 'must not be greater than 100%')]
}

/** The number, or that of a percentage. */
export function amountOf(value: unknown): number {
  if (!isIntOrString(value)) return 0
  return typeof value === 'string' && checkPercent(value).length === 0
    ? Number(value.slice(0, -1))
    : intOrStringToNumber(value)
}
