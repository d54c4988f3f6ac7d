import { humanDuration } from '../../../meta/human-duration.ts'
import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import {
  booleanAt,
  defaultTo,
  defaultZero,
  ensureFields,
  type Fields,
  fieldsAt,
  listAt,
  nullWhenEmpty,
  numberAt,
  stringAt,
} from '../fields.ts'
import { containerCells, formatSelectorAt } from '../table-cells.ts'
import { validateJob, validateJobUpdate } from './job-validation.ts'

const noRetryLimit = 2_147_483_647
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name']
const uidLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid']

/** Of a job and of the job template of a CronJob, as far as both have it. */
export function defaultJobTemplateSpec(spec: Fields): void {
  defaultPodTemplate(spec, 'template')
  const failurePolicy = fieldsAt(spec, 'podFailurePolicy')
  if (failurePolicy) nullWhenEmpty(failurePolicy, 'rules')
  for (const rule of listAt(failurePolicy, 'rules')) {
    for (const pattern of listAt(rule, 'onPodConditions')) defaultZero(pattern, 'status', 'True')
  }
}

function defaultJob(job: KubeObject): void {
  const spec = fieldsAt(job, 'spec')
  if (spec === undefined) return
  if ((spec['completions'] ?? null) === null && (spec['parallelism'] ?? null) === null) spec['completions'] = 1
  defaultTo(spec, 'parallelism', 1)
  defaultTo(spec, 'backoffLimit', (spec['backoffLimitPerIndex'] ?? null) === null ? 6 : noRetryLimit)
  defaultTo(spec, 'completionMode', 'NonIndexed')
  defaultTo(spec, 'suspend', false)
  defaultTo(spec, 'podReplacementPolicy', fieldsAt(spec, 'podFailurePolicy') ? 'Failed' : 'TerminatingOrFailed')
  defaultTo(spec, 'manualSelector', false)
  const labels = fieldsAt(spec, 'template', 'metadata', 'labels')
  if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) {
    job.metadata.labels = { ...labels } as Record<string, string>
  }
  defaultJobTemplateSpec(spec)
}

/** Makes the job's pods its own, by labels and a selector that name its uid. */
function generateSelector(job: KubeObject): void {
  const spec = fieldsAt(job, 'spec')
  if (spec === undefined || booleanAt(spec, 'manualSelector')) return
  const template = ensureFields(spec, 'template')
  const metadata = template && ensureFields(template, 'metadata')
  const labels = metadata && ensureFields(metadata, 'labels')
  const selector = ensureFields(spec, 'selector')
  const matchLabels = selector && ensureFields(selector, 'matchLabels')
  if (labels === undefined || matchLabels === undefined) return
  const shared = Object.keys(job.metadata.labels ?? {}).length === 0 || equalLabels(job.metadata.labels, labels)
  const uid = job.metadata.uid ?? ''
  for (const label of nameLabels) defaultTo(labels, label, job.metadata.name ?? '')
  for (const label of uidLabels) defaultTo(labels, label, uid)
  defaultTo(matchLabels, 'batch.kubernetes.io/controller-uid', uid)
  // A job that took its labels from its template has these as well.
  if (shared) job.metadata.labels = { ...labels } as Record<string, string>
}

function equalLabels(left: Fields | undefined, right: Fields): boolean {
  if (left === undefined) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key])
}

function completionsCell(job: KubeObject): string {
  const succeeded = numberAt(job, 'status', 'succeeded') ?? 0
  const completions = numberAt(job, 'spec', 'completions')
  if (completions !== undefined) return `${succeeded}/${completions}`
  const parallelism = numberAt(job, 'spec', 'parallelism') ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function statusCell(job: KubeObject): string {
  const conditions = listAt(job, 'status', 'conditions')
  const has = (type: string): boolean => conditions.find((item) => item['type'] === type)?.['status'] === 'True'
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function durationCell(job: KubeObject, { nowMs }: { nowMs: number }): string {
  const start = Date.parse(stringAt(job, 'status', 'startTime'))
  if (Number.isNaN(start)) return ''
  const end = Date.parse(stringAt(job, 'status', 'completionTime'))
  return humanDuration((Number.isNaN(end) ? nowMs : end) - start)
}

export const jobKind: BuiltinKind = {
  group: 'batch',
  resource: 'jobs',
  selectableFields: { 'status.successful': (job) => String(numberAt(job, 'status', 'succeeded') ?? 0) },
  strategy: {
    defaultPropagation: 'Orphan',
    applyDefaults: defaultJob,
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    prepareForCreate(job) {
      generateSelector(job)
      job['status'] = {}
    },
  },
  cells: {
    Status: statusCell,
    Completions: completionsCell,
    Duration: durationCell,
    ...containerCells('spec', 'template', 'spec'),
    Selector: (job) => formatSelectorAt(job, 'spec', 'selector'),
  },
}
