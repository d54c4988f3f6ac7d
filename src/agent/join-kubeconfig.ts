import { isIP } from 'node:net'
import type { HttpTransportOptions } from '../client/node/http-transport.ts'
import { KubeconfigError, type SelectedContext, toTransportOptions } from '../client/node/kubeconfig.ts'

export interface JoinKubeconfigOptions {
  /** Hosts that the hub may dial although they are loopback or link-local; `--allow-dial`. */
  allowDial?: readonly string[]
}

/**
 * The context that a child cluster is joined with. What would run programs, read other files, go by a proxy or trust
 * anybody is refused: the same address is later dialed by the hub, from its own network.
 */
export function readJoinContext(selected: SelectedContext, options: JoinKubeconfigOptions = {}): HttpTransportOptions {
  const { cluster, user } = selected
  const files = [
    cluster['certificate-authority'],
    user['client-certificate'],
    user['client-key'],
    user.tokenFile,
  ].filter((file) => file !== undefined)
  if (files.length > 0)
    throw new KubeconfigError(
      `the kubeconfig names files (${files.join(', ')}): embed them, for example with "kubectl config view --flatten"`,
    )
  if (cluster['insecure-skip-tls-verify'])
    throw new KubeconfigError('the kubeconfig turns TLS verification off: give the certificate authority instead')
  checkDialedServer(cluster.server, options.allowDial ?? [])
  return toTransportOptions(selected)
}

function checkDialedServer(server: string, allowDial: readonly string[]): void {
  let url: URL
  try {
    url = new URL(server)
  } catch (cause) {
    throw new KubeconfigError(`${JSON.stringify(server)} is not the address of a server`, { cause })
  }
  if (url.protocol !== 'https:') throw new KubeconfigError(`the server must be reached over https, not ${url.protocol}`)
  if (url.username !== '' || url.password !== '')
    throw new KubeconfigError('the address of the server holds a password')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isLocalHost(host) && !allowDial.includes(host) && !allowDial.includes(url.host))
    throw new KubeconfigError(
      `${host} is an address of the hub's own machine or link: allow it with --allow-dial ${host}`,
    )
}

/** Loopback, link-local (cloud metadata services among them) and unspecified addresses, in every spelling that URL leaves. */
export function isLocalHost(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  if (isIP(host) === 4) return /^(127\.|169\.254\.|0\.)/.test(host)
  if (isIP(host) !== 6) return false
  const plain = host.toLowerCase()
  if (plain === '::1' || plain === '::' || /^fe[89ab]/.test(plain)) return true
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain)
  if (!mapped) return false
  const high = Number.parseInt(mapped[1] ?? '', 16)
  return high >> 8 === 127 || high === 0xa9fe || high >> 8 === 0
}
