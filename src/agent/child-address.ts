import { isIP } from 'node:net'

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

/** The same for what a host name stands for; undefined for a name. */
export function refusedIp(address: string): string | undefined {
  if (isIP(address) === 4) return refusedIpv4(address)
  return isIP(address) === 6 ? refusedIpv6(address.toLowerCase()) : undefined
}

function refusedIpv4(host: string): string | undefined {
  if (host.startsWith('127.') || host.startsWith('0.')) return `${host} is a loopback address`
  return host.startsWith('169.254.') ? `${host} is a link-local address` : undefined
}

function refusedIpv6(host: string): string | undefined {
  if (host === '::1' || host === '::') return `${host} is a loopback address`
  if (/^fe[89ab]/.test(host)) return `${host} is a link-local address`
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(host)
  if (dotted?.[1] !== undefined) return refusedIpv4(dotted[1])
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (!mapped) return undefined
  const high = Number.parseInt(mapped[1] ?? '0', 16)
  return high >> 8 === 127 || high >> 8 === 0 || high === 0xa9fe
    ? `${host} stands for a loopback or link-local address`
    : undefined
}
