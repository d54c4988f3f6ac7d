import type { BuiltinKind } from '../builtin-kind.ts'
import { containerCells, formatLabels } from '../table-cells.ts'
import { defaultPodTemplate } from './pod/pod-defaults.ts'

export const podTemplateKind: BuiltinKind = {
  group: '',
  resource: 'podtemplates',
  strategy: {
    generation: 'all-but-metadata-and-status',
    returnsDeletedObject: true,
    applyDefaults: (object) => defaultPodTemplate(object, 'template'),
  },
  cells: {
    ...containerCells('template', 'spec'),
    'Pod Labels': (object) => formatLabels(object, 'template', 'metadata', 'labels'),
  },
}
