import type { KubeObject } from '../../../../meta/object.ts'
import { defaultTo, defaultZero, type Fields, fieldsAt, listAt, numberAt, stringsAt } from '../../fields.ts'

/** How long a client sticks to one endpoint: three hours. */
const clientIpTimeoutSeconds = 10_800

export function defaultService(service: KubeObject): void {
  const spec = fieldsAt(service, 'spec')
  if (spec === undefined) return
  defaultZero(spec, 'type', 'ClusterIP')
  defaultSessionAffinity(spec)
  for (const port of listAt(spec, 'ports')) {
    defaultZero(port, 'protocol', 'TCP')
    defaultZero(port, 'targetPort', port['port'] ?? 0)
  }
  const type = spec['type']
  if (isExternallyAccessible(spec)) defaultZero(spec, 'externalTrafficPolicy', 'Cluster')
  if (type === 'ExternalName') delete spec['internalTrafficPolicy']
  else if (type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer') {
    defaultTo(spec, 'internalTrafficPolicy', 'Cluster')
  }
  if (type !== 'LoadBalancer') return
  defaultTo(spec, 'allocateLoadBalancerNodePorts', true)
  for (const ingress of listAt(service, 'status', 'loadBalancer', 'ingress')) {
    if (ingress['ip']) defaultTo(ingress, 'ipMode', 'VIP')
  }
}

function defaultSessionAffinity(spec: Fields): void {
  defaultZero(spec, 'sessionAffinity', 'None')
  if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig']
  if (spec['sessionAffinity'] !== 'ClientIP') return
  if (numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds') === undefined) {
    spec['sessionAffinityConfig'] = { clientIP: { timeoutSeconds: clientIpTimeoutSeconds } }
  }
}

export function isExternallyAccessible(spec: Fields): boolean {
  const type = spec['type']
  if (type === 'LoadBalancer' || type === 'NodePort') return true
  return type === 'ClusterIP' && stringsAt(spec, 'externalIPs').length > 0
}
