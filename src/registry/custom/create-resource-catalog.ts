import { LRUCache } from 'lru-cache'
import { chain, isPromise, type MaybePromise } from '../../base/maybe-promise.ts'
import type { KubeObject } from '../../meta/object.ts'
import { type CrdObject, crdGroup, crdResource, isEstablished } from '../apiextensions/crd-object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { CatalogSnapshot, ResourceCatalog, ServedResource } from '../resource-catalog.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { contentHash } from '../schema/structural-schema.ts'
import {
  contentKeyOf,
  customResourceDefinition,
  definitionBytes,
  knownDefinition,
} from './custom-resource-definition.ts'

export interface ResourceCatalogOptions {
  /** What every logical cluster serves. */
  readonly builtins: readonly ResourceDefinition[]
  /** Reads the CRDs of a logical cluster. */
  readonly reader: ObjectReader
}

/** Some hundred bytes each: names and keys only. What the keys stand for is bounded by size, and made again when needed. */
const maxLogicalClusters = 2_000
const snapshotBytes = 32 * 1024 * 1024

/** What is known of one logical cluster's CRDs; dropped as a whole when one of them changes. */
interface CustomTypes {
  /** The content key of a definition by the CRD's name; null where there is none, or none that is served. */
  readonly byName: Map<string, string | null>
  /** The key of its snapshot. */
  snapshot?: string
}

/** Names that clients made up, asked about again and again, must not fill the memory. */
const maxNames = 1_000

/**
 * Built-ins from one table, custom resources from the CRDs of each logical cluster. Nothing is read before it is asked
 * for, nothing is held for a logical cluster that nobody asks about; `invalidate` must be called after each change of a
 * CRD of that logical cluster, before anybody is told of the change.
 */
export function createResourceCatalog({
  builtins,
  reader,
}: ResourceCatalogOptions): ResourceCatalog & { invalidate(logicalCluster: string): void } {
  const table = createBuiltinTable(builtins)
  const plain: CatalogSnapshot = { key: contentHash(builtins.map(describe)), definitions: builtins }
  const known = new LRUCache<string, CustomTypes>({ max: maxLogicalClusters })
  const snapshots = new LRUCache<string, CatalogSnapshot>({ maxSize: snapshotBytes, sizeCalculation: sizeOf })

  function typesOf(logicalCluster: string): CustomTypes {
    let types = known.get(logicalCluster)
    if (!types) known.set(logicalCluster, (types = { byName: new Map() }))
    return types
  }

  /** Undefined when the logical cluster has no such CRD, or it is not established. */
  function custom(
    logicalCluster: string,
    group: string,
    resource: string,
  ): MaybePromise<ResourceDefinition | undefined> {
    // CRDs have a group with a dot and live in one logical cluster.
    if (logicalCluster === '*' || !group.includes('.') || table.has(group, resource)) return undefined
    const types = typesOf(logicalCluster)
    const name = `${resource}.${group}`
    const key = types.byName.get(name)
    if (key === null) return undefined
    const there = key === undefined ? undefined : knownDefinition(key)
    if (there) return there
    const found = reader.get({ logicalCluster, group: crdGroup, resource: crdResource, namespace: '', name })
    return chain(found, (crd) => {
      const definition = servedDefinition(crd)
      if (types.byName.size < maxNames) types.byName.set(name, definition ? contentKeyOf(definition) : null)
      return definition
    })
  }

  function readSnapshot(logicalCluster: string): MaybePromise<CatalogSnapshot> {
    const types = typesOf(logicalCluster)
    if (types.snapshot === plain.key) return plain
    const there = types.snapshot === undefined ? undefined : snapshots.get(types.snapshot)
    if (there) return there
    const crds = reader.list({ logicalCluster, group: crdGroup, resource: crdResource })
    return chain(crds, (all) => {
      const snapshot = toSnapshot(all)
      types.snapshot = snapshot.key
      return snapshot
    })
  }

  function toSnapshot(crds: readonly KubeObject[]): CatalogSnapshot {
    const definitions = crds
      .flatMap((crd) => servedDefinition(crd) ?? [])
      .filter(({ group, resource }) => !table.has(group, resource))
    if (definitions.length === 0) return plain
    const key = contentHash([plain.key, ...definitions.map(contentKeyOf)])
    let snapshot = snapshots.get(key)
    if (!snapshot) snapshots.set(key, (snapshot = { key, definitions: [...builtins, ...definitions] }))
    return snapshot
  }

  return {
    resolve(logicalCluster, group, version, resource) {
      const builtin = table.resolve(group, version, resource)
      if (builtin) return builtin
      const definition = custom(logicalCluster, group, resource)
      return isPromise(definition) ? definition.then((found) => serve(found, version)) : serve(definition, version)
    },
    snapshot: (logicalCluster) => (logicalCluster === '*' ? plain : readSnapshot(logicalCluster)),
    definitionOf: (logicalCluster, group, resource) =>
      table.definition(group, resource) ?? custom(logicalCluster, group, resource),
    invalidate: (logicalCluster) => void known.delete(logicalCluster),
  }
}

function servedDefinition(crd: KubeObject | undefined): ResourceDefinition | undefined {
  return crd && isEstablished(crd as CrdObject) ? customResourceDefinition(crd) : undefined
}

function sizeOf({ definitions }: CatalogSnapshot): number {
  const custom = definitions.filter((definition) => definition.custom)
  return custom.reduce((sum, definition) => sum + definitionBytes(definition), 1_000)
}

const servedOf = new WeakMap<ResourceDefinition, Map<string, ServedResource>>()

/** A definition in one of its versions: the same object for the same question. */
function serve(definition: ResourceDefinition | undefined, version: string): ServedResource | undefined {
  if (!definition) return undefined
  let served = servedOf.get(definition)
  if (!served) servedOf.set(definition, (served = servedVersions(definition)))
  return served.get(version)
}

function servedVersions(definition: ResourceDefinition): Map<string, ServedResource> {
  return new Map(definition.versions.map((version) => [version.version, { definition, version }]))
}

interface BuiltinTable {
  resolve(group: string, version: string, resource: string): ServedResource | undefined
  definition(group: string, resource: string): ResourceDefinition | undefined
  has(group: string, resource: string): boolean
}

/** Maps within maps: a look-up makes no key. */
function createBuiltinTable(builtins: readonly ResourceDefinition[]): BuiltinTable {
  interface Entry {
    readonly definition: ResourceDefinition
    readonly served: Map<string, ServedResource>
  }
  const groups = new Map<string, Map<string, Entry>>()
  for (const definition of builtins) {
    const resources = groups.get(definition.group) ?? new Map<string, Entry>()
    groups.set(definition.group, resources)
    resources.set(definition.resource, { definition, served: servedVersions(definition) })
  }
  return {
    resolve: (group, version, resource) => groups.get(group)?.get(resource)?.served.get(version),
    definition: (group, resource) => groups.get(group)?.get(resource)?.definition,
    has: (group, resource) => groups.get(group)?.has(resource) === true,
  }
}

function describe({ group, resource, kind, versions, verbs, categories, shortNames }: ResourceDefinition): unknown {
  return [group, resource, kind, versions.map(({ version }) => version), verbs, categories, shortNames]
}
