import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Identity } from '../../client/transport.ts'

/**
 * What authorization is asked about one request. Flat, with empty strings for what does not apply, so that every
 * request has the same shape and a decision key is one concatenation.
 */
export interface AuthorizationAttributes {
  readonly user: Identity
  /** The logical cluster's name (never a path); `*` for a request over all of them. */
  readonly logicalCluster: string
  /** API verb (`get`, `list`, `deletecollection`, `impersonate` …), or the lower-case HTTP method for a path. */
  readonly verb: string
  readonly group: string
  readonly version: string
  /** Plural; empty for a non-resource request, which has `path` instead. */
  readonly resource: string
  readonly subresource: string
  /** Empty for cluster-scoped resources and for requests over all namespaces. */
  readonly namespace: string
  /** The object's name; for list, watch and deletecollection the name of a `metadata.name=` field selector, else empty. */
  readonly name: string
  /** Path within the workspace, `/healthz`; empty for resource requests. */
  readonly path: string
}

export interface AuthorizationDecision {
  readonly allowed: boolean
  /** Why, for the audit log; of a denial also shown to the user, after the forbidden text. May be empty. */
  readonly reason: string
}

/**
 * Decides requests. Synchronous when what it needs is in memory. Rejects only when the rules could not be read; a
 * denial is a value.
 */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): MaybePromise<AuthorizationDecision>
}

/** The logical cluster of requests over all workspaces. */
export const wildcardLogicalCluster = '*'

export function resourceAttributes(
  user: Identity,
  logicalCluster: string,
  verb: string,
  resource: Partial<Omit<AuthorizationAttributes, 'user' | 'logicalCluster' | 'verb' | 'path'>>,
): AuthorizationAttributes {
  const { group = '', version = '', resource: plural = '', subresource = '', namespace = '', name = '' } = resource
  return { user, logicalCluster, verb, group, version, resource: plural, subresource, namespace, name, path: '' }
}

export function pathAttributes(
  user: Identity,
  logicalCluster: string,
  verb: string,
  path: string,
): AuthorizationAttributes {
  return {
    user,
    logicalCluster,
    verb,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  }
}
