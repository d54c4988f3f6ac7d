import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultZero, listAt, numberAt, stringAt } from '../fields.ts'

const shownEndpoints = 3

function endpointsCell(object: KubeObject): string {
  const subsets = listAt(object, 'subsets')
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((address) => stringAt(address, 'ip'))
    const ports = listAt(subset, 'ports')
    if (ports.length === 0) return addresses
    return ports.flatMap((port) => addresses.map((ip) => joinHostPort(ip, numberAt(port, 'port') ?? 0)))
  })
  const shown = all.slice(0, shownEndpoints).join(',')
  return all.length > shownEndpoints ? `${shown} + ${all.length - shownEndpoints} more...` : shown
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export const endpointsKind: BuiltinKind = {
  group: '',
  resource: 'endpoints',
  deprecationWarning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  strategy: {
    generation: 'none',
    allowCreateOnUpdate: true,
    applyDefaults(object) {
      for (const subset of listAt(object, 'subsets')) {
        for (const port of listAt(subset, 'ports')) defaultZero(port, 'protocol', 'TCP')
      }
    },
  },
  cells: { Endpoints: endpointsCell },
}
