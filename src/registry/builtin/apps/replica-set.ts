import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, fieldsAt, valueAt } from '../fields.ts'
import { checkImmutable, checkNonNegative } from '../validation/field-checks.ts'
import { validateSelectedTemplate } from './workload-validation.ts'
import { containerCells, countCell, formatSelectorAt } from '../table-cells.ts'
import { workloadScale } from './workload-scale.ts'

export const replicaSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'replicasets',
  scale: workloadScale,
  strategy: {
    validate(object) {
      const spec = fieldsAt(object, 'spec') ?? {}
      return [
        ...checkNonNegative(spec, 'spec', 'replicas'),
        ...checkNonNegative(spec, 'spec', 'minReadySeconds'),
        ...validateSelectedTemplate(spec, { kind: 'deployment', owner: 'ReplicaSet' }),
      ]
    },
    validateUpdate: (object, previous) =>
      checkImmutable('spec.selector', valueAt(object, 'spec', 'selector'), valueAt(previous, 'spec', 'selector')),
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec === undefined) return
      defaultTo(spec, 'replicas', 1)
      defaultPodTemplate(spec, 'template')
    },
    prepareForCreate(object) {
      object['status'] = { replicas: 0 }
    },
  },
  cells: {
    Desired: countCell('spec', 'replicas'),
    Current: countCell('status', 'replicas'),
    Ready: countCell('status', 'readyReplicas'),
    ...containerCells('spec', 'template', 'spec'),
    Selector: (object) => formatSelectorAt(object, 'spec', 'selector'),
  },
}
