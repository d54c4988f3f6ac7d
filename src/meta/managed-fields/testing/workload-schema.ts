import type { SchemaNode } from '../../schema.ts'

/*
 * Schemas like those of Kubernetes, small enough to read: for tests of patches and ownership.
 */

const text: SchemaNode = { type: 'string' }
const number: SchemaNode = { type: 'integer', format: 'int32' }
const textMap: SchemaNode = { type: 'object', additionalProperties: text }

const object = (properties: Record<string, SchemaNode>, more: Partial<SchemaNode> = {}): SchemaNode => ({
  type: 'object',
  properties: new Map(Object.entries(properties)),
  ...more,
})

const keyed = (keys: readonly string[], items: SchemaNode, more: Partial<SchemaNode> = {}): SchemaNode => ({
  type: 'array',
  listType: 'map',
  listMapKeys: keys,
  patchStrategies: ['merge'],
  patchMergeKey: keys[0] ?? '',
  items,
  ...more,
})

const metadata = object(
  {
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: number,
    creationTimestamp: { type: 'string', format: 'date-time' },
    labels: textMap,
    annotations: textMap,
    finalizers: { type: 'array', listType: 'set', patchStrategies: ['merge'], items: text },
    ownerReferences: keyed(
      ['uid'],
      object({ apiVersion: text, kind: text, name: text, uid: text }, { mapType: 'atomic' }),
    ),
    managedFields: { type: 'array', listType: 'atomic', items: { type: 'any' } },
  },
  { default: {} },
)

const container = object(
  {
    name: text,
    image: text,
    args: { type: 'array', listType: 'atomic', items: text },
    ports: keyed(
      ['containerPort', 'protocol'],
      object({ containerPort: number, protocol: { ...text, default: 'TCP' }, name: text }),
    ),
    env: keyed(['name'], object({ name: text, value: text })),
    resources: object(
      { limits: { type: 'object', additionalProperties: { type: 'string', format: 'quantity' } } },
      { default: {} },
    ),
  },
  { required: ['name'] },
)

/** Like a Deployment, with what a pod template has put right into spec. */
export const workloadSchema = object({
  apiVersion: text,
  kind: text,
  metadata,
  spec: object(
    {
      replicas: number,
      paused: { type: 'boolean' },
      selector: object({ matchLabels: textMap }, { mapType: 'atomic' }),
      containers: keyed(['name'], container),
      volumes: keyed(
        ['name'],
        object({ name: text, emptyDir: object({ medium: text }), configMap: object({ name: text }) }),
        { patchStrategies: ['merge', 'retainKeys'] },
      ),
      strategy: object(
        { type: text, rollingUpdate: object({ maxSurge: { type: 'int-or-string' } }) },
        { default: {}, patchStrategies: ['retainKeys'] },
      ),
      nodeSelector: { ...textMap, mapType: 'atomic' },
      raw: { type: 'any', mapType: 'atomic' },
      settings: object({ level: text }, { patchStrategies: ['replace'] }),
    },
    { default: {}, required: ['containers'] },
  ),
  status: object(
    { replicas: number, conditions: keyed(['type'], object({ type: text, status: text })) },
    { default: {} },
  ),
})

export const configMapSchema = object({
  apiVersion: text,
  kind: text,
  metadata,
  data: textMap,
  immutable: { type: 'boolean' },
})
