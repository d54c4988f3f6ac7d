import type { BuiltinKind } from '../builtin-kind.ts'
import { stringsAt } from '../fields.ts'

export const serviceCidrKind: BuiltinKind = {
  group: 'networking.k8s.io',
  resource: 'servicecidrs',
  strategy: {
    generation: 'none',
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: { CIDRs: (object) => stringsAt(object, 'spec', 'cidrs').join(',') },
}
