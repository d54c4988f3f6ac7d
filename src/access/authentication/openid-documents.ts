import type { SigningKeys } from '../pki/signing-keys.ts'
import type { IssuerOf } from './service-account-token.ts'

/** `GET /openid/v1/jwks` (RFC 7517): the keys are the hub's, the same in every workspace. */
export function jsonWebKeySet(keys: SigningKeys): { keys: Record<string, unknown>[] } {
  return {
    keys: [...keys.byId.values()].map(({ id, publicKey }) => {
      const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
      return { use: 'sig', kty, kid: id, crv, alg: 'ES256', x, y }
    }),
  }
}

/** `GET /.well-known/openid-configuration` of one workspace, as far as relying parties need it to verify tokens. */
export function openIdConfiguration(issuerOf: IssuerOf, logicalCluster: string): Record<string, unknown> {
  const issuer = issuerOf(logicalCluster)
  return {
    issuer,
    jwks_uri: `${issuer}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

/** For both documents; keys must stay published at least as long before they sign. */
export const openIdMaxAgeSeconds = 3_600
export const jwksContentType = 'application/jwk-set+json'
