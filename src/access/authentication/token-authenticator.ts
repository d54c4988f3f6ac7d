import { hash } from 'node:crypto'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'

export interface PresentedToken {
  readonly token: string
  /** SHA-256, base64: what caches are keyed by, so that no token is kept. */
  readonly digest: string
  /** Whom the token must be for; undefined for the API itself. */
  readonly audiences: readonly string[] | undefined
}

export type TokenResult =
  | {
      readonly ok: true
      readonly identity: Identity
      /** Those asked for that the token is good for. */ readonly audiences: readonly string[]
    }
  /** `error` is for TokenReview; a request gets 401 and no explanation. */
  | { readonly ok: false; readonly error: string }

/** Undefined for a token that it knows nothing about: the next one is asked. */
export type TokenAuthenticator = (presented: PresentedToken) => MaybePromise<TokenResult | undefined>

export function tokenDigest(token: string): string {
  return hash('sha256', token, 'base64')
}

/**
 * Tokens given by the operator, such as the hub administrator's. Found by their digest, so that the time it takes says
 * nothing about a token.
 */
export function createStaticTokenAuthenticator(
  tokens: readonly { token: string; identity: Identity }[],
  audiences: readonly string[],
): TokenAuthenticator {
  const byDigest = new Map(tokens.map(({ token, identity }) => [tokenDigest(token), identity]))
  return ({ digest, audiences: wanted }) => {
    const identity = byDigest.get(digest)
    if (!identity) return undefined
    const accepted = wanted ? audiences.filter((audience) => wanted.includes(audience)) : audiences
    return wanted && accepted.length === 0
      ? { ok: false, error: 'the token is for the API only' }
      : { ok: true, identity, audiences: accepted }
  }
}
