import { LRUCache } from 'lru-cache'
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { ApiRequest, Identity } from '../../client/transport.ts'
import { anonymousIdentity } from './identity.ts'
import { tokenDigest, type PresentedToken, type TokenAuthenticator, type TokenResult } from './token-authenticator.ts'

export interface Authenticator {
  /**
   * Who asks: the transport's own knowledge (client certificate, in process) before a bearer token before nobody.
   * Undefined means 401. Headers of front proxies (`X-Remote-*`) are never looked at.
   */
  authenticate(request: Pick<ApiRequest, 'headers' | 'identity'>): MaybePromise<Identity | undefined>
  /** For TokenReview: with the audiences that the asker wants, and with the reason of a refusal. */
  reviewToken(token: string, audiences: readonly string[] | undefined): MaybePromise<TokenResult>
}

export interface AuthenticatorOptions {
  /** Asked in this order. */
  tokens: readonly TokenAuthenticator[]
  /** Requests without credentials are `system:anonymous` rather than 401. Default true. */
  anonymous?: boolean
}

const rememberedDigests = 256
const longestRemembered = 4_096 // characters; so that nobody fills the memory with what is no token
const unknownToken: TokenResult = Object.freeze({ ok: false, error: 'invalid bearer token' })

export function createAuthenticator({ tokens, anonymous = true }: AuthenticatorOptions): Authenticator {
  function askFrom(index: number, presented: PresentedToken): MaybePromise<TokenResult> {
    for (let next = index; next < tokens.length; next++) {
      const result = tokens[next]?.(presented)
      if (isPromise(result)) return result.then((late) => late ?? askFrom(next + 1, presented))
      if (result) return result
    }
    return unknownToken
  }

  /** Few clients send many requests; their tokens are in the memory of their connections' header tables anyway. */
  const digests = new LRUCache<string, string>({ max: rememberedDigests })
  function digestOf(token: string): string {
    if (token.length > longestRemembered) return tokenDigest(token)
    let digest = digests.get(token)
    if (digest === undefined) digests.set(token, (digest = tokenDigest(token)))
    return digest
  }

  return {
    authenticate({ headers, identity }) {
      if (identity) return identity
      const token = bearerToken(headers)
      if (token === undefined) return anonymous ? anonymousIdentity : undefined
      const result = askFrom(0, { token, digest: digestOf(token), audiences: undefined })
      return isPromise(result) ? result.then(identityOf) : identityOf(result)
    },
    reviewToken: (token, audiences) => askFrom(0, { token, digest: tokenDigest(token), audiences }),
  }
}

function identityOf(result: TokenResult): Identity | undefined {
  return result.ok ? result.identity : undefined
}

const plain = 'Bearer '

/** The token of an `Authorization: Bearer …` header; other schemes and an empty token are no credentials. */
export function bearerToken(headers: ApiRequest['headers']): string | undefined {
  const { authorization } = headers
  const value = typeof authorization === 'string' ? authorization : authorization?.[0]
  if (value === undefined) return undefined
  // As nearly everybody sends it, and without a copy: tokens are long.
  if (value.length > plain.length && value.startsWith(plain) && !value.includes(' ', plain.length))
    return value.slice(plain.length)
  const [scheme, token] = value.trim().split(' ', 2)
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
}

/** Headers that speak of users and must not travel further than the hub: clients do not decide who they are. */
export function isIdentityHeader(lowerCaseName: string): boolean {
  return (
    lowerCaseName === 'authorization' ||
    lowerCaseName.startsWith('x-remote-') ||
    lowerCaseName.startsWith('impersonate-')
  )
}
