import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Backend } from '../../storage/backend.ts'
import { hubKey } from '../../storage/keys.ts'
import { dayMs, issueKeyPair, type CertificateAuthority, type KeyPairPem } from './certificate.ts'
import { decode, encode, isKeyPair } from './hub-secrets.ts'

export interface ServingNames {
  /** Host names and IP addresses beside the loopback ones. */
  hosts?: readonly string[]
  /** Workspaces are also served at `<name>.<hub domain>`. */
  hubDomain?: string
}

const lifetimeMs = 365 * dayMs
const renewBeforeMs = 90 * dayMs

/** What the certificate must be good for. */
export function servingHosts({ hosts = [], hubDomain }: ServingNames): string[] {
  const domains = hubDomain ? [hubDomain, `*.${hubDomain}`] : []
  return [...new Set(['localhost', '127.0.0.1', '::1', ...hosts, ...domains])]
}

/**
 * The serving certificate for these names: the stored one while it is good for all of them and for 90 more days, else a
 * new one. Stored by its names, so that replicas with the same names share one and a browser that accepted it is asked
 * no second time. Call again now and then in a process that lives long.
 */
export async function loadOrIssueServingCertificate(
  backend: Backend,
  authority: CertificateAuthority,
  names: ServingNames,
  nowMs: number,
): Promise<KeyPairPem> {
  const hosts = servingHosts(names)
  const key = hubKey(
    `serving-${createHash('sha256')
      .update([...hosts].sort().join('\n'))
      .digest('hex')
      .slice(0, 16)}`,
  )
  const stored = await backend.get(key)
  if (stored) {
    const pair = decode(stored, isKeyPair)
    if (isGoodFor(pair.certPem, authority, hosts, nowMs)) return pair
  }
  const subject = { commonName: 'atoll-hub', organizations: [] }
  const fresh = issueKeyPair(authority, { subject, usage: 'serverAuth', hosts, nowMs, lifetimeMs })
  const guard = { key, revision: stored?.revision ?? 0 }
  const result = await backend.txn({ guards: [guard], puts: [{ key, value: encode(fresh) }] })
  return result.ok || !result.current ? fresh : decode(result.current, isKeyPair)
}

/** Whether a certificate is ours, answers for all hosts, and has 90 days left. */
export function isGoodFor(
  certPem: string,
  authority: CertificateAuthority,
  hosts: readonly string[],
  nowMs: number,
): boolean {
  const certificate = new X509Certificate(certPem)
  return (
    certificate.checkIssued(authority.certificate) &&
    certificate.verify(authority.certificate.publicKey) &&
    Date.parse(certificate.validTo) - nowMs > renewBeforeMs &&
    hosts.every((host) => answersFor(certificate, host))
  )
}

function answersFor(certificate: X509Certificate, host: string): boolean {
  const found = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host.replace(/^\*\./, 'any.'))
  return found !== undefined
}
