import type { ObjectReader } from '../../registry/object-reader.ts'
import { tenancyGroup } from '../../registry/tenancy/workspace-crd.ts'
import type { WorkspaceType, WorkspaceTypeReference } from '../../registry/tenancy/workspace-objects.ts'

export interface WorkspacePlace {
  logicalCluster: string
  path: string
}

export interface FoundType {
  logicalCluster: string
  reference: Required<WorkspaceTypeReference>
  object: WorkspaceType
}

export interface WorkspaceTypes {
  /** The type of that name: where the workspace is made, or in the nearest ancestor that has one. */
  find(reference: WorkspaceTypeReference): Promise<FoundType | undefined>
  /** A type and all that it extends, over any number of steps, itself first. */
  aliasesOf(type: FoundType): Promise<FoundType[] | { problem: string }>
}

const maxAliases = 64

/** The workspace types in sight of a place. `places` is the workspace and all above it, up to root. */
export function createWorkspaceTypes(reader: ObjectReader, places: readonly WorkspacePlace[]): WorkspaceTypes {
  async function find({ name, path }: WorkspaceTypeReference): Promise<FoundType | undefined> {
    for (const { logicalCluster, path: at } of places) {
      if (path !== undefined && path !== at) continue
      const address = { logicalCluster, group: tenancyGroup, resource: 'workspacetypes', namespace: '', name }
      const object: WorkspaceType | undefined = await reader.get(address)
      if (object) return { logicalCluster, reference: { name, path: at }, object }
    }
    return undefined
  }

  return {
    find,
    async aliasesOf(type) {
      const found = new Map([[toText(type.reference), type]])
      for (const { object, reference } of found.values()) {
        for (const extended of object.spec?.extend?.with ?? []) {
          const alias = await find(extended)
          if (!alias) {
            const problem = `workspace type "${toText(reference)}" extends "${toText(extended)}", which does not exist`
            return { problem }
          }
          found.set(toText(alias.reference), found.get(toText(alias.reference)) ?? alias)
          if (found.size > maxAliases)
            return { problem: `workspace type "${toText(type.reference)}" extends more than ${maxAliases} types` }
        }
      }
      return [...found.values()]
    },
  }
}

export function toText(reference: WorkspaceTypeReference | undefined): string {
  if (!reference) return ''
  return reference.path === undefined ? reference.name : `${reference.path}:${reference.name}`
}
