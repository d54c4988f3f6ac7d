import type { Identity } from '../client/transport.ts'
import type { FieldError } from '../meta/field-error.ts'
import type { GroupResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import type { SchemaNode } from '../meta/schema.ts'
import type { ObjectReader } from './object-reader.ts'

/** The verbs of discovery. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/**
 * Everything the API server knows about one resource: a built-in kind, one of our own, or a custom resource made from a
 * CRD. It is data: what a resource can do is read here, by discovery, OpenAPI, the handlers and the controllers alike.
 * Definitions are immutable and shared by all workspaces that have the same one.
 */
export interface ResourceDefinition {
  readonly group: string
  /** Plural, lower case. */
  readonly resource: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** `<group>:<resource>`, for custom resources with `:<schema hash>` behind it: types that may share a wildcard. */
  readonly identity: string
  /**
   * Objects live under another group-resource, in its storage version and with its identity: events of events.k8s.io are
   * the core group's events. `toStorage` and `fromStorage` of each version translate. Absent for all others.
   */
  readonly storedAs?: GroupResource
  /** Objects are stored in this version; it need not be served. */
  readonly storageVersion: string
  /** The served versions, preferred first. */
  readonly versions: readonly ResourceVersion[]
  readonly verbs: readonly Verb[]
  /** Made from a CRD: list items carry apiVersion and kind, strategic merge is refused, unknown fields are pruned. */
  readonly custom: boolean
  readonly subresources: readonly SubresourceDefinition[]
  readonly strategy: Strategy
  /**
   * Objects under these names exist without being stored (the bootstrap overlay of RBAC roles and the like);
   * undefined for most resources.
   */
  readonly overlay?: OverlaySet
  /** POST-only kinds that store nothing (reviews): answers instead of the store. */
  readonly virtualCreate?: VirtualCreate
}

export interface ResourceVersion {
  readonly version: string
  readonly schema: SchemaNode
  readonly columns: readonly TableColumn[]
  /** A warning header for every request to this version. */
  readonly deprecationWarning?: string
  /** Field selectors beyond metadata.name and metadata.namespace: label → value ('' when absent). */
  readonly selectableFields: ReadonlyMap<string, (object: KubeObject) => string>
  /** Those of this version, where versions differ in them; else the definition's. */
  readonly subresources?: readonly SubresourceDefinition[]
  /** Only where versions differ in more than their name (HorizontalPodAutoscaler, Event). Must not change the input. */
  readonly toStorage?: (object: KubeObject) => KubeObject
  readonly fromStorage?: (object: KubeObject) => KubeObject
}

export function subresourcesIn(
  { subresources }: ResourceDefinition,
  version: ResourceVersion,
): readonly SubresourceDefinition[] {
  return version.subresources ?? subresources
}

export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  /** 0 is always shown, more only with -o wide. */
  readonly priority: number
  /** The cell; null when there is nothing to show. */
  readonly cell: (object: KubeObject, context: { nowMs: number }) => unknown
}

/** Objects that every workspace has alike. `objects` are complete but for uid, resourceVersion and creationTimestamp. */
export interface OverlaySet {
  /** Key: `<namespace>/<name>`, namespace empty for cluster-scoped kinds; sorted by key. */
  readonly objects: ReadonlyMap<string, KubeObject>
}

export type SubresourceDefinition =
  /** GET/PUT/PATCH of the object where only status (and some metadata) is written. */
  | { readonly name: 'status'; readonly type: 'status'; readonly strategy?: Strategy }
  | { readonly name: 'scale'; readonly type: 'scale'; readonly scale: ScaleDefinition }
  /** GET/PUT/PATCH of the object under other rules (finalize, approval, ephemeralcontainers, resize). */
  | { readonly name: string; readonly type: 'part'; readonly verbs: readonly Verb[]; readonly strategy: Strategy }
  /** POST of another kind (token, eviction, binding). */
  | {
      readonly name: string
      readonly type: 'create'
      readonly kind: { group: string; version: string; kind: string }
      readonly create: SubresourceCreate
    }
  /** Needs a running pod or service behind it (log, exec, attach, portforward, proxy). */
  | {
      readonly name: string
      readonly type: 'connect'
      readonly kind: { group: string; version: string; kind: string }
      readonly verbs: readonly Verb[]
    }

/** Where replicas live; paths such as `['spec', 'replicas']`. */
export interface ScaleDefinition {
  readonly specReplicasPath: readonly string[]
  readonly statusReplicasPath: readonly string[]
  /** A label selector in string form, or built from `spec.selector` for built-ins. */
  readonly selector?: (object: KubeObject) => string
}

/** What strategies and virtual resources are told about the request. */
export interface OperationContext {
  readonly logicalCluster: string
  readonly user: Identity
  /** Empty for cluster-scoped resources. */
  readonly namespace: string
  /** The API version of the request. */
  readonly version: string
  readonly subresource?: string
  readonly dryRun: boolean
  readonly nowMs: number
  /** Adds a Warning header. */
  warn(text: string): void
  /** Reads of other objects in the same logical cluster. */
  readonly reader: ObjectReader
}

/** Answers with the object as the client sees it; throws ApiStatusError. */
export type VirtualCreate = (object: KubeObject, context: OperationContext) => Promise<KubeObject>
export type SubresourceCreate = (name: string, object: KubeObject, context: OperationContext) => Promise<KubeObject>

/**
 * What a kind adds to the generic create, update and delete. Everything is optional: the generic store fills metadata,
 * validates metadata and schema, keeps status and spec apart, and counts generations by itself.
 * `object` may be changed in place; `previous` never.
 */
export interface Strategy {
  /** Messages of what is wrong with a name; default: DNS-1123 subdomain. `isPrefix` for generateName. */
  readonly validateName?: (name: string, isPrefix: boolean) => readonly string[]
  /** Defaults that a schema cannot express, on the versioned object, before admission and validation. Idempotent. */
  readonly applyDefaults?: (object: KubeObject, version: string) => void
  /** Drops or sets what a client may not decide (status on create, allocated fields …). */
  readonly prepareForCreate?: (object: KubeObject, context: OperationContext) => void
  readonly prepareForUpdate?: (object: KubeObject, previous: KubeObject, context: OperationContext) => void
  /** Beyond the schema, for create and update alike; `previous` is what an update changes. */
  readonly validate?: (object: KubeObject, context: OperationContext, previous?: KubeObject) => readonly FieldError[]
  readonly validateUpdate?: (
    object: KubeObject,
    previous: KubeObject,
    context: OperationContext,
  ) => readonly FieldError[]
  readonly warnings?: (object: KubeObject, previous: KubeObject | undefined) => readonly string[]
  /** Last change before the object is stored. */
  readonly canonicalize?: (object: KubeObject) => void
  /** PUT of an absent object creates it. */
  readonly allowCreateOnUpdate?: boolean
  /** PUT without resourceVersion overwrites. Default true for built-ins, false for custom resources. */
  readonly allowUnconditionalUpdate?: boolean
  /** When `metadata.generation` counts. Default: 'spec' when the schema has a spec, else 'none'. */
  readonly generation?: 'spec' | 'all-but-metadata-and-status' | 'none'
  /** Top-level fields that the status subresource owns; default ['status'] when there is one. */
  readonly statusFields?: readonly string[]
  /** DELETE answers with the last object rather than a Status. */
  readonly returnsDeletedObject?: boolean
  readonly defaultPropagation?: 'Background' | 'Orphan'
  /** Refuses a delete, by throwing ApiStatusError. */
  readonly beforeDelete?: (object: KubeObject, context: OperationContext) => void
  /** Seconds between DELETE and removal, for kinds that end gracefully (pods on a node). Default 0: at once. */
  readonly gracePeriodSeconds?: (object: KubeObject, requested: number | undefined) => number
  /** Marks instead of removing at the first DELETE although there are no finalizers (Namespace: its spec.finalizers). */
  readonly holdsDeletion?: (object: KubeObject) => boolean
  /** Changes the object when it is marked for deletion (Namespace: phase Terminating). */
  readonly onMarkedForDeletion?: (object: KubeObject) => void
  /** Further writes that belong to the same transaction: what a new logical cluster contains, a lifecycle key, … */
  readonly companions?: (object: KubeObject, context: OperationContext) => readonly Companion[]
}

/** Written, all or nothing, with the object that brings it. */
export type Companion =
  /** An object, possibly of another logical cluster and kind; complete but for uid, timestamps and managedFields. Must not exist yet. */
  | {
      readonly type: 'object'
      readonly logicalCluster: string
      readonly definition: ResourceDefinition
      readonly object: KubeObject
    }
  /** Opens a logical cluster: its lifecycle key must not exist yet. */
  | { readonly type: 'open-logical-cluster'; readonly logicalCluster: string }
