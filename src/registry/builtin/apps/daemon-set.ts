import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, defaultZero, ensureFields, type Fields, fieldsAt } from '../fields.ts'
import { containerCells, countCell, formatLabels, formatSelectorAt } from '../table-cells.ts'

function defaultSpec(spec: Fields): void {
  const strategy = ensureFields(spec, 'updateStrategy')
  if (strategy) {
    defaultZero(strategy, 'type', 'RollingUpdate')
    const rolling = strategy['type'] === 'RollingUpdate' ? ensureFields(strategy, 'rollingUpdate') : undefined
    if (rolling) {
      defaultTo(rolling, 'maxUnavailable', 1)
      defaultTo(rolling, 'maxSurge', 0)
    }
  }
  defaultTo(spec, 'revisionHistoryLimit', 10)
  defaultPodTemplate(spec, 'template')
}

export const daemonSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'daemonsets',
  strategy: {
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) defaultSpec(spec)
    },
    prepareForCreate(object) {
      object['status'] = {
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      }
    },
  },
  cells: {
    Desired: countCell('status', 'desiredNumberScheduled'),
    Current: countCell('status', 'currentNumberScheduled'),
    Ready: countCell('status', 'numberReady'),
    'Up-to-date': countCell('status', 'updatedNumberScheduled'),
    Available: countCell('status', 'numberAvailable'),
    'Node Selector': (object) => formatLabels(object, 'spec', 'template', 'spec', 'nodeSelector'),
    ...containerCells('spec', 'template', 'spec'),
    Selector: (object) => formatSelectorAt(object, 'spec', 'selector'),
  },
}
