import type { BuiltinKind } from '../builtin-kind.ts'
import { booleanAt, defaultTo, defaultZero, fieldsAt, listAt, stringAt } from '../fields.ts'
import { ageOf, containerCells, formatSelectorAt, textCell } from '../table-cells.ts'
import { validateCronJob } from './job-validation.ts'
import { defaultJobTemplateSpec } from './job.ts'

export const cronJobKind: BuiltinKind = {
  group: 'batch',
  resource: 'cronjobs',
  strategy: {
    validate: validateCronJob,
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec === undefined) return
      defaultZero(spec, 'concurrencyPolicy', 'Allow')
      defaultTo(spec, 'suspend', false)
      defaultTo(spec, 'successfulJobsHistoryLimit', 3)
      defaultTo(spec, 'failedJobsHistoryLimit', 1)
      const jobSpec = fieldsAt(spec, 'jobTemplate', 'spec')
      if (jobSpec) defaultJobTemplateSpec(jobSpec)
    },
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: {
    Schedule: textCell('spec', 'schedule'),
    Timezone: (object) => stringAt(object, 'spec', 'timeZone') || '<none>',
    Suspend: (object) => {
      const suspended = booleanAt(object, 'spec', 'suspend')
      if (suspended === undefined) return '<unset>'
      return suspended ? 'True' : 'False'
    },
    Active: (object) => listAt(object, 'status', 'active').length,
    'Last Schedule': (object, { nowMs }) => {
      const time = stringAt(object, 'status', 'lastScheduleTime')
      return time === '' ? '<none>' : ageOf(time, nowMs)
    },
    ...containerCells('spec', 'jobTemplate', 'spec', 'template', 'spec'),
    Selector: (object) => formatSelectorAt(object, 'spec', 'jobTemplate', 'spec', 'selector'),
  },
}
