import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, fieldsAt, listAt, stringAt } from '../fields.ts'

export const apiServiceKind: BuiltinKind = {
  group: 'apiregistration.k8s.io',
  resource: 'apiservices',
  strategy: {
    generation: 'none',
    allowUnconditionalUpdate: false,
    applyDefaults(object) {
      const service = fieldsAt(object, 'spec', 'service')
      if (service) defaultTo(service, 'port', 443)
    },
    prepareForCreate(object) {
      object['status'] = {}
    },
  },
  cells: {
    Service: (object) => {
      const service = fieldsAt(object, 'spec', 'service')
      return service ? `${stringAt(service, 'namespace')}/${stringAt(service, 'name')}` : 'Local'
    },
    Available: (object) => {
      const available = listAt(object, 'status', 'conditions').find((condition) => condition['type'] === 'Available')
      if (available === undefined) return 'Unknown'
      const status = stringAt(available, 'status')
      return status === 'True' ? status : `${status} (${stringAt(available, 'reason')})`
    },
  },
}
