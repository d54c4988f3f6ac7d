import type { KubeObject } from '../../../meta/object.ts'
import { equalJson } from '../../schema/json-value.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, defaultZero, ensureFields, type Fields, fieldsAt, valueAt } from '../fields.ts'
import { checkImmutable, checkNonNegative } from '../validation/field-checks.ts'
import { validateSelectedTemplate } from './workload-validation.ts'
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

/** Where upstream counts changes of the template. */
const templateGeneration = 'deprecated.daemonset.template.generation'

function setTemplateGeneration({ metadata }: KubeObject, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) }
}

export const daemonSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'daemonsets',
  strategy: {
    validate(object) {
      const spec = fieldsAt(object, 'spec') ?? {}
      return [
        ...checkNonNegative(spec, 'spec', 'replicas'),
        ...checkNonNegative(spec, 'spec', 'minReadySeconds'),
        ...validateSelectedTemplate(spec, { kind: 'daemonset', owner: 'DaemonSet' }),
      ]
    },
    validateUpdate: (object, previous) =>
      checkImmutable('spec.selector', valueAt(object, 'spec', 'selector'), valueAt(previous, 'spec', 'selector')),
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) defaultSpec(spec)
    },
    prepareForCreate(object) {
      const given = Number(object.metadata.annotations?.[templateGeneration] ?? 0)
      setTemplateGeneration(object, given >= 1 ? given : 1)
      object['status'] = {
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      }
    },
    prepareForUpdate(object, previous) {
      const before = Number(previous.metadata.annotations?.[templateGeneration] ?? 0)
      const same = equalJson(valueAt(object, 'spec', 'template'), valueAt(previous, 'spec', 'template'))
      setTemplateGeneration(object, same ? before : before + 1)
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
