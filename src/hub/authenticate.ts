import { bearerToken, type Authenticator } from '../access/authentication/authenticator.ts'
import { claimedLogicalCluster } from '../access/authentication/service-account-token.ts'
import type { Authenticate, AuthenticationResult } from '../apiserver/api-server.ts'
import { chain } from '../base/maybe-promise.ts'
import type { Identity } from '../client/transport.ts'
import { unauthorized } from '../meta/api-errors.ts'

/**
 * Who a request's headers say it is. Without a workspace in the URL, as clients inside a cluster ask, a ServiceAccount's
 * token says which one it is for; it is then verified for that one.
 */
export function createAuthenticate(authenticator: Authenticator): Authenticate {
  return ({ headers, unprefixed }) => {
    const token = unprefixed ? bearerToken(headers) : undefined
    const home = token === undefined ? undefined : claimedLogicalCluster(token)
    return chain(authenticator.authenticate({ headers }), (identity: Identity | undefined): AuthenticationResult => {
      if (!identity) throw unauthorized()
      return home === undefined ? { identity } : { identity, logicalCluster: home }
    })
  }
}
