import type { SigningKeys } from '../pki/signing-keys.ts'

/** `GET /openid/v1/jwks` (RFC 7517): the keys are the hub's, the same in every workspace. */
export function jsonWebKeySet(keys: SigningKeys): { keys: Record<string, unknown>[] } {
  return {
    keys: [...keys.byId.values()].map(({ id, publicKey }) => {
      const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
      return { use: 'sig', kty, kid: id, crv, alg: 'ES256', x, y }
    }),
  }
}

/**
 * `GET /.well-known/openid-configuration` of one workspace, as far as relying parties need it to verify tokens. `url` is
 * where they reach the workspace: the issuer is a name, whatever address the hub has.
 */
export function openIdConfiguration(issuer: string, url: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${url}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

/** For both documents, in seconds; keys must stay published at least as long before they sign. */
export const openIdMaxAge = 3_600
export const jwksContentType = 'application/jwk-set+json'
