import { fleetGroup } from '../../meta/fleet/fleet-names.ts'
import type { JsonObject } from '../../meta/object.ts'
import { ageColumn, conditionsSchema, toCrd } from '../own/own-crd.ts'

const text: JsonObject = { type: 'string' }
const integer: JsonObject = { type: 'integer', format: 'int64' }
const flag: JsonObject = { type: 'boolean' }
const texts: JsonObject = { type: 'array', items: text }
const textMap: JsonObject = { type: 'object', additionalProperties: text }
const anything: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

const oneOf = (...values: string[]): JsonObject => ({ type: 'string', enum: values })
const object = (properties: JsonObject, required: string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const list = (items: JsonObject): JsonObject => ({ type: 'array', items })

const labelSelector = object({
  matchLabels: textMap,
  matchExpressions: list(
    object({ key: text, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: texts }, ['key', 'operator']),
  ),
})
const workspacePath: JsonObject = { type: 'string', pattern: '^root(:[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:\\*)?$' }
const conflictPolicy = oneOf('Refuse', 'AdoptIfEqual', 'Overwrite')
const leaving = object({ workloads: oneOf('keep', 'delete') }, ['workloads'])
const conditionPath = (type: string) => `.status.conditions[?(@.type=="${type}")].status`
const counts = object({ total: integer, applied: integer, failed: integer })
const quantities: JsonObject = { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } }

export const childClusterCrd = toCrd({
  group: fleetGroup,
  kind: 'ChildCluster',
  plural: 'childclusters',
  shortNames: ['cc'],
  categories: ['atoll'],
  spec: object(
    {
      mode: oneOf('agent', 'kubeconfig'),
      credentialsSecret: text,
      unschedulable: flag,
      taints: list(object({ key: text, value: text, effect: oneOf('NoSelect', 'NoExecute') }, ['key', 'effect'])),
      offeredTo: list(workspacePath),
      publishers: list(workspacePath),
      namespaceMapping: object({ mode: oneOf('Isolated', 'Identity'), workspace: workspacePath }, ['mode']),
      leaving,
      confirmedIncarnation: integer,
    },
    ['mode'],
  ),
  status: object({
    conditions: conditionsSchema,
    kubernetesVersion: text,
    clusterUid: text,
    capacity: quantities,
    allocatable: quantities,
    nodes: integer,
    lastHeartbeatTime: { type: 'string', format: 'date-time' },
    agentVersion: text,
    incarnation: integer,
    deliveries: object({ total: integer, applied: integer, failed: integer, removing: integer }),
  }),
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Ready', type: 'string', jsonPath: conditionPath('Ready') },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Version', type: 'string', jsonPath: '.status.kubernetesVersion' },
    { name: 'Nodes', type: 'integer', jsonPath: '.status.nodes' },
    { name: 'Copies', type: 'integer', jsonPath: '.status.deliveries.total' },
    { name: 'Applied', type: 'integer', jsonPath: '.status.deliveries.applied' },
    { name: 'Failed', type: 'integer', jsonPath: '.status.deliveries.failed', priority: 1 },
    { name: 'Heartbeat', type: 'date', jsonPath: '.status.lastHeartbeatTime', priority: 1 },
    { name: 'OfferedTo', type: 'string', jsonPath: '.spec.offeredTo', priority: 1 },
    ageColumn,
  ],
})

export const placementCrd = toCrd({
  group: fleetGroup,
  kind: 'Placement',
  plural: 'placements',
  shortNames: ['pl'],
  categories: ['atoll'],
  spec: {
    ...object({
      resourceSelectors: list(object({ apiGroup: text, kind: text, namespace: text, labelSelector }, ['kind'])),
      clusterSelector: labelSelector,
      clusterNames: texts,
      numberOfClusters: { type: 'integer', format: 'int32', minimum: 0 },
      replicas: object({ strategy: oneOf('Duplicate', 'Divide') }, ['strategy']),
      tolerations: list(object({ key: text, operator: oneOf('Exists', 'Equal'), value: text, effect: text })),
      deletionPolicy: oneOf('Keep', 'Delete'),
      conflictPolicy,
    }),
    default: {},
  },
  status: object({
    observedGeneration: integer,
    decisions: list(
      object({ cluster: text, selected: flag, reason: text, message: text, deliveries: counts }, [
        'cluster',
        'selected',
        'reason',
      ]),
    ),
    deliveries: counts,
    conditions: conditionsSchema,
  }),
  columns: [
    { name: 'Clusters', type: 'string', jsonPath: '.status.decisions[?(@.selected==true)].cluster' },
    { name: 'Copies', type: 'integer', jsonPath: '.status.deliveries.total' },
    { name: 'Applied', type: 'integer', jsonPath: '.status.deliveries.applied' },
    { name: 'Failed', type: 'integer', jsonPath: '.status.deliveries.failed' },
    { name: 'Satisfied', type: 'string', jsonPath: conditionPath('Satisfied') },
    { name: 'Ambiguous', type: 'string', jsonPath: conditionPath('Ambiguous'), priority: 1 },
    { name: 'Strategy', type: 'string', jsonPath: '.spec.replicas.strategy', priority: 1 },
    ageColumn,
  ],
})

export const deliveryCrd = toCrd({
  group: fleetGroup,
  kind: 'Delivery',
  plural: 'deliveries',
  categories: ['atoll'],
  spec: object(
    {
      source: object({ logicalCluster: text, group: text, resource: text, kind: text, namespace: text, name: text }, [
        'logicalCluster',
        'group',
        'resource',
        'kind',
        'namespace',
        'name',
      ]),
      desired: oneOf('Present', 'Absent'),
      release: flag,
      sourceUid: text,
      sourceGeneration: integer,
      epoch: integer,
      incarnation: integer,
      manifest: anything,
      applyAs: oneOf('workspace', 'system'),
      targetNamespace: text,
      conflictPolicy,
      driftPolicy: oneOf('Enforce', 'Report'),
      placement: text,
      publication: text,
      after: texts,
    },
    [
      'source',
      'desired',
      'sourceUid',
      'sourceGeneration',
      'epoch',
      'incarnation',
      'applyAs',
      'targetNamespace',
      'conflictPolicy',
      'driftPolicy',
    ],
  ),
  status: object({
    observedEpoch: integer,
    appliedGeneration: integer,
    appliedHash: text,
    appliedUid: text,
    appliedChildGeneration: integer,
    appliedSourceUid: text,
    handedOver: flag,
    adopted: flag,
    removed: flag,
    childStatus: anything,
    childGeneration: integer,
    observedTime: { type: 'string', format: 'date-time' },
    conditions: conditionsSchema,
  }),
  columns: [
    { name: 'Kind', type: 'string', jsonPath: '.spec.source.kind' },
    { name: 'Namespace', type: 'string', jsonPath: '.spec.source.namespace' },
    { name: 'Object', type: 'string', jsonPath: '.spec.source.name' },
    { name: 'Desired', type: 'string', jsonPath: '.spec.desired' },
    { name: 'Applied', type: 'string', jsonPath: '.status.conditions[?(@.type=="Applied")].reason' },
    ageColumn,
  ],
})

export const agentReportCrd = toCrd({
  group: fleetGroup,
  kind: 'AgentReport',
  plural: 'agentreports',
  categories: ['atoll'],
  spec: object({ hubId: text, incarnation: integer, confirmedIncarnation: integer, leaving }, ['hubId', 'incarnation']),
  status: object({
    heartbeatTime: { type: 'string', format: 'date-time' },
    receivedTime: { type: 'string', format: 'date-time' },
    agentVersion: text,
    kubernetesVersion: text,
    clusterUid: text,
    nodes: integer,
    capacity: quantities,
    allocatable: quantities,
    credentialsExpire: { type: 'string', format: 'date-time' },
    forked: object({ seenIncarnation: integer, seenRevision: integer, hubIncarnation: integer, hubRevision: integer }),
    left: flag,
    conditions: conditionsSchema,
  }),
  columns: [{ name: 'Heartbeat', type: 'date', jsonPath: '.status.receivedTime' }, ageColumn],
})

export const publicationCrd = toCrd({
  group: fleetGroup,
  kind: 'Publication',
  plural: 'publications',
  shortNames: ['pub'],
  categories: ['atoll'],
  spec: object(
    {
      customResourceDefinitions: { type: 'array', items: text, minItems: 1, 'x-kubernetes-list-type': 'set' },
      workspaces: object({ paths: list(workspacePath), selector: labelSelector }),
      childClusters: object({ selector: labelSelector, names: texts }),
      drift: oneOf('Enforce', 'Report'),
      conflict: conflictPolicy,
      removal: oneOf('Retain'),
      allowNarrowing: flag,
    },
    ['customResourceDefinitions'],
  ),
  status: object({
    observedGeneration: integer,
    total: integer,
    ready: integer,
    targets: list(
      object(
        { type: oneOf('Workspace', 'ChildCluster'), name: text, crd: text, ready: flag, reason: text, message: text },
        ['type', 'name', 'crd', 'ready', 'reason'],
      ),
    ),
    conditions: conditionsSchema,
  }),
  columns: [
    { name: 'Ready', type: 'string', jsonPath: conditionPath('Ready') },
    { name: 'Targets', type: 'integer', jsonPath: '.status.total' },
    { name: 'There', type: 'integer', jsonPath: '.status.ready' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    ageColumn,
  ],
})
