import type { JsonObject } from '../../meta/object.ts'
import { ageColumn, conditionsSchema, toCrd } from '../own/own-crd.ts'

export const tenancyGroup = 'tenancy.kcp.io'
export const coreGroup = 'core.kcp.io'
/** Holds a Workspace until its logical cluster is gone. */
export const workspaceFinalizer = 'core.kcp.io/logicalcluster'
export const pathAnnotation = 'kcp.io/path'
export const phaseLabel = 'tenancy.kcp.io/phase'
/** The name of the one LogicalCluster object in each logical cluster. */
export const logicalClusterSingleton = 'cluster'

export type WorkspacePhase =
  | 'Scheduling'
  | 'Initializing'
  | 'Ready'
  | 'Unavailable'
  | 'Inactive'
  | 'Terminating'
  | 'Deleting'

const phases: WorkspacePhase[] = [
  'Scheduling',
  'Initializing',
  'Ready',
  'Unavailable',
  'Inactive',
  'Terminating',
  'Deleting',
]

const typeReference: JsonObject = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', pattern: '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?' },
    path: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(:[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' },
  },
}

const typeRestriction: JsonObject = {
  type: 'object',
  properties: { none: { type: 'boolean' }, types: { type: 'array', items: typeReference } },
}

/** https://docs.kcp.io/kcp/latest/reference/crd/tenancy.kcp.io/workspaces/ */
export const workspaceCrd = toCrd({
  group: tenancyGroup,
  kind: 'Workspace',
  plural: 'workspaces',
  shortNames: ['ws'],
  categories: ['kcp'],
  spec: {
    type: 'object',
    default: {},
    properties: {
      type: typeReference,
      cluster: { type: 'string' },
      URL: { type: 'string' },
      location: {
        type: 'object',
        properties: { selector: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    },
  },
  status: {
    type: 'object',
    properties: {
      phase: { type: 'string', enum: phases },
      conditions: conditionsSchema,
      initializers: { type: 'array', items: { type: 'string' } },
      terminators: { type: 'array', items: { type: 'string' } },
    },
  },
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type.name' },
    { name: 'Region', type: 'string', jsonPath: '.metadata.labels.region' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'URL', type: 'string', jsonPath: '.spec.URL' },
    ageColumn,
  ],
})

/** https://docs.kcp.io/kcp/latest/reference/crd/tenancy.kcp.io/workspacetypes/ */
export const workspaceTypeCrd = toCrd({
  group: tenancyGroup,
  kind: 'WorkspaceType',
  plural: 'workspacetypes',
  categories: ['kcp'],
  spec: {
    type: 'object',
    default: {},
    properties: {
      extend: { type: 'object', properties: { with: { type: 'array', items: typeReference } } },
      additionalWorkspaceLabels: { type: 'object', additionalProperties: { type: 'string' } },
      defaultChildWorkspaceType: typeReference,
      limitAllowedChildren: typeRestriction,
      limitAllowedParents: typeRestriction,
    },
  },
  status: { type: 'object', properties: { conditions: conditionsSchema } },
  columns: [ageColumn],
})

/** https://docs.kcp.io/kcp/latest/reference/crd/core.kcp.io/logicalclusters/ */
export const logicalClusterCrd = toCrd({
  group: coreGroup,
  kind: 'LogicalCluster',
  plural: 'logicalclusters',
  categories: ['kcp'],
  spec: {
    type: 'object',
    default: {},
    properties: {
      directlyDeletable: { type: 'boolean' },
      createdBy: { type: 'string' },
      owner: {
        type: 'object',
        properties: {
          apiVersion: { type: 'string' },
          resource: { type: 'string' },
          name: { type: 'string' },
          namespace: { type: 'string' },
          cluster: { type: 'string' },
          uid: { type: 'string' },
        },
      },
      initializers: { type: 'array', items: { type: 'string' } },
      terminators: { type: 'array', items: { type: 'string' } },
    },
  },
  status: {
    type: 'object',
    properties: {
      URL: { type: 'string' },
      phase: { type: 'string', enum: phases },
      conditions: conditionsSchema,
      initializers: { type: 'array', items: { type: 'string' } },
      terminators: { type: 'array', items: { type: 'string' } },
    },
  },
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'URL', type: 'string', jsonPath: '.status.URL' },
    ageColumn,
  ],
})
