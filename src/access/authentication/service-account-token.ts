import { randomUUID } from 'node:crypto'
import { fieldsAt, stringAt } from '../../registry/builtin/fields.ts'
import type { SigningKeys } from '../pki/signing-keys.ts'
import { readUnverifiedClaims, signToken, type Claims } from './json-web-token.ts'
import { serviceAccountUserName } from './identity.ts'

/** A reference by name and uid, so that a token ends with the object that it was made for. */
export interface BoundReference {
  readonly name: string
  readonly uid: string
}

/** What a ServiceAccount token says. */
export interface ServiceAccountClaims {
  readonly logicalCluster: string
  readonly namespace: string
  readonly serviceAccount: BoundReference
  readonly pod?: BoundReference
  readonly secret?: BoundReference
  readonly node?: BoundReference
  readonly audiences: readonly string[]
  /** Seconds since 1970. */
  readonly expiresAt: number
  readonly notBefore: number
  readonly issuedAt: number
  readonly id: string
}

/**
 * The issuer of a logical cluster's tokens: `<base>/clusters/<name>`. Each has its own, because two workspaces can have
 * a ServiceAccount of the same name, and whoever trusts the tokens of one must be able to tell.
 */
export type IssuerOf = (logicalCluster: string) => string

/** `base` is an https URL without a slash at its end. */
export function createIssuerOf(base: string): IssuerOf {
  return (logicalCluster) => `${base}/clusters/${logicalCluster}`
}

export type TokenRequestClaims = Omit<ServiceAccountClaims, 'id' | 'issuedAt' | 'notBefore' | 'expiresAt'>

export function issueServiceAccountToken(
  keys: SigningKeys,
  issuerOf: IssuerOf,
  request: TokenRequestClaims,
  validity: { nowMs: number; lifetimeSeconds: number },
): string {
  const { logicalCluster, namespace, serviceAccount, pod, secret, node, audiences } = request
  const nowSeconds = Math.floor(validity.nowMs / 1_000)
  return signToken(keys.signing, {
    aud: audiences,
    exp: nowSeconds + validity.lifetimeSeconds,
    iat: nowSeconds,
    iss: issuerOf(logicalCluster),
    jti: randomUUID(),
    'kubernetes.io': {
      clusterName: logicalCluster,
      namespace,
      ...(node ? { node } : {}),
      ...(pod ? { pod } : {}),
      ...(secret ? { secret } : {}),
      serviceaccount: serviceAccount,
    },
    nbf: nowSeconds,
    sub: serviceAccountUserName(namespace, serviceAccount.name),
  })
}

/** Undefined when the claims are not those of a ServiceAccount token of the issuer that they name. */
export function parseServiceAccountClaims(claims: Claims, issuerOf: IssuerOf): ServiceAccountClaims | undefined {
  const kubernetes = fieldsAt(claims, 'kubernetes.io')
  const logicalCluster = stringAt(kubernetes, 'clusterName')
  const namespace = stringAt(kubernetes, 'namespace')
  const serviceAccount = reference(kubernetes, 'serviceaccount')
  const { iss, sub, aud, exp, nbf, iat } = claims
  if (logicalCluster === '' || namespace === '' || !serviceAccount || !isStrings(aud)) return undefined
  if (iss !== issuerOf(logicalCluster) || sub !== serviceAccountUserName(namespace, serviceAccount.name))
    return undefined
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') return undefined
  const pod = reference(kubernetes, 'pod')
  const secret = reference(kubernetes, 'secret')
  const node = reference(kubernetes, 'node')
  return {
    logicalCluster,
    namespace,
    serviceAccount,
    ...(pod ? { pod } : {}),
    ...(secret ? { secret } : {}),
    ...(node ? { node } : {}),
    audiences: aud,
    expiresAt: exp,
    notBefore: nbf,
    issuedAt: iat,
    id: stringAt(claims, 'jti'),
  }
}

/**
 * The logical cluster that a bearer token says it is for: where a request without a workspace in its path belongs
 * (clients in a pod know only a host). Not verified; what is done there with the token is.
 */
export function claimedLogicalCluster(token: string): string | undefined {
  const name = stringAt(readUnverifiedClaims(token), 'kubernetes.io', 'clusterName')
  return /^[a-z0-9][-a-z0-9:]{0,252}$/.test(name) ? name : undefined
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function reference(kubernetes: unknown, field: string): BoundReference | undefined {
  const name = stringAt(kubernetes, field, 'name')
  const uid = stringAt(kubernetes, field, 'uid')
  return name !== '' && uid !== '' ? { name, uid } : undefined
}
