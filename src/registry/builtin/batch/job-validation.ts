import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../../meta/field-error.ts'
import { validateLabelSelector } from '../../../meta/label-selector.ts'
import type { KubeObject } from '../../../meta/object.ts'
import { checkSelected } from '../apps/workload-validation.ts'
import { validatePodTemplate } from '../core/pod/pod-spec-validation.ts'
import { booleanAt, type Fields, fieldsAt, numberAt, stringAt } from '../fields.ts'
import { checkImmutable, checkNonNegative, type FieldErrors, noErrors } from '../validation/field-checks.ts'

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
]
const settled = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy']

export function validateJob(job: KubeObject): FieldErrors {
  const spec = fieldsAt(job, 'spec') ?? {}
  return [...validateJobTemplateSpec(spec, 'spec'), ...checkSelector(spec)]
}

/** Of a job, and of the job template of a CronJob. */
function validateJobTemplateSpec(spec: Fields, path: string): FieldErrors {
  return [
    ...counts.flatMap((name) => checkNonNegative(spec, path, name)),
    ...checkIndexes(spec, path),
    ...validatePodTemplate(fieldsAt(spec, 'template'), `${path}.template`),
    ...checkRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ]
}

function checkIndexes(spec: Fields, path: string): FieldErrors {
  if (stringAt(spec, 'completionMode') === 'Indexed') {
    if (numberAt(spec, 'completions') !== undefined) return noErrors
    return [fieldRequired(`${path}.completions`, 'when completion mode is Indexed')]
  }
  return ['backoffLimitPerIndex', 'maxFailedIndexes'].flatMap((name) => {
    const value = numberAt(spec, name)
    return value === undefined ? noErrors : [fieldInvalid(`${path}.${name}`, value, 'requires indexed completion mode')]
  })
}

function checkRestartPolicy(spec: Fields, field: string): FieldErrors {
  const policy = stringAt(spec, 'template', 'spec', 'restartPolicy')
  if (policy === 'Always' || policy === '') return [fieldRequired(field, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never') return [fieldNotSupported(field, policy, ['OnFailure', 'Never'])]
  if (policy === 'Never' || !fieldsAt(spec, 'podFailurePolicy')) return noErrors
  return [fieldInvalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')]
}

function checkSelector(spec: Fields): FieldErrors {
  const selector = fieldsAt(spec, 'selector')
  const errors: FieldError[] = selector === undefined ? [fieldRequired('spec.selector')] : []
  errors.push(...validateLabelSelector(selector, 'spec.selector'))
  return errors.length > 0 && selector ? errors : [...errors, ...checkSelected(selector, fieldsAt(spec, 'template'))]
}

/** What a job does is settled when it is created; a suspended one may still change where its pods go. */
export function validateJobUpdate(job: KubeObject, previous: KubeObject): FieldErrors {
  const spec = fieldsAt(job, 'spec') ?? {}
  const before = fieldsAt(previous, 'spec') ?? {}
  const suspended = booleanAt(before, 'suspend') === true
  const fields = suspended ? settled : ['template', ...settled]
  return fields.flatMap((field) => checkImmutable(`spec.${field}`, spec[field], before[field]))
}

export function validateCronJob(cronJob: KubeObject): FieldErrors {
  const spec = fieldsAt(cronJob, 'spec') ?? {}
  const schedule = stringAt(spec, 'schedule')
  const errors: FieldError[] = []
  if (schedule === '') errors.push(fieldRequired('spec.schedule'))
  else if (schedule.includes('TZ')) {
    const detail = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    errors.push(fieldInvalid('spec.schedule', schedule, detail))
  }
  return [
    ...errors,
    ...checkNonNegative(spec, 'spec', 'startingDeadlineSeconds'),
    ...validateJobTemplateSpec(fieldsAt(spec, 'jobTemplate', 'spec') ?? {}, 'spec.jobTemplate.spec'),
    ...checkNonNegative(spec, 'spec', 'successfulJobsHistoryLimit'),
    ...checkNonNegative(spec, 'spec', 'failedJobsHistoryLimit'),
  ]
}
