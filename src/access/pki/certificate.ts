import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  der,
  DerReader,
  derTag,
  derTrue,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  time,
  toPem,
} from './der.ts'
import { encodeName, type Subject } from './distinguished-name.ts'

/** A certificate and its key, PEM. */
export interface KeyPairPem {
  certPem: string
  keyPem: string
}

/** A certificate authority ready to sign. */
export interface CertificateAuthority {
  readonly certPem: string
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

export interface Validity {
  nowMs: number
  lifetimeMs: number
}

export const dayMs = 24 * 60 * 60 * 1_000
const clockSkewMs = 60 * 60 * 1_000 // certificates begin an hour early, for peers whose clocks are behind

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
const extensionIds = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
}
const keyUsageBits = { digitalSignature: 0x80, certificateAndCrlSign: 0x06 }
const extendedUsageIds = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' }

/** ECDSA P-256: every client takes it, and a key costs 30 µs. */
export function generateKeyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

export function exportPrivateKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export function openCertificateAuthority({ certPem, keyPem }: KeyPairPem): CertificateAuthority {
  return { certPem, certificate: new X509Certificate(certPem), key: createPrivateKey(keyPem) }
}

export function createCertificateAuthority(commonName: string, validity: Validity): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPair()
  const name = encodeName({ commonName, organizations: [] })
  const extensions = [
    extension('basicConstraints', sequence(derTrue), true),
    extension('keyUsage', bitString(Buffer.from([keyUsageBits.certificateAndCrlSign]), 1), true),
    extension('subjectKeyIdentifier', octetString(keyIdentifier(publicKey))),
  ]
  const certPem = signCertificate({ issuer: name, subject: name, publicKey, extensions, validity }, privateKey)
  return { certPem, keyPem: exportPrivateKey(privateKey) }
}

export interface LeafRequest extends Validity {
  subject: Subject
  publicKey: KeyObject
  usage: 'serverAuth' | 'clientAuth'
  /** DNS names and IP addresses. */
  hosts?: readonly string[]
}

/** A certificate for one server or client, signed by the authority. Never outlives the authority. */
export function issueCertificate(authority: CertificateAuthority, request: LeafRequest): string {
  const { subject, publicKey, usage, hosts = [], nowMs } = request
  const authorityEndMs = Date.parse(authority.certificate.validTo)
  const lifetimeMs = Math.min(request.lifetimeMs, authorityEndMs - nowMs)
  const extensions = [
    extension('basicConstraints', sequence(), true),
    extension('keyUsage', bitString(Buffer.from([keyUsageBits.digitalSignature]), 7), true),
    extension('extendedKeyUsage', sequence(objectIdentifier(extendedUsageIds[usage]))),
    extension('subjectKeyIdentifier', octetString(keyIdentifier(publicKey))),
    extension(
      'authorityKeyIdentifier',
      sequence(der(contextPrimitive(0), keyIdentifier(authority.certificate.publicKey))),
    ),
    ...(hosts.length > 0 ? [extension('subjectAltName', sequence(...hosts.map(generalName)))] : []),
  ]
  const issuer = encodedSubjectOf(authority.certificate)
  const parts = { issuer, subject: encodeName(subject), publicKey, extensions, validity: { nowMs, lifetimeMs } }
  return signCertificate(parts, authority.key)
}

/** A key and its certificate in one go. */
export function issueKeyPair(authority: CertificateAuthority, request: Omit<LeafRequest, 'publicKey'>): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPair()
  return { certPem: issueCertificate(authority, { ...request, publicKey }), keyPem: exportPrivateKey(privateKey) }
}

interface CertificateParts {
  issuer: Uint8Array
  subject: Uint8Array
  publicKey: KeyObject
  extensions: readonly Uint8Array[]
  validity: Validity
}

function signCertificate(
  { issuer, subject, publicKey, extensions, validity }: CertificateParts,
  key: KeyObject,
): string {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40 // positive, and never shorter
  const tbs = sequence(
    der(contextConstructed(0), integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    issuer,
    sequence(time(validity.nowMs - clockSkewMs), time(validity.nowMs + validity.lifetimeMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(contextConstructed(3), sequence(...extensions)),
  )
  return toPem('CERTIFICATE', sequence(tbs, ecdsaWithSha256, bitString(sign('sha256', tbs, key))))
}

function extension(name: keyof typeof extensionIds, value: Uint8Array, critical = false): Uint8Array {
  return sequence(objectIdentifier(extensionIds[name]), ...(critical ? [derTrue] : []), octetString(value))
}

function generalName(host: string): Uint8Array {
  if (isIP(host)) return der(contextPrimitive(7), ipBytes(host))
  if (!/^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host))
    throw new Error(`${JSON.stringify(host)} is not a host name`)
  return der(contextPrimitive(2), Buffer.from(host, 'ascii'))
}

function ipBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1) // at most one `::`, no dotted tail, no zone
  const [head = '', tail = ''] = canonical.split('::')
  const front = ipWords(head)
  const back = ipWords(tail)
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  return Buffer.from([...front, ...zeros, ...back].map((word) => word.padStart(4, '0')).join(''), 'hex')
}

function ipWords(text: string): string[] {
  return text.split(':').filter((word) => word !== '')
}

/** The subject as the certificate has it, byte for byte, because an issuer is compared as bytes. */
function encodedSubjectOf(certificate: X509Certificate): Uint8Array {
  const tbs = new DerReader(
    new DerReader(new DerReader(certificate.raw).next(derTag.sequence).content).next(derTag.sequence).content,
  )
  tbs.next(contextConstructed(0)) // version
  tbs.next(derTag.integer) // serial number
  tbs.next(derTag.sequence) // signature algorithm
  tbs.next(derTag.sequence) // issuer
  tbs.next(derTag.sequence) // validity
  return tbs.next(derTag.sequence).whole
}

/** RFC 7093, method 1: the first 160 bits of the key's SHA-256. */
function keyIdentifier(publicKey: KeyObject): Uint8Array {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
}
