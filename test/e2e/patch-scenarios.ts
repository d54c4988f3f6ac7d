import type { Json, JsonObject } from '../../src/meta/object.ts'
import type { Step } from './patch-oracle.ts'

export interface Scenario {
  readonly title: string
  readonly resource: 'configmap' | 'deployment' | 'service' | 'widget' | 'loose'
  /** `NAME` in bodies is replaced by the object's name. */
  readonly steps: readonly Step[]
}

const create = (body: Json, manager = 'creator'): Step => ({ type: 'create', body, manager })
const update = (body: Json, manager = 'updater'): Step => ({ type: 'update', body, manager })
const merge = (body: Json, manager = 'merger'): Step => ({ type: 'merge', body, manager })
const strategic = (body: Json, manager = 'strategist'): Step => ({ type: 'strategic', body, manager })
const json = (body: Json, manager = 'patcher'): Step => ({ type: 'json', body, manager })
const apply = (body: Json, manager = 'one', force?: boolean): Step =>
  force === undefined ? { type: 'apply', body, manager } : { type: 'apply', body, manager, force }

function configMap(data: Json | undefined, metadata: JsonObject = {}): JsonObject {
  const object: JsonObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'NAME', ...metadata } }
  return data === undefined ? object : { ...object, data }
}

const configMaps: Omit<Scenario, 'resource'>[] = [
  {
    title: 'create, update, patches by several managers',
    steps: [
      create(
        configMap({ a: '1', 'b.c': '2', __proto__key: '3' }, { labels: { x: 'y' }, annotations: { 'a/b': '<&>' } }),
      ),
      update(configMap({ a: '1', 'b.c': 'changed' }, { labels: { x: 'y', z: 'w' } })),
      merge({ data: { a: null, n: 'new' }, metadata: { labels: { x: 'v' } } }),
      merge({ data: null }),
      merge({ data: { only: 'this' } }, 'creator'),
      merge({ data: { only: 'this' } }, 'creator'),
      strategic({ data: { s: '1', $patch: 'replace' } }),
      strategic({ metadata: { finalizers: ['a.io/x', 'b.io/y'] } }),
      strategic({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a.io/x'], finalizers: ['c.io/z'] } }),
      strategic({ metadata: { '$setElementOrder/finalizers': ['c.io/z', 'b.io/y'], finalizers: ['c.io/z'] } }),
      strategic({ metadata: { labels: { $patch: 'delete' } } }),
      json([{ op: 'remove', path: '/metadata/finalizers' }]),
    ],
  },
  {
    title: 'a new object without data, then with empty data',
    steps: [create(configMap(undefined)), update(configMap({})), apply(configMap({})), apply(configMap(undefined))],
  },
  {
    title: 'owner references are one field each',
    steps: [
      create(configMap({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u1' }] })),
      apply(configMap(undefined, { ownerReferences: [{ apiVersion: 'v1', kind: 'B', name: 'b', uid: 'u2' }] })),
      strategic({ metadata: { ownerReferences: [{ $patch: 'delete', uid: 'u1' }] } }),
      apply(configMap(undefined)),
    ],
  },
  {
    title: 'applies: shared ownership, conflicts, force, removal',
    steps: [
      apply(configMap({ a: '1', b: '2' })),
      apply(configMap({ a: '1', b: '2' })),
      apply(configMap({ a: '1' }), 'two'),
      apply(configMap({ a: '2' }), 'two'),
      apply(configMap({ a: '2', b: '3' }), 'two'),
      apply(configMap({ a: '2', b: '3' }), 'two', false),
      apply(configMap({ a: '2' }), 'two', true),
      apply(configMap({ b: '2' })),
      apply(configMap({})),
      apply(configMap({ a: '2', c: '1' }), 'two'),
      apply(configMap({ c: '1' }), 'two'),
      apply(configMap({ c: '1' }), 'three'),
      apply(configMap(undefined), 'two'),
      apply(configMap(undefined), 'three'),
      apply(configMap({ k: 'v' }, { labels: { l: '1' } }), 'two'),
      merge({ metadata: { labels: { l: '2' } } }),
      apply(configMap({ k: 'v' }, { labels: { l: '3' } }), 'two'),
      apply(configMap({ k: 'v' }), 'two'),
    ],
  },
  {
    title: 'conflicts with several managers and many fields',
    steps: [
      create(configMap({ a: '1', b: '1', c: '1' }, { labels: { l: '1' } })),
      apply(configMap({ d: '1' }), 'two'),
      apply(configMap({ a: '2', c: '2', d: '2' }, { labels: { l: '2' } }), 'one'),
      apply(configMap({ a: '2', d: '1' }), 'one'),
      apply(configMap({ a: '2', c: '2', d: '2' }, { labels: { l: '2' } }), 'one', true),
    ],
  },
  {
    title: 'the first apply to an object of unknown history',
    steps: [
      create(configMap({ a: '1', b: '2' })),
      merge({ metadata: { managedFields: [{}] } }),
      merge({ data: { a: '3' } }),
      apply(configMap({ a: '3' })),
      apply(configMap({ a: '3', b: '3' })),
      merge({ metadata: { managedFields: [] } }),
    ],
  },
  {
    title: 'managedFields written by the client',
    steps: [
      create(configMap({ a: '1', b: '2' })),
      merge({
        metadata: {
          managedFields: [
            {
              manager: 'm',
              operation: 'Apply',
              apiVersion: 'v1',
              fieldsType: 'FieldsV1',
              fieldsV1: { 'f:data': { 'f:a': {} } },
            },
            {
              manager: 'n',
              operation: 'Update',
              apiVersion: 'v1',
              time: '2020-01-01T02:00:00+02:00',
              fieldsType: 'FieldsV1',
              fieldsV1: { 'f:data': { 'f:b': {}, '.': {}, 'x:unknown': {} } },
            },
          ],
        },
      }),
      merge({
        metadata: { managedFields: [{ manager: 'm', operation: 'Other', apiVersion: 'v1', fieldsType: 'FieldsV1' }] },
      }),
      merge({ metadata: { managedFields: [{ manager: 'm', operation: 'Update', fieldsType: 'FieldsV1' }] } }),
      merge({
        metadata: {
          managedFields: [
            { operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } },
          ],
        },
      }),
      json([{ op: 'replace', path: '/metadata/managedFields/0/manager', value: 'renamed' }]),
      merge({ data: { b: '4' } }),
      apply(configMap({ a: '1' }), 'm'),
      apply(configMap({}), 'm'),
      update(configMap({ q: '1' }, { managedFields: null })),
      update(
        configMap(
          { q: '2' },
          {
            managedFields: [
              {
                manager: 'x',
                operation: 'Update',
                apiVersion: 'v1',
                fieldsType: 'FieldsV1',
                fieldsV1: { 'f:bad': { nope: {} } },
              },
            ],
          },
        ),
      ),
    ],
  },
  {
    title: 'more than ten updaters become ancient changes',
    steps: [
      create(configMap({ a: '0' })),
      ...Array.from({ length: 13 }, (_, index) => merge({ data: { [`k${index}`]: 'v' } }, `updater-${index}`)),
      apply(configMap({ a: '0' }), 'applier'),
      merge({ data: { k3: 'w' } }, 'updater-20'),
      ...Array.from({ length: 3 }, (_, index) => merge({ data: { [`m${index}`]: 'v' } }, `later-${index}`)),
    ],
  },
  {
    title: 'kubectl takes over from client-side apply',
    steps: [
      create(
        configMap(
          { a: '1', b: '2' },
          {
            annotations: {
              'kubectl.kubernetes.io/last-applied-configuration':
                '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME"},"data":{"a":"1","b":"2"}}',
            },
          },
        ),
        'kubectl-client-side-apply',
      ),
      apply(configMap({ a: '5' }), 'someone'),
      apply(configMap({ a: '5', c: '<html>' }, { annotations: { note: 'x' } }), 'kubectl'),
      apply(configMap({ a: '5', c: '<html>' }, { annotations: { note: 'x' } }), 'kubectl'),
      merge({ data: { b: 'changed' } }),
      apply(configMap({ a: '6', b: '7' }), 'kubectl'),
      apply(configMap({ a: '6' }), 'kubectl'),
    ],
  },
  {
    title: 'applies that are refused',
    steps: [
      apply({ apiVersion: 'apps/v1', kind: 'ConfigMap', metadata: { name: 'NAME' } }),
      apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'NAME' } }),
      apply({ metadata: { name: 'NAME' } }),
      apply(configMap({ a: 1 })),
      apply(configMap({ a: '1' }, { managedFields: [] })),
      apply(configMap({ a: '1' }, { managedFields: null })),
      apply({ ...configMap({ a: '1' }), foo: 'bar' }),
      apply(configMap(['x'])),
      apply(configMap({ a: { b: 'c' } })),
      apply(configMap('x', { labels: ['x'] })),
      apply(configMap({ a: true, b: 2.5 })),
      apply(configMap({}, { finalizers: ['a.io/b', 'a.io/b'] })),
      apply(configMap({}, { ownerReferences: [{ name: 'x' }] })),
      apply({ ...configMap({}), immutable: 'yes' }),
      apply(configMap({}, { generation: 'x' })),
      apply(configMap({}, { finalizers: [null] })),
      apply(configMap({}, { finalizers: [['x']] })),
    ],
  },
  {
    title: 'JSON patches',
    steps: [
      create(configMap({ a: '1' }, { annotations: { 'x.io/y': 's' }, finalizers: ['a.io/1', 'a.io/2', 'a.io/3'] })),
      json([{ op: 'test', path: '/data/a', value: '1' }]),
      json([{ op: 'test', path: '/data/a', value: '2' }]),
      json([{ op: 'test', path: '/data/nope', value: null }]),
      json([{ op: 'test', path: '/data/nope' }]),
      json([{ op: 'test', path: '/data/nope', value: 'x' }]),
      json([{ op: 'test', path: '/nope/nope', value: null }]),
      json([
        { op: 'add', path: '/data/q', value: 'v' },
        { op: 'remove', path: '/data/a' },
      ]),
      json([{ op: 'add', path: '/nope/q', value: 'v' }]),
      json([{ op: 'replace', path: '/data/fresh', value: 'v' }]),
      json([{ op: 'replace', path: '/nope/fresh', value: 'v' }]),
      json([{ op: 'remove', path: '/data/nope' }]),
      json([{ op: 'move', from: '/data/q', path: '/data/moved' }]),
      json([{ op: 'move', from: '/data/nope', path: '/data/moved' }]),
      json([{ op: 'copy', from: '/data/moved', path: '/data/copied' }]),
      json([{ op: 'copy', from: '/data/nope', path: '/data/copied' }]),
      json([{ op: 'copy', from: '/metadata/finalizers/-1', path: '/data/last' }]),
      json([{ op: 'remove', path: '/metadata/finalizers/-1' }]),
      json([{ op: 'add', path: '/metadata/finalizers/-', value: 'a.io/9' }]),
      json([{ op: 'add', path: '/metadata/finalizers/-1', value: 'a.io/8' }]),
      json([{ op: 'add', path: '/metadata/finalizers/01', value: 'a.io/7' }]),
      json([{ op: 'add', path: '/metadata/finalizers/+1', value: 'a.io/6' }]),
      json([{ op: 'replace', path: '/metadata/finalizers/00', value: 'a.io/5' }]),
      json([{ op: 'replace', path: '/metadata/finalizers/99', value: 'a.io/5' }]),
      json([{ op: 'remove', path: '/metadata/finalizers/-99' }]),
      json([{ op: 'remove', path: '/metadata/finalizers/x' }]),
      json([{ op: 'add', path: '/metadata/finalizers/x', value: 'y' }]),
      json([
        { op: 'test', path: '/metadata/annotations/x.io~1y', value: 's' },
        { op: 'test', path: '/data/m~0n', value: null },
      ]),
      json([{ op: 'add', path: 'data/z', value: 'no leading slash' }]),
      json([{ op: 'add', path: '', value: {} }]),
      json([{ op: 'add', path: '/', value: 'x' }]),
      json([{ op: 'add' }]),
      json([{ path: '/data/x' }]),
      json([{ op: 'move', path: '/data/x' }]),
      json([]),
      json({}),
      json('x'),
      json([1]),
      json([null]),
      json([{ op: 1 }]),
      json([{ op: 'add', path: {} }]),
      json([{ op: 'add', path: '/data/__proto__', value: 'v' }]),
      json([{ op: 'add', path: '/__proto__/polluted', value: 'v' }]),
      json([{ op: 'add', path: '/constructor/prototype/polluted', value: 'v' }]),
    ],
  },
  {
    title: 'merge patches that are refused',
    steps: [
      create(configMap({ a: '1' })),
      merge([]),
      merge('x'),
      merge(null),
      merge(5),
      merge({}),
      merge({ data: { b: '1' } }),
    ],
  },
]

function container(name: string, more: JsonObject = {}): JsonObject {
  return { name, image: 'image:1', ...more }
}

function deployment(podSpec: JsonObject, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'NAME' },
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: podSpec },
      ...spec,
    },
  }
}

/** A patch or a configuration of nothing but the pod's spec. */
const podPatch = (podSpec: JsonObject): JsonObject => ({ spec: { template: { spec: podSpec } } })
const partialDeployment = (spec: JsonObject): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'NAME' },
  spec,
})

const twice = (first: string, second: string): Json[] => [
  { name: 'A', value: first },
  { name: 'A', value: second },
]
const condition = (type: string, status: string): JsonObject => ({ type, status, reason: 'R', message: 'm' })

const deployments: Omit<Scenario, 'resource'>[] = [
  {
    title: 'a deployment created, updated and scaled',
    steps: [
      create(
        deployment({
          containers: [
            container('web', {
              ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP', name: 'dns' }],
              env: [
                { name: 'A', value: '1' },
                { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ],
              resources: { limits: { cpu: '1' }, requests: { cpu: '500m', memory: '1Gi' } },
              volumeMounts: [{ name: 'v', mountPath: '/v' }],
              livenessProbe: { httpGet: { path: '/', port: 80 } },
              command: ['a', 'b'],
            }),
            container('side'),
          ],
          volumes: [
            { name: 'v', emptyDir: {} },
            { name: 'w', configMap: { name: 'c' } },
          ],
          tolerations: [{ key: 'k', operator: 'Exists' }],
          nodeSelector: { a: 'b' },
          affinity: { nodeAffinity: {} },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'zone',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { a: 'b' } },
            },
          ],
          securityContext: { runAsUser: 1000 },
          imagePullSecrets: [{ name: 's' }],
        }),
      ),
      merge({ spec: { replicas: 3 } }, 'scaler'),
      strategic(podPatch({ containers: [{ name: 'web', image: 'image:2', env: [{ name: 'A', value: '2' }] }] })),
      strategic(podPatch({ containers: [{ name: 'new', image: 'image:1', ports: [{ containerPort: 1 }] }] })),
      strategic(podPatch({ containers: [{ name: 'side', $patch: 'delete' }] })),
      strategic(
        podPatch({
          '$setElementOrder/containers': [{ name: 'new' }, { name: 'web' }],
          containers: [{ name: 'web', image: 'image:3' }],
        }),
      ),
      strategic(podPatch({ containers: [{ $patch: 'replace' }, { name: 'fresh', image: 'image:1' }] })),
      strategic(podPatch({ volumes: [{ $retainKeys: ['name', 'emptyDir'], name: 'w', emptyDir: {} }] })),
      strategic(podPatch({ volumes: [{ name: 'v', $patch: 'delete' }], nodeSelector: null, tolerations: [] })),
      strategic({ spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
      strategic({ spec: { strategy: { $patch: 'replace', type: 'RollingUpdate' } } }),
      merge(podPatch({ securityContext: null, affinity: null, topologySpreadConstraints: null })),
      update(deployment({ containers: [container('only')] }, { replicas: 5 })),
      {
        type: 'merge',
        subresource: 'status',
        manager: 'controller',
        body: {
          metadata: { labels: { a: 'b' } },
          spec: { replicas: 9 },
          status: { replicas: 5, conditions: [condition('Available', 'True')] },
        },
      },
      {
        type: 'strategic',
        subresource: 'status',
        manager: 'controller',
        body: { status: { conditions: [condition('Progressing', 'True'), condition('Available', 'False')] } },
      },
      {
        type: 'apply',
        subresource: 'status',
        manager: 'status-applier',
        body: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'NAME' },
          status: { conditions: [condition('Available', 'True')], observedGeneration: 7 },
        },
      },
      merge({ status: { replicas: 1 } }, 'intruder'),
      apply(partialDeployment({ replicas: 5 })),
    ],
  },
  {
    title: 'applied lists with keys',
    steps: [
      apply(
        deployment(
          { containers: [container('a'), container('b', { ports: [{ containerPort: 80 }] })] },
          { replicas: 1 },
        ),
      ),
      apply(
        deployment(
          { containers: [container('b', { ports: [{ containerPort: 80 }] }), container('a')] },
          { replicas: 1 },
        ),
      ),
      apply(partialDeployment({ replicas: 2 }), 'two'),
      apply(
        partialDeployment({
          replicas: 1,
          template: { spec: { containers: [{ name: 'a', env: [{ name: 'E', value: '1' }] }] } },
        }),
        'two',
      ),
      apply(
        partialDeployment({ template: { spec: { containers: [{ name: 'c', image: 'i' }, { name: 'a' }] } } }),
        'two',
      ),
      apply(deployment({ containers: [container('a')] })),
      apply(partialDeployment({ template: { spec: { containers: [{ name: 'a' }] } } }), 'two'),
      apply(
        deployment({
          containers: [container('a', { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] })],
        }),
      ),
      apply(
        deployment({ containers: [container('a', { ports: [{ containerPort: 80, protocol: 'TCP', hostPort: 8 }] })] }),
      ),
      apply(
        deployment({
          containers: [container('a', { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] })],
        }),
      ),
      apply(deployment({ containers: [container('a', { resources: { limits: { cpu: '1000m' } } })] })),
      apply(deployment({ containers: [container('a', { resources: { limits: { cpu: '1' } } })] }), 'two'),
      apply(deployment({ containers: [container('a', { resources: {} })], nodeSelector: { x: 'y' }, tolerations: [] })),
      apply(
        deployment({
          containers: [container('a')],
          tolerations: null,
          affinity: {},
          volumes: [{ name: 'v', emptyDir: {} }],
        }),
      ),
      apply(deployment({ containers: [container('a')], volumes: [{ name: 'v', configMap: { name: 'c' } }] }), 'one'),
      apply(deployment({ containers: [container('a', { args: ['1'] })] })),
      apply(deployment({ containers: [container('a', { args: ['2'] })] }), 'two'),
      apply(
        deployment({ containers: [container('a', { args: ['2'] })] }, { selector: { matchLabels: { app: 'x' } } }),
        'two',
        true,
      ),
      apply(partialDeployment({ strategy: { type: 'Recreate' } }), 'three'),
      apply(partialDeployment({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }), 'three'),
      apply(partialDeployment({ strategy: { rollingUpdate: { maxSurge: '25%' } } }), 'four'),
    ],
  },
  {
    title: 'list items that are there twice',
    steps: [
      create(
        deployment({
          containers: [container('a', { env: twice('1', '2'), ports: [{ containerPort: 80 }, { containerPort: 80 }] })],
        }),
      ),
      update(
        deployment({
          containers: [container('a', { env: twice('1', '3'), ports: [{ containerPort: 80 }, { containerPort: 80 }] })],
        }),
      ),
      apply(
        partialDeployment({ template: { spec: { containers: [{ name: 'a', env: [{ name: 'B', value: '1' }] }] } } }),
      ),
      apply(
        partialDeployment({ template: { spec: { containers: [{ name: 'a', env: [{ name: 'A', value: '9' }] }] } } }),
        'two',
      ),
      apply(
        partialDeployment({ template: { spec: { containers: [{ name: 'a', env: [{ name: 'A', value: '9' }] }] } } }),
        'two',
        true,
      ),
      update(deployment({ containers: [container('a', { env: [...twice('4', '4'), { name: 'C', value: '1' }] })] })),
      strategic(podPatch({ containers: [{ name: 'a', env: [{ name: 'A', value: '5' }] }] })),
      strategic(podPatch({ containers: [{ name: 'a', env: [{ name: 'A', $patch: 'delete' }] }] })),
      update(deployment({ containers: [container('a', { env: [{ name: 'A', value: '1' }] })] })),
      update(deployment({ containers: [container('a', { env: twice('1', '1') })] }), 'other'),
      apply(partialDeployment({ template: { spec: { containers: [{ name: 'a' }] } } })),
      apply(partialDeployment({}), 'two'),
      update(deployment({ containers: [container('a')] })),
    ],
  },
  {
    title: 'applied deployments that are refused',
    steps: [
      apply(deployment({ containers: [container('a'), container('a')] })),
      apply(deployment({ containers: [{ image: 'x' }] })),
      apply(deployment({ containers: [null] })),
      apply(deployment({ containers: ['x'] })),
      apply(deployment({ containers: {} })),
      apply(deployment({ containers: [container('a', { imageX: 1 })] })),
      apply(deployment({ containers: [container('a')] }, { replicas: 'three' })),
      apply(deployment({ containers: [container('a', { stdin: 'yes' })] })),
      apply(deployment({ containers: [container('a', { env: [{ name: 'A' }, { name: 'B' }, { name: 'A' }] })] })),
      apply(deployment({ containers: [container('a')], hostNetwork: { a: 1 } })),
    ],
  },
  {
    title: 'strategic merge patches that are refused',
    steps: [
      create(deployment({ containers: [container('c', { ports: [{ containerPort: 80 }] }), container('d')] })),
      strategic([]),
      strategic(5),
      strategic('x'),
      strategic(null),
      strategic(podPatch({ containers: [{ image: 'x' }] })),
      strategic(podPatch({ containers: ['x'] })),
      strategic(podPatch({ containers: [['x']] })),
      strategic(podPatch({ containers: [null] })),
      strategic(podPatch({ containers: [] })),
      strategic({ spec: { $patch: 'unknown' } }),
      strategic(podPatch({ $retainKeys: 'x' })),
      strategic(podPatch({ $retainKeys: ['containers'], volumes: [] })),
      strategic(podPatch({ '$setElementOrder/containers': [] })),
      strategic(podPatch({ '$setElementOrder/containers': 'x' })),
      strategic(podPatch({ $setElementOrder: [] })),
      strategic(podPatch({ '$setElementOrder/containers': [{ name: 'c' }], containers: [{ name: 'd', image: 'z' }] })),
      strategic(podPatch({ '$setElementOrder/containers': [{ nam: 'c' }], containers: [{ name: 'd', image: 'z' }] })),
      strategic(podPatch({ '$setElementOrder/volumes': [{ name: 'v' }] })),
      strategic(podPatch({ '$setElementOrder/volumes': [{ name: 'v' }], volumes: [{ name: 'v', emptyDir: {} }] })),
      strategic({ metadata: { $deleteFromPrimitiveList: ['x'] } }),
      strategic(podPatch({ containers: [{ $patch: 'merge', name: 'c' }] })),
      strategic(podPatch({ containers: [{ $patch: 'delete' }] })),
      strategic(podPatch({ containers: [{ $patch: 'else', name: 'c' }] })),
      strategic(
        podPatch({ containers: [{ name: 'c', ports: [{ containerPort: 80, name: 'http' }, { containerPort: 81 }] }] }),
      ),
      strategic(podPatch({ containers: [{ name: 'c', command: ['x', null] }] })),
      strategic(podPatch({ containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: null } } }] })),
      strategic(podPatch({ volumes: [{ name: 'v', emptyDir: {}, $patch: 'delete' }] })),
    ],
  },
]

const service = (spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'NAME' },
  spec,
})

const services: Omit<Scenario, 'resource'>[] = [
  {
    title: 'ports by number and protocol',
    steps: [
      create(
        service({
          selector: { a: 'b' },
          ports: [
            { port: 80, name: 'x' },
            { port: 9, name: 'y', protocol: 'UDP' },
          ],
        }),
      ),
      strategic({ spec: { ports: [{ port: 80, targetPort: 8080 }] } }),
      strategic({ spec: { ports: [{ port: 443, name: 'z' }] } }),
      strategic({ spec: { ports: [{ port: 443, $patch: 'delete' }], selector: { a: null, c: 'd' } } }),
      apply(service({ ports: [{ port: 80, name: 'x', targetPort: 8080 }] })),
      apply(service({ ports: [{ port: 80, name: 'x', targetPort: 'http' }] })),
      apply(
        service({ ports: [{ port: 80, name: 'x', protocol: 'TCP', targetPort: 'http' }], selector: { a: 'c' } }),
        'one',
        true,
      ),
      apply(service({ selector: { a: 'c' } })),
      apply(service({ ports: [{ name: 'noport' }] })),
      apply(service({ externalIPs: ['1.2.3.4', '1.2.3.4'] })),
    ],
  },
]

const widget = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'NAME', ...metadata },
  spec,
})

const widgets: Omit<Scenario, 'resource'>[] = [
  {
    title: 'a custom resource with every kind of list and map',
    steps: [
      create(
        widget({
          size: 3,
          plain: ['a', 'b'],
          set: ['x', 'y'],
          byKey: [
            { name: 'one', port: 1, v: 1 },
            { name: 'two', v: 2 },
          ],
          atomicMap: { a: 1, b: { c: 2 } },
          granular: { k1: 'v1', k2: 'v2' },
          free: { any: { thing: [1, { a: 2 }] }, n: null },
          empty: {},
          emptyList: [],
          intOrString: 5,
          embedded: {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'p', labels: { a: 'b' }, finalizers: ['f'] },
            spec: { x: [1] },
          },
          keepsUnknown: { known: 'k', unknown: { deep: 1 } },
        }),
      ),
      apply(widget({ set: ['z', 'y'], byKey: [{ name: 'two', v: 2 }, { name: 'three' }], granular: { k3: 'v3' } })),
      apply(widget({ set: ['z'], byKey: [{ name: 'two', v: 3 }], atomicMap: { a: 1 } }), 'two'),
      apply(
        widget({ set: ['z'], byKey: [{ name: 'two', v: 3 }], atomicMap: { a: 1 }, plain: ['c'], size: 4 }),
        'two',
        true,
      ),
      apply(widget({ free: { any: { thing: [1] } }, granular: { k1: 'v1' } })),
      apply(widget({ free: { any: 'scalar now' } }), 'one', true),
      apply(widget({ free: { any: { map: 'again' } } })),
      apply(widget({ free: null, granular: null, set: [], byKey: [], atomicMap: {} })),
      merge({
        spec: {
          byKey: [
            { name: 'two', v: 3 },
            { name: 'two', v: 3, port: 80 },
          ],
        },
      }),
      merge({
        spec: {
          set: ['a', 'b', 'c'],
          intOrString: 'five',
          nested: {
            list: [
              { id: 1, tags: ['t'] },
              { id: 2.5, tags: [] },
            ],
          },
        },
      }),
      apply(widget({ nested: { list: [{ id: 1, tags: ['u'] }, { id: 2.5 }] }, set: ['<b>'] })),
      apply(widget({ nested: { list: [{ id: 3 }] }, intOrString: 'five' })),
      json([{ op: 'remove', path: '/spec/free' }]),
      {
        type: 'merge',
        subresource: 'status',
        manager: 'controller',
        body: { status: { phase: 'Ready' }, spec: { size: 9 } },
      },
      {
        type: 'apply',
        subresource: 'status',
        manager: 'status-applier',
        body: {
          apiVersion: 'example.com/v1',
          kind: 'Widget',
          metadata: { name: 'NAME' },
          status: { phase: 'Ready', n: 1 },
        },
      },
      merge({ status: { phase: 'Lost' } }),
      apply(widget({}), 'two'),
      apply(widget({}), 'one'),
    ],
  },
  {
    title: 'defaults of a custom resource belong to whoever creates it',
    steps: [
      create(widget({ size: 1, byKey: [{ name: 'a' }] })),
      update(widget({ size: 1, byKey: [{ name: 'a', port: 80 }] })),
      apply(widget({ byKey: [{ name: 'a', port: 80 }] })),
    ],
  },
  {
    title: 'applied custom resources that are refused',
    steps: [
      apply(widget({ byKey: [{ name: 'a' }, { name: 'a', port: 80 }] })),
      apply(widget({ byKey: [{ v: 1 }] })),
      apply(widget({ set: ['a', 'a'] })),
      apply(widget({ set: [{ a: 1 }] })),
      apply(widget({ unknown: 1 })),
      apply(widget({ keepsUnknown: { other: 1 } })),
      apply(widget({ size: 'big' })),
      apply(widget({ plain: 'x' })),
      apply(widget({ nested: { list: [{ tags: [] }] } })),
    ],
  },
]

const loose: Omit<Scenario, 'resource'>[] = [
  {
    title: 'a custom resource without a schema is deduced',
    steps: [
      create({
        apiVersion: 'example.com/v1',
        kind: 'Loose',
        metadata: { name: 'NAME' },
        spec: { a: [1, { b: 2 }], m: { n: {} } },
        other: null,
      }),
      apply({
        apiVersion: 'example.com/v1',
        kind: 'Loose',
        metadata: { name: 'NAME', labels: { a: 'b' } },
        spec: { m: { n: { o: 1 } } },
      }),
      apply({ apiVersion: 'example.com/v1', kind: 'Loose', metadata: { name: 'NAME' }, spec: { a: [2] } }),
      apply(
        { apiVersion: 'example.com/v1', kind: 'Loose', metadata: { name: 'NAME' }, spec: { a: 'text' } },
        'one',
        true,
      ),
      apply({ apiVersion: 'example.com/v1', kind: 'Loose', metadata: { name: 'NAME' }, spec: {} }),
    ],
  },
]

const on = (resource: Scenario['resource'], scenarios: readonly Omit<Scenario, 'resource'>[]): Scenario[] =>
  scenarios.map((scenario) => ({ ...scenario, resource }))

export const scenarios: readonly Scenario[] = [
  ...on('configmap', configMaps),
  ...on('deployment', deployments),
  ...on('service', services),
  ...on('widget', widgets),
  ...on('loose', loose),
]
