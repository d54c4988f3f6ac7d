import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, listAt, nullWhenEmpty, numberAt, stringAt, stringsAt } from '../fields.ts'
import { listWithMore, textCell } from '../table-cells.ts'

const shown = 3

export const endpointSliceKind: BuiltinKind = {
  group: 'discovery.k8s.io',
  resource: 'endpointslices',
  strategy: {
    generation: 'all-but-metadata-and-status',
    applyDefaults(object) {
      nullWhenEmpty(object, 'endpoints')
      nullWhenEmpty(object, 'ports')
      for (const port of listAt(object, 'ports')) {
        defaultTo(port, 'name', '')
        defaultTo(port, 'protocol', 'TCP')
      }
    },
  },
  cells: {
    AddressType: textCell('addressType'),
    Ports: (object) => {
      const ports = listAt(object, 'ports').map((port) => {
        const number = numberAt(port, 'port')
        return number === undefined ? (port['name'] === undefined ? '*' : stringAt(port, 'name')) : String(number)
      })
      return listWithMore(ports, shown)
    },
    Endpoints: (object) => {
      const addresses = listAt(object, 'endpoints').flatMap((endpoint) => stringsAt(endpoint, 'addresses'))
      return listWithMore(addresses, shown)
    },
  },
}
