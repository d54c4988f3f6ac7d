import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { badRequest } from '../../meta/api-errors.ts'
import {
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  type CertificateAuthority,
  type Validity,
} from './certificate.ts'
import {
  bitString,
  contextConstructed,
  der,
  DerError,
  DerReader,
  derTag,
  fromPem,
  integer,
  objectIdentifier,
  readObjectIdentifier,
  sequence,
  toPem,
} from './der.ts'
import { decodeName, encodeName, type Subject } from './distinguished-name.ts'

/** Hash by the signature algorithms that we accept; Ed25519 has its own. */
const signatureHashes = new Map<string, string | null>([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
])
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'))

/** A new key and a PKCS#10 request (RFC 2986) for it. The key never leaves whoever calls this. */
export function createCertificateRequest(subject: Subject): { csrPem: string; keyPem: string } {
  const { publicKey, privateKey } = generateKeyPair()
  const info = sequence(
    integer(Buffer.from([0])),
    encodeName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(contextConstructed(0)),
  )
  const request = sequence(info, ecdsaWithSha256, bitString(sign('sha256', info, privateKey)))
  return { csrPem: toPem('CERTIFICATE REQUEST', request), keyPem: exportPrivateKey(privateKey) }
}

export interface CertificateRequest {
  readonly subject: Subject
  readonly publicKey: KeyObject
}

/**
 * Reads a request and checks that its sender has the key. Requested extensions are not looked at: the signer decides
 * what the certificate is for. Throws BadRequest with a reason.
 */
export function parseCertificateRequest(csrPem: string): CertificateRequest {
  const bytes = fromPem('CERTIFICATE REQUEST', csrPem)
  if (!bytes) throw badRequest('the certificate request has no PEM block CERTIFICATE REQUEST')
  try {
    return readCertificateRequest(bytes)
  } catch (error) {
    const why = error instanceof DerError ? error.message : 'its key or signature cannot be read'
    throw badRequest(`the certificate request is not valid: ${why}`, error)
  }
}

function readCertificateRequest(bytes: Uint8Array): CertificateRequest {
  const outer = new DerReader(bytes)
  const request = new DerReader(outer.next(derTag.sequence).content)
  outer.end()
  const signedInfo = request.next(derTag.sequence)
  const algorithm = readObjectIdentifier(
    new DerReader(request.next(derTag.sequence).content).next(derTag.objectIdentifier).content,
  )
  const signature = request.next(derTag.bitString).content
  request.end()
  const info = new DerReader(signedInfo.content)
  info.next(derTag.integer) // version
  const subject = decodeName(info.next(derTag.sequence).content)
  const publicKey = createPublicKey({ key: Buffer.from(info.next(derTag.sequence).whole), format: 'der', type: 'spki' })
  requireStrongKey(publicKey)
  const hash = signatureHashes.get(algorithm)
  if (hash === undefined) throw new DerError(`the signature algorithm ${algorithm} is not supported`)
  if (signature[0] !== 0 || !verify(hash, signedInfo.whole, publicKey, signature.subarray(1)))
    throw new DerError('the signature does not fit the key')
  return { subject, publicKey }
}

function requireStrongKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const curve = asymmetricKeyDetails?.namedCurve
  if (asymmetricKeyType === 'ed25519') return
  if (asymmetricKeyType === 'ec' && (curve === 'prime256v1' || curve === 'secp384r1' || curve === 'secp521r1')) return
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return
  throw new DerError('the key must be ECDSA P-256, P-384 or P-521, Ed25519, or RSA of at least 2048 bits')
}

export interface SigningPolicy extends Validity {
  /** Exactly this subject must have been asked for, organizations in any order. */
  subject: Subject
}

/** Checks the request against the one subject that its sender may have, and answers the client certificate. */
export function signCertificateRequest(authority: CertificateAuthority, csrPem: string, policy: SigningPolicy): string {
  const { subject, publicKey } = parseCertificateRequest(csrPem)
  const { commonName, organizations } = policy.subject
  if (subject.commonName !== commonName)
    throw badRequest(`the certificate request must be for the common name ${JSON.stringify(commonName)}`)
  if ([...subject.organizations].sort().join('\n') !== [...organizations].sort().join('\n'))
    throw badRequest(`the certificate request must be for the organizations ${JSON.stringify(organizations)}`)
  const { nowMs, lifetimeMs } = policy
  return issueCertificate(authority, { subject: policy.subject, publicKey, usage: 'clientAuth', nowMs, lifetimeMs })
}
