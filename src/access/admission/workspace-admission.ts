import type { Identity } from '../../client/transport.ts'
import { badRequest, forbidden } from '../../meta/api-errors.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import {
  coreGroup,
  logicalClusterSingleton,
  pathAnnotation,
  tenancyGroup,
} from '../../registry/tenancy/workspace-crd.ts'
import type {
  LogicalCluster,
  TypeRestriction,
  Workspace,
  WorkspaceTypeReference,
} from '../../registry/tenancy/workspace-objects.ts'
import { uncoveredRules } from '../authorization/policy-rule.ts'
import type { RuleResolver } from '../authorization/rbac-authorizer.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { isReservedKey } from './reserved-metadata.ts'
import {
  createWorkspaceTypes,
  toText,
  type FoundType,
  type WorkspacePlace,
  type WorkspaceTypes,
} from './workspace-types.ts'

export interface WorkspaceAdmissionOptions {
  reader: ObjectReader
  rules: RuleResolver
  /** A fresh logical cluster name: 16 characters base36. */
  newName(): string
  /** The URL of a workspace path, as clients outside reach it: `https://hub:6443/clusters/<path>`. */
  urlOf(path: string): string
}

const workspaces = { group: tenancyGroup, resource: 'workspaces' }
const fallbackType = 'universal'
const maxPathLength = 1_024 // a path is a URL segment

/**
 * Decides what a new Workspace is: its type (the parent type's default child type when none is named), its logical
 * cluster's name and its URL. Whoever makes it needs the verb `use` on the type and on all that it extends.
 */
export function createWorkspaceAdmission(options: WorkspaceAdmissionOptions): AdmissionPlugin {
  return {
    name: 'WorkspaceScheduling',
    handles: ({ operation, group, resource, subresource }) =>
      operation === 'CREATE' && group === tenancyGroup && resource === 'workspaces' && subresource === '',
    mutate: (attributes) => schedule(attributes, options),
  }
}

async function schedule(attributes: AdmissionAttributes, options: WorkspaceAdmissionOptions): Promise<void> {
  const workspace = attributes.object as Workspace | undefined
  if (!workspace) return
  const name = workspace.metadata.name ?? ''
  if (name === '') throw badRequest('workspaces need a name: generateName is not supported for them')
  const refuse = (why: string) => forbidden(workspaces, name, why)
  const parents = await lineage(options.reader, attributes.logicalCluster)
  const [parent] = parents
  if (!parent) throw refuse('this logical cluster cannot hold workspaces')
  const types = createWorkspaceTypes(options.reader, parents)
  const ofParent = await referenceOfPlace(options.reader, parents)
  const parentType = ofParent && (await types.find(ofParent))
  const wanted = workspace.spec.type ?? parentType?.object.spec?.defaultChildWorkspaceType ?? { name: fallbackType }
  const type = await types.find(wanted)
  if (!type) throw refuse(`workspace type "${toText(wanted)}" does not exist`)
  const aliases = await types.aliasesOf(type)
  if (!Array.isArray(aliases)) throw refuse(aliases.problem)
  for (const alias of aliases) {
    if (await mayUse(attributes.user, alias, options.rules)) continue
    throw refuse(
      `unable to use workspacetype "${toText(alias.reference)}": missing verb='use' permission on workspacetype`,
    )
  }
  const refused = parentType && (await whyNotBelow(types, parentType, aliases))
  if (refused !== undefined) throw refuse(refused)
  const path = `${parent.path}:${name}`
  if (path.length > maxPathLength) throw refuse(`its path would be longer than ${maxPathLength} characters`)
  const labels: Record<string, string> = Object.assign(
    {},
    ...aliases.toReversed().map(({ object }) => object.spec?.additionalWorkspaceLabels),
  )
  const reserved = Object.keys(labels).find(isReservedKey)
  if (reserved !== undefined) throw refuse(`its type sets the reserved label ${JSON.stringify(reserved)}`)
  if (Object.keys(labels).length > 0) workspace.metadata.labels = { ...labels, ...workspace.metadata.labels }
  workspace.spec.type = type.reference
  workspace.spec.cluster = options.newName()
  workspace.spec.URL = options.urlOf(path)
}

/** The right to make workspaces of a type is granted where the type lives, whether or not the user may enter there. */
async function mayUse(user: Identity, type: FoundType, resolver: RuleResolver): Promise<boolean> {
  const { rules } = await resolver.rulesFor(user, type.logicalCluster, '')
  const wanted = {
    verbs: ['use'],
    apiGroups: [tenancyGroup],
    resources: ['workspacetypes'],
    resourceNames: [type.reference.name],
    nonResourceURLs: [],
  }
  return uncoveredRules(rules, [wanted]).length === 0
}

/** What the types of the parent and of the new workspace say of each other; undefined when they agree. */
async function whyNotBelow(
  types: WorkspaceTypes,
  parentType: FoundType,
  aliases: readonly FoundType[],
): Promise<string | undefined> {
  const found = await types.aliasesOf(parentType)
  const parents = Array.isArray(found) ? found : [parentType] // its own `extend` may have lost its target since
  const child = toText(aliases[0]?.reference)
  for (const { object, reference } of parents) {
    if (allows(object.spec?.limitAllowedChildren, aliases)) continue
    return `workspace type "${toText(reference)}" does not allow children of type "${child}"`
  }
  for (const { object, reference } of aliases) {
    if (allows(object.spec?.limitAllowedParents, parents)) continue
    return `workspace type "${toText(reference)}" does not allow a parent of type "${toText(parentType.reference)}"`
  }
  return undefined
}

/** The logical cluster that a request is in and all above it, up to root; empty for one that is no workspace. */
async function lineage(reader: ObjectReader, from: string): Promise<WorkspacePlace[]> {
  const places: WorkspacePlace[] = []
  let next: string | undefined = from
  while (next !== undefined) {
    const found: LogicalCluster | undefined = await readSingleton(reader, next)
    const path = found?.metadata.annotations?.[pathAnnotation]
    if (!found || path === undefined || path === '') break
    places.push({ logicalCluster: next, path })
    next = found.spec?.owner?.cluster
  }
  return places
}

async function readSingleton(reader: ObjectReader, logicalCluster: string): Promise<LogicalCluster | undefined> {
  const name = logicalClusterSingleton
  const address = { logicalCluster, group: coreGroup, resource: 'logicalclusters', namespace: '', name }
  return await reader.get(address)
}

/** The type of the workspace that the request is in; root itself is of type root:root. */
async function referenceOfPlace(
  reader: ObjectReader,
  [own, above]: readonly WorkspacePlace[],
): Promise<WorkspaceTypeReference | undefined> {
  if (!own || !above) return own && { name: 'root', path: 'root' }
  const name = own.path.slice(own.path.lastIndexOf(':') + 1)
  const address = { logicalCluster: above.logicalCluster, ...workspaces, namespace: '', name }
  const object = (await reader.get(address)) as Workspace | undefined
  return object?.spec.type
}

function allows(restriction: TypeRestriction | undefined, aliases: readonly FoundType[]): boolean {
  if (!restriction) return true
  if (restriction.none) return false
  if (!restriction.types) return true
  return restriction.types.some(({ name, path }) =>
    aliases.some(({ reference }) => name === reference.name && (path === undefined || path === reference.path)),
  )
}
