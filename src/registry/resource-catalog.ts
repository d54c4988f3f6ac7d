import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ResourceDefinition, ResourceVersion } from './resource-definition.ts'

/** A resource in one of its served versions. */
export interface ServedResource {
  readonly definition: ResourceDefinition
  readonly version: ResourceVersion
}

/**
 * What each logical cluster serves: built-ins for all, ours, its CRDs, what is bound into it. Nothing is kept for a
 * logical cluster that nobody asks about; what is kept is shared by content and bounded.
 */
export interface ResourceCatalog {
  /** Undefined when the logical cluster does not serve it (404). */
  resolve(
    logicalCluster: string,
    group: string,
    version: string,
    resource: string,
  ): MaybePromise<ServedResource | undefined>
  /** All definitions of a logical cluster with a key that changes whenever the set does (for discovery and OpenAPI ETags). */
  snapshot(logicalCluster: string): MaybePromise<CatalogSnapshot>
  /** The definition of a stored group-resource, whatever its served versions (controllers, deletion, garbage collection). */
  definitionOf(logicalCluster: string, group: string, resource: string): MaybePromise<ResourceDefinition | undefined>
}

export interface CatalogSnapshot {
  /** Equal keys mean equal definitions, also between logical clusters: documents are cached by it. */
  readonly key: string
  readonly definitions: readonly ResourceDefinition[]
}
