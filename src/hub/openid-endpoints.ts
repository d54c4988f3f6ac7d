import {
  jsonWebKeySet,
  jwksContentType,
  openIdConfiguration,
  openIdMaxAge,
} from '../access/authentication/openid-documents.ts'
import type { IssuerOf } from '../access/authentication/service-account-token.ts'
import type { SigningKeys } from '../access/pki/signing-keys.ts'
import type { Endpoint, EndpointRequest } from '../apiserver/api-server.ts'
import type { ApiResponse } from '../client/transport.ts'
import { methodNotServed } from '../meta/api-errors.ts'

export interface OpenIdEndpointsOptions {
  keys: SigningKeys
  issuerOf: IssuerOf
  /** `https://hub:6443`, once the hub listens. */
  hubUrl(): string
}

/** What others need to verify ServiceAccount tokens; RBAC decides who may read it, as for every path. */
export function openIdEndpoints({ keys, issuerOf, hubUrl }: OpenIdEndpointsOptions): ReadonlyMap<string, Endpoint> {
  const answer = (request: EndpointRequest, contentType: string, document: object): ApiResponse => {
    if (!['GET', 'HEAD'].includes(request.request.method)) throw methodNotServed()
    const headers = { 'content-type': contentType, 'cache-control': `public, max-age=${openIdMaxAge}` }
    return { status: 200, headers, body: Buffer.from(JSON.stringify(document)) }
  }
  return new Map<string, Endpoint>([
    ['/openid/v1/jwks', (request) => answer(request, jwksContentType, jsonWebKeySet(keys))],
    [
      '/.well-known/openid-configuration',
      (request) => {
        const url = `${hubUrl()}${request.prefix}`
        return answer(request, 'application/json', openIdConfiguration(issuerOf(request.logicalCluster), url))
      },
    ],
  ])
}
