import { randomUUID } from 'node:crypto'
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
  const kubernetes = record(claims['kubernetes.io'])
  const logicalCluster = text(kubernetes?.['clusterName'])
  const namespace = text(kubernetes?.['namespace'])
  const serviceAccount = reference(kubernetes?.['serviceaccount'])
  const audiences = list(claims['aud'])
  const { iss, sub, exp, nbf, iat, jti } = claims
  if (!kubernetes || !logicalCluster || !namespace || !serviceAccount || !audiences) return undefined
  if (iss !== issuerOf(logicalCluster) || sub !== serviceAccountUserName(namespace, serviceAccount.name))
    return undefined
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') return undefined
  const bound = {
    pod: reference(kubernetes['pod']),
    secret: reference(kubernetes['secret']),
    node: reference(kubernetes['node']),
  }
  return {
    logicalCluster,
    namespace,
    serviceAccount,
    ...(bound.pod ? { pod: bound.pod } : {}),
    ...(bound.secret ? { secret: bound.secret } : {}),
    ...(bound.node ? { node: bound.node } : {}),
    audiences,
    expiresAt: exp,
    notBefore: nbf,
    issuedAt: iat,
    id: text(jti) ?? '',
  }
}

/**
 * The logical cluster that a bearer token says it is for: where a request without a workspace in its path belongs
 * (clients in a pod know only a host). Not verified; what is done there with the token is.
 */
export function claimedLogicalCluster(token: string): string | undefined {
  const name = text(record(readUnverifiedClaims(token)?.['kubernetes.io'])?.['clusterName'])
  return name !== undefined && /^[a-z0-9][-a-z0-9:]{0,252}$/.test(name) ? name : undefined
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function list(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

function reference(value: unknown): BoundReference | undefined {
  const parts = record(value)
  const name = text(parts?.['name'])
  const uid = text(parts?.['uid'])
  return name && uid ? { name, uid } : undefined
}
