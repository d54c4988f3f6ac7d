import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, fieldsAt } from '../fields.ts'
import { containerCells, countCell, formatSelectorAt } from '../table-cells.ts'
import { workloadScale } from './workload-scale.ts'

export const replicaSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'replicasets',
  scale: workloadScale,
  strategy: {
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
