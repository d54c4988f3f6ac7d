import type { BuiltinKind } from '../builtin-kind.ts'
import { textCell } from '../table-cells.ts'

export const leaseKind: BuiltinKind = {
  group: 'coordination.k8s.io',
  resource: 'leases',
  strategy: { generation: 'none', allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  cells: { Holder: textCell('spec', 'holderIdentity') },
}
