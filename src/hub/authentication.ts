import { createAuthenticator, type Authenticator } from '../access/authentication/authenticator.ts'
import { authenticatedGroup } from '../access/authentication/identity.ts'
import { createServiceAccountAuthenticator } from '../access/authentication/service-account-authenticator.ts'
import { claimedLogicalCluster, type IssuerOf } from '../access/authentication/service-account-token.ts'
import { bearerToken } from '../access/authentication/authenticator.ts'
import type { SigningKeys } from '../access/pki/signing-keys.ts'
import type { Authenticate } from '../apiserver/api-server.ts'
import type { Clock } from '../base/clock.ts'
import { isPromise } from '../base/maybe-promise.ts'
import type { Identity } from '../client/transport.ts'
import { unauthorized } from '../meta/api-errors.ts'
import type { ObjectReader } from '../registry/object-reader.ts'

/** Who the hub's own parts are, in process. */
export function systemIdentity(part: string): Identity {
  return { name: `system:atoll:${part}`, groups: ['system:masters', authenticatedGroup] }
}

export interface HubAuthenticationOptions {
  keys: SigningKeys
  issuerOf: IssuerOf
  reader: ObjectReader
  clock: Clock
}

/** Tokens of ServiceAccounts; client certificates are TLS's own knowledge and arrive as an identity. */
export function createHubAuthentication(options: HubAuthenticationOptions): {
  authenticator: Authenticator
  authenticate: Authenticate
} {
  const authenticator = createAuthenticator({ tokens: [createServiceAccountAuthenticator(options)] })
  const authenticate: Authenticate = ({ headers, unprefixed }) => {
    const token = bearerToken(headers)
    if (token === undefined) return undefined
    const home = unprefixed ? claimedLogicalCluster(token) : undefined
    const answer = (identity: Identity | undefined) => {
      if (!identity) throw unauthorized()
      return home === undefined ? { identity } : { identity, logicalCluster: home }
    }
    const identity = authenticator.authenticate({ headers })
    return isPromise(identity) ? identity.then(answer) : answer(identity)
  }
  return { authenticator, authenticate }
}
