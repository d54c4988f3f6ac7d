import type { KubeObject } from '../../../../meta/object.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'
import { needsHealthCheckNodePort, needsNodePorts } from './service-allocation.ts'
import { isExternallyAccessible } from './service-defaults.ts'

/**
 * What an update means for fields that the server filled in: what it leaves out stays, what its new type has no use for
 * goes, as long as the client did not ask for something else.
 */
export function adoptAllocated(service: KubeObject, previous: KubeObject): void {
  const spec = fieldsAt(service, 'spec')
  const before = fieldsAt(previous, 'spec')
  if (spec === undefined || before === undefined) return
  dropUseless(spec, before)
  keepAllocated(spec, before)
  alignAddresses(spec, before)
}

function hasAddress(spec: Fields): boolean {
  return spec['type'] !== 'ExternalName'
}

function sameList(left: Fields, right: Fields, field: string): boolean {
  const a = stringsAt(left, field)
  const b = stringsAt(right, field)
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function keepAllocated(spec: Fields, before: Fields): void {
  if (hasAddress(before) && hasAddress(spec)) {
    if (stringAt(spec, 'clusterIP') === '' && before['clusterIP'] !== undefined) spec['clusterIP'] = before['clusterIP']
    if (stringsAt(spec, 'clusterIPs').length === 0 && stringsAt(before, 'clusterIPs').length > 0) {
      spec['clusterIPs'] = [...stringsAt(before, 'clusterIPs')]
    }
    if (spec['ipFamilyPolicy'] === undefined && before['ipFamilyPolicy'] !== undefined) {
      spec['ipFamilyPolicy'] = before['ipFamilyPolicy']
    }
  }
  if (needsNodePorts(before) && needsNodePorts(spec)) keepNodePorts(spec, before)
  if (needsHealthCheckNodePort(before) && needsHealthCheckNodePort(spec)) {
    if ((numberAt(spec, 'healthCheckNodePort') ?? 0) === 0 && before['healthCheckNodePort'] !== undefined) {
      spec['healthCheckNodePort'] = before['healthCheckNodePort']
    }
  }
}

function nodePortsOf(spec: Fields): Set<number> {
  return new Set(listAt(spec, 'ports').flatMap((port) => numberAt(port, 'nodePort') || []))
}

function keepNodePorts(spec: Fields, before: Fields): void {
  const wanted = nodePortsOf(spec)
  const known = new Map(
    listAt(before, 'ports').map((port) => [stringAt(port, 'name'), numberAt(port, 'nodePort') ?? 0]),
  )
  for (const port of listAt(spec, 'ports')) {
    const earlier = known.get(stringAt(port, 'name')) ?? 0
    if ((numberAt(port, 'nodePort') ?? 0) === 0 && earlier !== 0 && !wanted.has(earlier)) port['nodePort'] = earlier
  }
}

/** Old clients know one address only: `clusterIPs` follows `clusterIP`. */
function alignAddresses(spec: Fields, before: Fields): void {
  const address = stringAt(spec, 'clusterIP')
  if (address === stringAt(before, 'clusterIP') || !sameList(spec, before, 'clusterIPs')) return
  if (address === '') delete spec['clusterIPs']
  else spec['clusterIPs'] = [address]
}

function dropUseless(spec: Fields, before: Fields): void {
  if (hasAddress(before) && !hasAddress(spec)) dropAddresses(spec, before)
  if (needsNodePorts(before) && !needsNodePorts(spec)) {
    const earlier = nodePortsOf(before)
    const unchanged = [...nodePortsOf(spec)].every((port) => earlier.has(port))
    if (unchanged) for (const port of listAt(spec, 'ports')) delete port['nodePort']
  }
  if (needsHealthCheckNodePort(before) && !needsHealthCheckNodePort(spec)) dropSame(spec, before, 'healthCheckNodePort')
  if (before['type'] === 'LoadBalancer' && spec['type'] !== 'LoadBalancer') {
    dropSame(spec, before, 'allocateLoadBalancerNodePorts')
    dropSame(spec, before, 'loadBalancerClass')
  }
  if (isExternallyAccessible(before) && !isExternallyAccessible(spec)) dropSame(spec, before, 'externalTrafficPolicy')
}

function dropAddresses(spec: Fields, before: Fields): void {
  if (stringAt(spec, 'clusterIP') === stringAt(before, 'clusterIP') && sameList(spec, before, 'clusterIPs')) {
    delete spec['clusterIP']
    delete spec['clusterIPs']
  }
  if (sameList(spec, before, 'ipFamilies')) delete spec['ipFamilies']
  dropSame(spec, before, 'ipFamilyPolicy')
}

function dropSame(spec: Fields, before: Fields, field: string): void {
  if (spec[field] === before[field]) delete spec[field]
}
