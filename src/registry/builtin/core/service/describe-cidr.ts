import { isIPv4, isIPv6 } from 'node:net'

/** What is wrong with a network such as 10.9.8.0/24, in upstream's words; undefined when it is right. */
export function describeCidr(text: string): string | undefined {
  const [address = '', prefix = '', ...rest] = text.split('/')
  const plain = address.replace(/(^|\.)0+(?=\d)/g, '$1') // Go reads leading zeros, and then complains
  const length = Number(prefix)
  const isV4 = isIPv4(plain)
  const isNetwork = (isV4 || (isIPv6(address) && !address.includes('%'))) && length <= (isV4 ? 32 : 128)
  if (rest.length > 0 || !/^\d+$/.test(prefix) || !isNetwork) {
    return 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
  }
  if ((isV4 && plain !== address) || String(length) !== prefix) return 'must not have leading 0s in IP or prefix length'
  if (!isV4 && /^::ffff:\d+\./i.test(address)) return 'must not have an IPv4-mapped IPv6 address'
  const bits = isV4 ? bitsOfV4(plain) : bitsOfV6(address)
  return bits.slice(length).includes('1') ? 'must not have bits set beyond the prefix length' : undefined
}

function bitsOfV4(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')
}

function bitsOfV6(address: string): string {
  const [head = '', tail = ''] = address.split('::').map(bitsOfGroups)
  return head + '0'.repeat(128 - head.length - tail.length) + tail
}

function bitsOfGroups(groups: string): string {
  if (groups === '') return ''
  const toBits = (group: string): string =>
    group.includes('.') ? bitsOfV4(group) : Number.parseInt(group, 16).toString(2).padStart(16, '0')
  return groups.split(':').map(toBits).join('')
}
