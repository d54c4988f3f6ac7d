import {
  type ResourceDefinition,
  type ResourceVersion,
  type SubresourceDefinition,
  subresourcesIn,
  type Verb,
} from '../../registry/resource-definition.ts'
import { compareKubeVersions } from '../../meta/kube-version.ts'

export interface ServedVersion {
  readonly version: string
  /** Ordered by resource. */
  readonly resources: readonly { readonly definition: ResourceDefinition; readonly version: ResourceVersion }[]
}

export interface ServedGroup {
  readonly group: string
  /** Preferred first. */
  readonly versions: readonly ServedVersion[]
}

/** Built-in groups as upstream orders them (so they come), all others behind them by name. */
export function groupDefinitions(definitions: readonly ResourceDefinition[]): readonly ServedGroup[] {
  const groups = new Map<string, Map<string, ServedVersion['resources'][number][]>>()
  const builtIn = new Set<string>()
  for (const definition of definitions) {
    if (!definition.custom) builtIn.add(definition.group)
    const versions = groups.get(definition.group) ?? new Map<string, ServedVersion['resources'][number][]>()
    groups.set(definition.group, versions)
    for (const version of definition.versions) {
      const resources = versions.get(version.version) ?? []
      versions.set(version.version, resources)
      resources.push({ definition, version })
    }
  }
  const names = [...groups.keys()]
  const others = names.filter((name) => !builtIn.has(name)).sort()
  return [...names.filter((name) => builtIn.has(name)), ...others].map((group) => ({
    group,
    versions: [...(groups.get(group) ?? [])]
      .sort(([a], [b]) => compareKubeVersions(a, b))
      .map(([version, resources]) => ({ version, resources: resources.sort(byResource) })),
  }))
}

function byResource(a: ServedVersion['resources'][number], b: ServedVersion['resources'][number]): number {
  return a.definition.resource < b.definition.resource ? -1 : 1
}

const statusVerbs: readonly Verb[] = ['get', 'patch', 'update']

export interface SubresourceRow {
  readonly name: string
  readonly verbs: readonly Verb[]
  readonly kind: string
  /** Of the kind, when they are not the resource's own. */
  readonly group: string
  readonly version: string
}

/** Ordered by name; those of custom resources as upstream has them, status before scale. */
export function subresourceRows(definition: ResourceDefinition, version: string): readonly SubresourceRow[] {
  const served = definition.versions.find((candidate) => candidate.version === version)
  const rows = (served ? subresourcesIn(definition, served) : definition.subresources).map((subresource) =>
    toRow(definition, subresource),
  )
  return definition.custom ? rows : rows.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function toRow(definition: ResourceDefinition, subresource: SubresourceDefinition): SubresourceRow {
  const { name } = subresource
  const own = { name, kind: definition.kind, group: '', version: '' }
  switch (subresource.type) {
    case 'status':
      return { ...own, verbs: statusVerbs }
    case 'scale':
      return { name, kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: statusVerbs }
    case 'part':
      return { ...own, verbs: subresource.verbs }
    case 'create':
      return { name, ...foreign(definition, subresource.kind), verbs: ['create'] }
    case 'connect':
      return { name, ...foreign(definition, subresource.kind), verbs: subresource.verbs }
  }
}

function foreign(
  definition: ResourceDefinition,
  { group, version, kind }: { group: string; version: string; kind: string },
): Pick<SubresourceRow, 'kind' | 'group' | 'version'> {
  const isOwn = group === definition.group
  return { kind, group: isOwn ? '' : group, version: isOwn ? '' : version }
}
