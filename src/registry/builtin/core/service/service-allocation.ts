import type { KubeObject } from '../../../../meta/object.ts'
import { booleanAt, type Fields, fieldsAt, listAt, numberAt, stringAt, stringsAt } from '../../fields.ts'

/** 10.0.0.0/16, without its first 256 addresses, which upstream keeps for addresses that are asked for. */
const network = '10.0'
const firstHost = 257
const hosts = 65_535 - firstHost
const firstNodePort = 30_000
const nodePorts = 2768
/** Both included. */
export const nodePortRange = { first: firstNodePort, last: firstNodePort + nodePorts - 1 }

/**
 * Fills in what a service leaves to the server: address families, cluster address and node ports. They are derived from
 * the service's uid, so they are stable and almost always different; nothing guarantees that no other service of the
 * workspace has the same one. Nobody routes to them here: the clusters where the service is placed allocate their own.
 */
export function allocateForService(service: KubeObject): void {
  const spec = fieldsAt(service, 'spec')
  if (spec === undefined || spec['type'] === 'ExternalName') return
  const seed = service.metadata.uid ?? `${service.metadata.namespace}/${service.metadata.name}`
  allocateAddresses(spec, seed)
  if (needsNodePorts(spec)) allocateNodePorts(spec, seed)
  if (needsHealthCheckNodePort(spec) && (numberAt(spec, 'healthCheckNodePort') ?? 0) === 0) {
    spec['healthCheckNodePort'] = nodePortOf(`${seed}/health-check`)
  }
}

function allocateAddresses(spec: Fields, seed: string): void {
  const headlessWithoutSelector =
    spec['clusterIP'] === 'None' && Object.keys(fieldsAt(spec, 'selector') ?? {}).length === 0
  spec['ipFamilyPolicy'] ??= headlessWithoutSelector ? 'RequireDualStack' : 'SingleStack'
  spec['ipFamilies'] = familiesOf(spec, headlessWithoutSelector && spec['ipFamilyPolicy'] !== 'SingleStack')
  if (stringAt(spec, 'clusterIP') !== '') return
  const address = clusterAddressOf(seed)
  spec['clusterIP'] = address
  spec['clusterIPs'] = [address]
}

function familiesOf(spec: Fields, dualStack: boolean): readonly string[] {
  const given = stringsAt(spec, 'ipFamilies')
  const addresses = stringsAt(spec, 'clusterIPs').filter((address) => address !== 'None')
  const inferred = addresses.slice(given.length).map((address) => (address.includes(':') ? 'IPv6' : 'IPv4'))
  const families = [...given, ...inferred]
  if (families.length === 0) families.push('IPv4')
  if (dualStack && families.length === 1) families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4')
  return families
}

export function needsNodePorts(spec: Fields): boolean {
  if (spec['type'] === 'NodePort') return true
  return spec['type'] === 'LoadBalancer' && booleanAt(spec, 'allocateLoadBalancerNodePorts') !== false
}

export function needsHealthCheckNodePort(spec: Fields): boolean {
  return spec['type'] === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local'
}

/** Ports that differ in their protocol alone share a node port. */
function allocateNodePorts(spec: Fields, seed: string): void {
  const ports = listAt(spec, 'ports')
  const nodePortOfPort = (port: Fields): number => numberAt(port, 'nodePort') ?? 0
  const taken = new Set(ports.map(nodePortOfPort))
  const byPort = new Map<number, number>()
  for (const port of ports) {
    const number = numberAt(port, 'port') ?? 0
    if (nodePortOfPort(port) === 0) {
      port['nodePort'] = byPort.get(number) ?? freeNodePort(`${seed}/${number}/${stringAt(port, 'protocol')}`, taken)
    }
    byPort.set(number, nodePortOfPort(port))
  }
}

function freeNodePort(seed: string, taken: Set<number>): number {
  let port = nodePortOf(seed)
  while (taken.has(port) && taken.size < nodePorts) port = firstNodePort + ((port - firstNodePort + 1) % nodePorts)
  taken.add(port)
  return port
}

function clusterAddressOf(seed: string): string {
  const host = firstHost + (hashOf(seed) % hosts)
  return `${network}.${host >> 8}.${host & 255}`
}

/** Whether a service may ask for this address: one of the network, neither its first nor its last. */
export function isClusterAddress(address: string): boolean {
  return address.startsWith(`${network}.`) && address !== `${network}.0.0` && address !== `${network}.255.255`
}

function nodePortOf(seed: string): number {
  return firstNodePort + (hashOf(seed) % nodePorts)
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
