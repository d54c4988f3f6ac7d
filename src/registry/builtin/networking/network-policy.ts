import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, fieldsAt, listAt, stringsAt } from '../fields.ts'
import { formatSelectorAt } from '../table-cells.ts'

export const networkPolicyKind: BuiltinKind = {
  group: 'networking.k8s.io',
  resource: 'networkpolicies',
  strategy: {
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec === undefined) return
      if (stringsAt(spec, 'policyTypes').length === 0) {
        spec['policyTypes'] = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
      }
      for (const rule of [...listAt(spec, 'ingress'), ...listAt(spec, 'egress')]) {
        for (const port of listAt(rule, 'ports')) defaultTo(port, 'protocol', 'TCP')
      }
    },
  },
  cells: { 'Pod-Selector': (object) => formatSelectorAt(object, 'spec', 'podSelector') },
}
