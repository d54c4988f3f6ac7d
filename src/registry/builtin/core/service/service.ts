import { nameIsDnsLabel } from '../../../../meta/names.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'
import { formatLabels, textCell } from '../../table-cells.ts'
import { allocateForService } from './service-allocation.ts'
import { defaultService } from './service-defaults.ts'
import { adoptAllocated } from './service-update.ts'
import { validateService, validateServiceUpdate } from './service-validation.ts'

/** Addresses of a load balancer, each once, in byte order. */
export function loadBalancerAddresses(object: KubeObject): string {
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress').map(
    (ingress) => stringAt(ingress, 'ip') || stringAt(ingress, 'hostname'),
  )
  return [...new Set(addresses.filter((address) => address !== ''))].sort().join(',')
}

function externalIpCell(service: KubeObject): string {
  const external = stringsAt(service, 'spec', 'externalIPs').join(',')
  switch (stringAt(service, 'spec', 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return external || '<none>'
    case 'LoadBalancer': {
      const addresses = [loadBalancerAddresses(service), external].filter((text) => text !== '')
      return addresses.join(',') || '<pending>'
    }
    case 'ExternalName':
      return stringAt(service, 'spec', 'externalName')
    default:
      return '<unknown>'
  }
}

function portsCell(service: KubeObject): string {
  const ports = listAt(service, 'spec', 'ports').map((port) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0
    const number = numberAt(port, 'port') ?? 0
    return `${nodePort > 0 ? `${number}:${nodePort}` : number}/${stringAt(port, 'protocol')}`
  })
  return ports.join(',') || '<none>'
}

export const serviceKind: BuiltinKind = {
  group: '',
  resource: 'services',
  selectableFields: {
    'spec.clusterIP': (service) => stringAt(service, 'spec', 'clusterIP'),
    'spec.type': (service) => stringAt(service, 'spec', 'type'),
  },
  strategy: {
    generation: 'none',
    returnsDeletedObject: true,
    allowCreateOnUpdate: true,
    validateName: nameIsDnsLabel,
    applyDefaults: defaultService,
    prepareForCreate(service) {
      service['status'] = { loadBalancer: {} }
      const spec = fieldsAt(service, 'spec')
      const address = stringAt(spec, 'clusterIP')
      if (spec && address !== '' && stringsAt(spec, 'clusterIPs').length === 0) spec['clusterIPs'] = [address]
    },
    prepareForUpdate: adoptAllocated,
    canonicalize: allocateForService,
    validate: validateService,
    validateUpdate: validateServiceUpdate,
  },
  cells: {
    Type: textCell('spec', 'type'),
    'Cluster-IP': (service) => stringsAt(service, 'spec', 'clusterIPs')[0] ?? '<none>',
    'External-IP': externalIpCell,
    'Port(s)': portsCell,
    Selector: (service) => formatLabels(service, 'spec', 'selector'),
  },
}
