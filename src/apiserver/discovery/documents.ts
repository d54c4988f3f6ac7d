import { createHash } from 'node:crypto'
import { toApiVersion } from '../../meta/group-version.ts'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { type ServedGroup, type ServedVersion, subresourceRows } from './served-groups.ts'

/** `/apis`: every group but the core one, which `/api` stands for. */
export function apiGroupList(groups: readonly ServedGroup[]): unknown {
  const named = groups.filter(({ group }) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map((group) => groupEntry(group)) }
}

/** `/apis/<group>`. */
export function apiGroup(group: ServedGroup): unknown {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) }
}

function groupEntry({ group, versions }: ServedGroup) {
  const entries = versions.map(({ version }) => ({ groupVersion: toApiVersion({ group, version }), version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

/** `/api`. */
export function apiVersions(serverAddress: string): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/api/v1`, `/apis/<group>/<version>`. */
export function apiResourceList(group: string, { version, resources }: ServedVersion): unknown {
  const rows = resources.flatMap(({ definition }) => resourceRows(definition, version))
  const groupVersion = toApiVersion({ group, version })
  // The oldest part of the API does not name its own version.
  const type = group === '' ? { kind: 'APIResourceList' } : { kind: 'APIResourceList', apiVersion: 'v1' }
  return { ...type, groupVersion, resources: rows }
}

function resourceRows(definition: ResourceDefinition, version: string): unknown[] {
  const { resource, singular, namespaced, kind, shortNames, categories, verbs } = definition
  const row = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(definition.virtualCreate || !(definition.custom || verbs.includes('create'))
      ? {}
      : { storageVersionHash: storageVersionHash(definition) }),
  }
  const subresources = subresourceRows(definition, version).map(({ name, verbs, ...type }) => ({
    name: `${resource}/${name}`,
    singularName: '',
    namespaced,
    ...(type.version === '' ? {} : { group: type.group, version: type.version }),
    kind: type.kind,
    verbs,
  }))
  return [row, ...subresources]
}

function storageVersionHash({ group, storageVersion, kind }: ResourceDefinition): string {
  return createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest().subarray(0, 8).toString('base64')
}

/** The aggregated form of `/api` (the core group) and `/apis` (all others), apidiscovery.k8s.io/v2. */
export function apiGroupDiscoveryList(groups: readonly ServedGroup[]): unknown {
  const items = groups.map(({ group, versions }) => ({
    metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
    versions: versions.map((version) => discoveredVersion(version)),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function discoveredVersion({ version, resources }: ServedVersion): unknown {
  return {
    version,
    resources: resources.map(({ definition }) => discoveredResource(definition, version)),
    freshness: 'Current',
  }
}

/** A kind of the resource's own group and version is given without them, as upstream does. */
function discoveredResource(definition: ResourceDefinition, inVersion: string): unknown {
  const { resource, singular, namespaced, kind, verbs, shortNames, categories } = definition
  const subresources = subresourceRows(definition, inVersion).map(({ name, kind, group, version, verbs }) => ({
    subresource: name,
    responseKind: { group, version, kind },
    verbs,
  }))
  return {
    resource,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}
