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
  WorkspaceType,
  WorkspaceTypeReference,
} from '../../registry/tenancy/workspace-objects.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

export interface WorkspaceAdmissionOptions {
  reader: ObjectReader
  /** A fresh logical cluster name: 16 characters base36. */
  newName(): string
  /** The URL of a workspace path, as clients outside reach it: `https://hub:6443/clusters/<path>`. */
  urlOf(path: string): string
}

interface Place {
  logicalCluster: string
  path: string
}

const workspaces = { group: tenancyGroup, resource: 'workspaces' }
const fallbackType = 'universal'
const maxPathLength = 1_024 // a path is a URL segment

/**
 * Decides what a new Workspace is: its type (the parent type's default child type when none is named), its logical
 * cluster's name and its URL. The type is looked up where the workspace is made, then in every ancestor, then in root.
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
  const parentType = await typeOfPlace(options.reader, parents)
  const wanted = workspace.spec.type ?? parentType?.object.spec?.defaultChildWorkspaceType ?? { name: fallbackType }
  const type = await findType(options.reader, parents, wanted)
  if (!type) throw refuse(`workspace type "${toText(wanted)}" does not exist`)
  const named = { name: wanted.name, path: type.path }
  if (!allows(parentType?.object.spec?.limitAllowedChildren, named))
    throw refuse(`workspace type "${toText(parentType?.reference)}" does not allow children of type "${toText(named)}"`)
  if (!allows(type.object.spec?.limitAllowedParents, parentType?.reference))
    throw refuse(`workspace type "${toText(named)}" does not allow a parent of type "${toText(parentType?.reference)}"`)
  const path = `${parent.path}:${name}`
  if (path.length > maxPathLength) throw refuse(`its path would be longer than ${maxPathLength} characters`)
  const labels = type.object.spec?.additionalWorkspaceLabels
  if (labels) workspace.metadata.labels = { ...labels, ...workspace.metadata.labels }
  workspace.spec.type = named
  workspace.spec.cluster = options.newName()
  workspace.spec.URL = options.urlOf(path)
}

/** The logical cluster that a request is in and all above it, up to root; empty for one that is no workspace. */
async function lineage(reader: ObjectReader, from: string): Promise<Place[]> {
  const places: Place[] = []
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
async function typeOfPlace(
  reader: ObjectReader,
  places: readonly Place[],
): Promise<{ reference: WorkspaceTypeReference; object: WorkspaceType } | undefined> {
  const [own, above] = places
  if (!own) return undefined
  let reference: WorkspaceTypeReference = { name: 'root', path: 'root' }
  if (above) {
    const name = own.path.slice(own.path.lastIndexOf(':') + 1)
    const address = { logicalCluster: above.logicalCluster, ...workspaces, namespace: '', name }
    const object = (await reader.get(address)) as Workspace | undefined
    if (!object?.spec.type) return undefined
    reference = object.spec.type
  }
  const found = await findType(reader, places, reference)
  return found && { reference: { name: reference.name, path: found.path }, object: found.object }
}

async function findType(
  reader: ObjectReader,
  places: readonly Place[],
  { name, path }: WorkspaceTypeReference,
): Promise<{ path: string; object: WorkspaceType } | undefined> {
  for (const place of places) {
    if (path !== undefined && path !== place.path) continue
    const { logicalCluster } = place
    const address = { logicalCluster, group: tenancyGroup, resource: 'workspacetypes', namespace: '', name }
    const object: WorkspaceType | undefined = await reader.get(address)
    if (object) return { path: place.path, object }
  }
  return undefined
}

function allows(restriction: TypeRestriction | undefined, type: WorkspaceTypeReference | undefined): boolean {
  if (!restriction) return true
  if (restriction.none) return false
  if (!restriction.types) return true
  return restriction.types.some(({ name, path }) => name === type?.name && (path === undefined || path === type.path))
}

function toText(reference: WorkspaceTypeReference | undefined): string {
  if (!reference) return ''
  return reference.path === undefined ? reference.name : `${reference.path}:${reference.name}`
}
