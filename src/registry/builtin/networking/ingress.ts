import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { loadBalancerAddresses } from '../core/service/service.ts'
import { listAt, stringAt } from '../fields.ts'

const shownHosts = 3

function hostsCell(ingress: KubeObject): string {
  const rules = listAt(ingress, 'spec', 'rules')
  const hosts: string[] = []
  for (const rule of rules) {
    const host = stringAt(rule, 'host')
    if (hosts.length < shownHosts && host !== '') hosts.push(host)
  }
  if (hosts.length === 0) return '*'
  // A rule behind the third host says that there are more, with or without a host of its own.
  const lastShown = rules.findIndex(
    (rule) => rule === rules.filter((item) => stringAt(item, 'host') !== '')[shownHosts - 1],
  )
  const more = hosts.length === shownHosts && lastShown < rules.length - 1
  return more ? `${hosts.join(',')} + ${rules.length - shownHosts} more...` : hosts.join(',')
}

export const ingressKind: BuiltinKind = {
  group: 'networking.k8s.io',
  resource: 'ingresses',
  strategy: {
    prepareForCreate(object) {
      object['status'] = { loadBalancer: {} }
    },
  },
  cells: {
    Class: (object) => stringAt(object, 'spec', 'ingressClassName') || '<none>',
    Hosts: hostsCell,
    Address: loadBalancerAddresses,
    Ports: (object) => (listAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80'),
  },
}
