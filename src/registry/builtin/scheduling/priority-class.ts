import type { BuiltinKind } from '../builtin-kind.ts'
import { booleanAt, defaultTo } from '../fields.ts'
import { countCell, textCell } from '../table-cells.ts'

export const priorityClassKind: BuiltinKind = {
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  strategy: {
    generation: 'all-but-metadata-and-status',
    applyDefaults: (object) => defaultTo(object, 'preemptionPolicy', 'PreemptLowerPriority'),
  },
  cells: {
    Value: countCell('value'),
    'Global-Default': (object) => booleanAt(object, 'globalDefault') ?? false,
    PreemptionPolicy: textCell('preemptionPolicy'),
  },
}
