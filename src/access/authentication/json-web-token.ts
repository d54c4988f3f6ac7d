import { sign, verify } from 'node:crypto'
import type { SigningKey, VerificationKey } from '../pki/signing-keys.ts'

/**
 * JWTs (RFC 7519) with ES256 and nothing else, synchronously: a library for all of JOSE costs 36 ms and 8 MiB at start,
 * and a choice of algorithms is what attacks on JWTs live on.
 */
export type Claims = Readonly<Record<string, unknown>>

const maxTokenLength = 16_384

export function signToken(key: SigningKey, claims: Claims): string {
  const signed = `${encodePart({ alg: 'ES256', kid: key.id })}.${encodePart(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** The claims of a token that one of the keys has signed; undefined for everything else. Time is not looked at. */
export function verifyToken(keys: ReadonlyMap<string, VerificationKey>, token: string): Claims | undefined {
  const parts = splitToken(token)
  if (!parts) return undefined
  const header = decodePart(parts.header)
  if (header?.['alg'] !== 'ES256' || typeof header['kid'] !== 'string') return undefined
  const key = keys.get(header['kid'])
  const signature = Buffer.from(parts.signature, 'base64url')
  if (!key || signature.length !== 64) return undefined
  const signed = Buffer.from(`${parts.header}.${parts.payload}`)
  if (!verify('sha256', signed, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)) return undefined
  return decodePart(parts.payload)
}

/** What a token says of itself, believed by nobody: only to find out who should verify it. */
export function readUnverifiedClaims(token: string): Claims | undefined {
  const parts = splitToken(token)
  return parts && decodePart(parts.payload)
}

function splitToken(token: string): { header: string; payload: string; signature: string } | undefined {
  if (token.length > maxTokenLength) return undefined
  const [header, payload, signature, rest] = token.split('.', 4)
  return header && payload && signature && rest === undefined ? { header, payload, signature } : undefined
}

function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decodePart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
