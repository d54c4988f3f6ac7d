import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { fieldsAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'

/** Coordinated leader election is off by default upstream, and its fields do not pass. */
function dropElection(lease: KubeObject): void {
  const spec = fieldsAt(lease, 'spec')
  if (spec === undefined) return
  delete spec['strategy']
  delete spec['preferredHolder']
}

export const leaseKind: BuiltinKind = {
  group: 'coordination.k8s.io',
  resource: 'leases',
  strategy: {
    generation: 'none',
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    prepareForCreate: dropElection,
    prepareForUpdate: dropElection,
  },
  cells: { Holder: textCell('spec', 'holderIdentity') },
}
