import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, fieldsAt, numberAt } from '../fields.ts'
import { containerCells, countCell, formatLabels } from '../table-cells.ts'
import { defaultPodTemplate } from './pod/pod-defaults.ts'

export const replicationControllerKind: BuiltinKind = {
  group: '',
  resource: 'replicationcontrollers',
  scale: {
    specReplicasPath: ['spec', 'replicas'],
    statusReplicasPath: ['status', 'replicas'],
    selector: (object) => {
      const selector = formatLabels(object, 'spec', 'selector')
      return selector === '<none>' ? '' : selector
    },
  },
  selectableFields: { 'status.replicas': (object) => String(numberAt(object, 'status', 'replicas') ?? 0) },
  strategy: {
    defaultPropagation: 'Orphan',
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec === undefined) return
      const labels = fieldsAt(spec, 'template', 'metadata', 'labels')
      if (labels) {
        if (Object.keys(fieldsAt(spec, 'selector') ?? {}).length === 0) spec['selector'] = { ...labels }
        if (Object.keys(object.metadata.labels ?? {}).length === 0) {
          object.metadata.labels = { ...labels } as Record<string, string>
        }
      }
      defaultTo(spec, 'replicas', 1)
      // Its default is what upstream does not write.
      if (spec['minReadySeconds'] === 0) delete spec['minReadySeconds']
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
    Selector: (object) => formatLabels(object, 'spec', 'selector'),
  },
}
