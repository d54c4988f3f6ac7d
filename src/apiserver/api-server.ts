import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { PeerCertificate } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { AdmissionChain } from '../access/admission/admission.ts'
import type { AuthorizationAttributes, Authorizer } from '../access/authorization/attributes.ts'
import type { ApiRequest, ApiResponse, Identity, Transport } from '../client/transport.ts'
import type { KubeObject } from '../meta/object.ts'
import type { ObjectStore } from '../registry/generic/object-store.ts'
import type { ResourceCatalog } from '../registry/resource-catalog.ts'
import type { ResourceDefinition, SubresourceDefinition } from '../registry/resource-definition.ts'

/** What an authenticator sees of a request; who came with an identity (in process, by certificate) is not asked again. */
export interface AuthenticationRequest {
  readonly headers: ApiRequest['headers']
  /** Whose ServiceAccounts may be meant; undefined when the path names no workspace that exists. */
  readonly logicalCluster: string | undefined
  /** True when the URL names no workspace: a token may then say which one it is for. */
  readonly unprefixed: boolean
}

export interface AuthenticationResult {
  readonly identity: Identity
  /** The workspace of an unprefixed request, when the credential decides it. */
  readonly logicalCluster?: string
}

/**
 * Undefined: no credentials were given, and the request goes on as `system:anonymous`. Throws `unauthorized()` for
 * credentials that are not good.
 */
export type Authenticate = (request: AuthenticationRequest) => MaybePromise<AuthenticationResult | undefined>

/** Who acts after `Impersonate-*` headers; throws Forbidden. Called only when there are such headers. */
export type Impersonate = (
  user: Identity,
  logicalCluster: string,
  headers: ApiRequest['headers'],
) => MaybePromise<Identity>

/** One check of /healthz, /livez or /readyz. Failing is throwing. */
export interface HealthCheck {
  readonly name: string
  readonly endpoints: readonly ('healthz' | 'livez' | 'readyz')[]
  check(): MaybePromise<void>
}

/** A request for a subresource that needs a running pod, node or service behind it (log, exec, attach, portforward, proxy). */
export interface ConnectRequest {
  readonly request: ApiRequest
  readonly logicalCluster: string
  readonly definition: ResourceDefinition
  readonly subresource: SubresourceDefinition & { type: 'connect' }
  readonly namespace: string
  readonly name: string
  /** What follows the subresource in the path (proxy). */
  readonly path: string
  readonly user: Identity
  readonly object: KubeObject
}
export type Connect = (request: ConnectRequest) => Promise<ApiResponse>

/** What one answered request was, for the audit log and for metrics. */
export interface RequestRecord {
  readonly auditId: string
  readonly request: ApiRequest
  readonly attributes: AuthorizationAttributes | undefined
  /** Of what was created, or was to be; `attributes` have what the URL names. */
  readonly createdName: string | undefined
  /** As whom it was done. */
  readonly user: Identity | undefined
  /** Who did it as somebody else. */
  readonly impersonator: Identity | undefined
  readonly status: number
  /** Since the epoch. */
  readonly startedMs: number
  /** Until the response began. */
  readonly durationMs: number
}

/** What an extra endpoint is told. */
export interface EndpointRequest {
  readonly request: ApiRequest
  readonly logicalCluster: string
  /** `/clusters/<workspace>` or empty. */
  readonly prefix: string
  /** Within the workspace. */
  readonly path: string
  readonly user: Identity
}
export type Endpoint = (request: EndpointRequest) => MaybePromise<ApiResponse>

/** Everything that is no API path: console, login, extra pages. */
export type FallbackHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void

export interface ApiServerOptions {
  readonly store: ObjectStore
  readonly catalog: ResourceCatalog
  readonly authenticate: Authenticate
  readonly authorizer: Authorizer
  readonly admission: AdmissionChain
  /**
   * The name of the logical cluster that a path (`root:acme`) or a name stands for; undefined when there is none. Called
   * for every request: keep it in memory.
   */
  readonly resolveLogicalCluster: (pathOrName: string) => MaybePromise<string | undefined>
  readonly clock: Clock
  readonly logger: Logger
  /** Without it, `Impersonate-*` headers are refused. */
  readonly impersonate?: Impersonate
  readonly connect?: Connect
  readonly healthChecks?: readonly HealthCheck[]
  readonly fallback?: FallbackHandler
  /** Asked first for every upgrade to another protocol; `identity` is what TLS says. False: not taken. */
  readonly upgrade?: (
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    identity: Identity | undefined,
  ) => boolean
  /**
   * Further paths within a workspace, answered after authorization as non-resource paths: `/openid/v1/jwks`. A path that
   * ends in `/` stands for all below it.
   */
  readonly endpoints?: ReadonlyMap<string, Endpoint>
  readonly onRequest?: (record: RequestRecord) => void
  readonly limits?: Partial<RequestLimits>
}

export interface RequestLimits {
  /** Requests in work at once over all workspaces; one workspace gets half of what is free. */
  readonly inFlight: number
  readonly bodyBytes: number
  /** Of requests that are no watches. */
  readonly timeoutMs: number
}

export interface ListenOptions {
  readonly host: string
  /** 0 chooses one. */
  readonly port: number
  /** PEM. */
  readonly key: string
  readonly cert: string
  /** Client certificates that this signs are handed to `certificateIdentity`; without it none are asked for. */
  readonly clientCa?: string
  /** Undefined: the certificate says nothing about who it is. */
  readonly certificateIdentity?: (certificate: PeerCertificate) => Identity | undefined
}

export interface Listening {
  readonly host: string
  readonly port: number
}

export interface ApiServer {
  /** Answers requests in process; `identity` of a request is believed. */
  readonly transport: Transport
  /** HTTPS for HTTP/2 and HTTP/1.1 on one port. */
  listen(options: ListenOptions): Promise<Listening>
  /**
   * CRDs of a logical cluster have changed, and the catalog knows it: watches of custom resources that are not what they
   * were end, so that clients list them anew.
   */
  definitionsChanged(logicalCluster: string): void
  /**
   * /readyz fails from now on, no new connections; watches end, requests in work are answered, and after `graceMs` what
   * is left is cut.
   */
  close(options?: { graceMs?: number }): Promise<void>
}
