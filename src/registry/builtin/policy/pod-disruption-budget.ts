import type { BuiltinKind } from '../builtin-kind.ts'
import { countCell } from '../table-cells.ts'
import { valueAt } from '../fields.ts'

/** A number or a percentage. */
const amountCell = (field: string) => (object: unknown) => {
  const value = valueAt(object, 'spec', field)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'N/A'
}

export const podDisruptionBudgetKind: BuiltinKind = {
  group: 'policy',
  resource: 'poddisruptionbudgets',
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate(object) {
      object['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
    },
  },
  cells: {
    'Min Available': amountCell('minAvailable'),
    'Max Unavailable': amountCell('maxUnavailable'),
    'Allowed Disruptions': countCell('status', 'disruptionsAllowed'),
  },
}
