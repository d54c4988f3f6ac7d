import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addSubnet('0.0.0.0', 8)
loopback.addSubnet('::', 96, 'ipv6') // ::1, and IPv4 as it was once written
const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16)
linkLocal.addSubnet('fe80::', 10, 'ipv6')
linkLocal.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6') // 169.254.0.0/16 by way of NAT64
const metadata = new BlockList() // besides link-local addresses
metadata.addAddress('fd00:ec2::254', 'ipv6') // AWS
metadata.addAddress('168.63.129.16') // Azure
metadata.addAddress('100.100.100.200') // Alibaba
metadata.addAddress('192.0.0.192') // Oracle

const refused: readonly [BlockList, string][] = [
  [loopback, 'a loopback address'],
  [linkLocal, 'a link-local address'],
  [metadata, 'a metadata service of the cloud'],
]

/** Why a hub does not dial an address, or undefined when it may: it must not be led to what only its own machine can reach. */
export function refusedAddress(serverUrl: string): string | undefined {
  let url: URL
  try {
    url = new URL(serverUrl)
  } catch {
    return `"${serverUrl}" is not a URL`
  }
  if (url.protocol !== 'https:') return `${serverUrl} is not an https URL`
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return `${host} is a loopback address`
  return refusedIp(host)
}

/** The same for what a host name stands for; undefined for a name. IPv6 forms of an IPv4 address count as that. */
export function refusedIp(address: string): string | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  const found = refused.find(([list]) => list.check(address, version === 4 ? 'ipv4' : 'ipv6'))
  return found && `${address} is ${found[1]}`
}
