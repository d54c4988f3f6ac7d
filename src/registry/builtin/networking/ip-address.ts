import type { BuiltinKind } from '../builtin-kind.ts'
import { fieldsAt, stringAt } from '../fields.ts'

export const ipAddressKind: BuiltinKind = {
  group: 'networking.k8s.io',
  resource: 'ipaddresses',
  strategy: { generation: 'none' },
  cells: {
    ParentRef: (object) => {
      const parent = fieldsAt(object, 'spec', 'parentRef')
      if (parent === undefined) return '<none>'
      const group = stringAt(parent, 'group')
      const resource = stringAt(parent, 'resource')
      const type = group === '' ? resource : `${resource}.${group}`
      const namespace = stringAt(parent, 'namespace')
      return [type.toLowerCase(), ...(namespace === '' ? [] : [namespace]), stringAt(parent, 'name')].join('/')
    },
  },
}
