import { LRUCache } from 'lru-cache'
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { Clock } from '../../base/clock.ts'
import type { Identity } from '../../client/transport.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import type { SigningKeys } from '../pki/signing-keys.ts'
import { quoteList } from '../authorization/policy-rule.ts'
import {
  authenticatedGroup,
  credentialIdExtra,
  logicalClusterExtra,
  serviceAccountGroups,
  serviceAccountUserName,
} from './identity.ts'
import { verifyToken } from './json-web-token.ts'
import {
  parseServiceAccountClaims,
  type BoundReference,
  type IssuerOf,
  type ServiceAccountClaims,
} from './service-account-token.ts'
import type { PresentedToken, TokenAuthenticator, TokenResult } from './token-authenticator.ts'

export interface ServiceAccountAuthenticatorOptions {
  keys: SigningKeys
  issuerOf: IssuerOf
  /** Asked with every request whether the ServiceAccount and the bound object still exist. */
  reader: ObjectReader
  clock: Clock
  /** Audiences of the API beside the issuer itself. */
  apiAudiences?: readonly string[]
  /** Verified tokens that are remembered; fewer when they are long. */
  maxTokens?: number
}

interface VerifiedToken {
  readonly claims: ServiceAccountClaims
  readonly identity: Identity
  readonly apiAudiences: readonly string[]
}

/** Whoever may ask for tokens may ask for long ones: audiences are free text. */
const rememberedBytes = 32 * 1024 * 1024
const tokenOverheadBytes = 1_024 // claims and identity as objects, beside their text
const leewaySeconds = 60 // between clocks, and between the deletion of an object and the end of its tokens; upstream's

/**
 * JWTs that the hub issued. The signature is checked once for each token; time, audience and the objects that the token
 * is bound to are checked every time.
 */
export function createServiceAccountAuthenticator(options: ServiceAccountAuthenticatorOptions): TokenAuthenticator {
  const { keys, issuerOf, reader, clock, apiAudiences = [], maxTokens = 10_000 } = options
  const verified = new LRUCache<string, VerifiedToken>({ max: maxTokens, maxSize: rememberedBytes })

  function verifyOnce({ token, digest }: PresentedToken): VerifiedToken | undefined {
    const known = verified.get(digest)
    if (known) return known
    const payload = verifyToken(keys.byId, token)
    const claims = payload && parseServiceAccountClaims(payload, issuerOf)
    if (!claims) return undefined
    const audiences = [issuerOf(claims.logicalCluster), ...apiAudiences]
    const fresh = { claims, identity: toIdentity(claims), apiAudiences: audiences }
    verified.set(digest, fresh, { size: tokenOverheadBytes + 2 * token.length })
    return fresh
  }

  return (presented) => {
    const token = verifyOnce(presented)
    if (!token) return undefined
    const nowSeconds = clock.now() / 1_000
    const wanted = presented.audiences ?? token.apiAudiences
    const audiences = token.claims.audiences.filter((audience) => wanted.includes(audience))
    const error =
      timeError(token.claims, nowSeconds) ?? (audiences.length === 0 ? audienceError(token.claims, wanted) : undefined)
    if (error !== undefined) return { ok: false, error }
    const accepted: TokenResult = { ok: true, identity: token.identity, audiences }
    const gone = findGone(reader, token.claims, nowSeconds)
    if (isPromise(gone)) return gone.then((why) => (why === undefined ? accepted : { ok: false, error: why }))
    return gone === undefined ? accepted : { ok: false, error: gone }
  }
}

function timeError({ expiresAt, notBefore, issuedAt }: ServiceAccountClaims, nowSeconds: number): string | undefined {
  if (nowSeconds > expiresAt + leewaySeconds) return 'service account token has expired'
  if (nowSeconds < notBefore - leewaySeconds) return 'service account token is not valid yet'
  if (nowSeconds < issuedAt - leewaySeconds) return 'service account token is issued in the future'
  return undefined
}

function audienceError({ audiences }: ServiceAccountClaims, wanted: readonly string[]): string {
  return `token audiences ${quoteList(audiences)} is invalid for the target audiences ${quoteList(wanted)}`
}

/** Why the token has ended before its time; undefined when all that it is bound to is there. */
function findGone(
  reader: ObjectReader,
  claims: ServiceAccountClaims,
  nowSeconds: number,
): MaybePromise<string | undefined> {
  const { logicalCluster, namespace, serviceAccount, secret, pod, node } = claims
  const check = (resource: string, scope: string, bound: BoundReference): MaybePromise<string | undefined> => {
    const object = reader.get({ logicalCluster, group: '', resource, namespace: scope, name: bound.name })
    const judge = (found: KubeObject | undefined): string | undefined =>
      found && isSameAlive(found, bound, nowSeconds) ? undefined : goneText(resource, namespace, serviceAccount)
    return isPromise(object) ? object.then(judge) : judge(object)
  }
  const account = check('serviceaccounts', namespace, serviceAccount)
  if (!secret && !pod && !node) return account
  // A token of a pod names the pod's node for information only.
  const [resource, scope, bound] = secret
    ? (['secrets', namespace, secret] as const)
    : pod
      ? (['pods', namespace, pod] as const)
      : (['nodes', '', node ?? serviceAccount] as const)
  if (isPromise(account)) return account.then((why) => why ?? check(resource, scope, bound))
  return account ?? check(resource, scope, bound)
}

function isSameAlive({ metadata }: KubeObject, bound: BoundReference, nowSeconds: number): boolean {
  if (metadata.uid !== bound.uid) return false
  const { deletionTimestamp } = metadata
  return deletionTimestamp === undefined || Date.parse(deletionTimestamp) / 1_000 >= nowSeconds - leewaySeconds
}

function goneText(resource: string, namespace: string, { name }: BoundReference): string {
  return resource === 'serviceaccounts'
    ? `service account ${namespace}/${name} has been deleted`
    : 'service account token has been invalidated'
}

function toIdentity(claims: ServiceAccountClaims): Identity {
  const { logicalCluster, namespace, serviceAccount, pod, node, id } = claims
  return Object.freeze({
    name: serviceAccountUserName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
    extra: {
      [logicalClusterExtra]: [logicalCluster],
      ...(id === '' ? {} : { [credentialIdExtra]: [`JTI=${id}`] }),
      ...(pod
        ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }
        : {}),
      ...(node
        ? { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] }
        : {}),
    },
  })
}
