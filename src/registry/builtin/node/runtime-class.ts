import type { BuiltinKind } from '../builtin-kind.ts'
import { fieldsAt } from '../fields.ts'
import { roundResourceList } from '../core/resource-list.ts'
import { textCell } from '../table-cells.ts'

export const runtimeClassKind: BuiltinKind = {
  group: 'node.k8s.io',
  resource: 'runtimeclasses',
  strategy: {
    generation: 'none',
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    applyDefaults: (object) => roundResourceList(fieldsAt(object, 'overhead', 'podFixed')),
  },
  cells: { Handler: textCell('handler') },
}
