import type { Condition, KubeObject } from '../../meta/object.ts'

export interface WorkspaceTypeReference {
  name: string
  path?: string
}

/** tenancy.kcp.io/v1alpha1 Workspace, as far as we read it; the schema has been checked. */
export interface Workspace extends KubeObject {
  spec: { type?: WorkspaceTypeReference; cluster?: string; URL?: string }
  status?: { phase?: string; conditions?: Partial<Condition>[]; initializers?: string[] }
}

export interface WorkspaceType extends KubeObject {
  spec?: {
    extend?: { with?: WorkspaceTypeReference[] }
    additionalWorkspaceLabels?: Record<string, string>
    defaultChildWorkspaceType?: WorkspaceTypeReference
    limitAllowedChildren?: TypeRestriction
    limitAllowedParents?: TypeRestriction
  }
}

export interface TypeRestriction {
  none?: boolean
  types?: WorkspaceTypeReference[]
}

export interface LogicalCluster extends KubeObject {
  spec?: {
    owner?: { apiVersion: string; resource: string; name: string; cluster: string; uid: string }
    createdBy?: string
  }
  status?: { phase?: string; URL?: string }
}

/** The path in a workspace URL: what stands behind `/clusters/`. */
export function pathOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
