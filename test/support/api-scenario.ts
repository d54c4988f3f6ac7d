/** One request of a scenario. What varies between servers is written as `<…>` before answers are compared. */
export interface ScenarioStep {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Only the status code is compared, and why. */
  readonly statusOnly?: string
  /** Not compared at all, and why. */
  readonly skip?: string
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly warnings: readonly string[]
  /** Parsed JSON, else text. */
  readonly body: unknown
}

const jsonPatch = 'application/json-patch+json'
const mergePatch = 'application/merge-patch+json'
const strategicPatch = 'application/strategic-merge-patch+json'
const applyPatch = 'application/apply-patch+yaml'
const namespace = 'parity'
const configMaps = `/api/v1/namespaces/${namespace}/configmaps`
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`

const configMap = (name: string, extra: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: '1' },
  ...extra,
})
const deployment = (name: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    ...spec,
  },
})
const scaleBody = (spec: object): object => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'web', namespace },
  spec,
})
const post = (path: string, body: unknown, more: Partial<ScenarioStep> = {}): ScenarioStep => ({
  method: 'POST',
  path,
  body,
  ...more,
})
const put = (path: string, body: unknown, more: Partial<ScenarioStep> = {}): ScenarioStep => ({
  method: 'PUT',
  path,
  body,
  ...more,
})
const patch = (path: string, contentType: string, body: unknown, more: Partial<ScenarioStep> = {}): ScenarioStep => ({
  method: 'PATCH',
  path,
  contentType,
  body,
  ...more,
})
const get = (path: string, more: Partial<ScenarioStep> = {}): ScenarioStep => ({ path, ...more })
const remove = (path: string, body?: unknown, more: Partial<ScenarioStep> = {}): ScenarioStep => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
  ...more,
})

/** A life of some objects, with every mistake that clients make on the way. Steps depend on those before them. */
export const apiScenario: readonly ScenarioStep[] = [
  // Before there is a namespace.
  post(configMaps, configMap('early')),
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
  get(`/api/v1/namespaces/${namespace}`),

  // Create.
  post(configMaps, configMap('one')),
  post(configMaps, configMap('one')),
  post(configMaps, { ...configMap('two'), metadata: { name: 'two', namespace: 'other' } }),
  post(configMaps, { ...configMap('two'), apiVersion: 'v2' }),
  post(configMaps, { ...configMap('two'), kind: 'Secret' }, { statusOnly: 'Go names internal types' }),
  post(configMaps, { data: { b: '2' }, metadata: {} }),
  post(configMaps, { data: { b: '2' }, metadata: { name: 'Bad_Name' } }),
  post(configMaps, { data: { b: '2' }, metadata: { name: 'no-kind' } }),
  post(
    configMaps,
    configMap('labels', { metadata: { name: 'labels', labels: { 'bad key!': 'x', ok: 'bad value!' } } }),
  ),
  post(
    configMaps,
    configMap('system', {
      metadata: {
        name: 'system',
        uid: 'mine',
        generation: 7,
        creationTimestamp: '2020-01-01T00:00:00Z',
        deletionTimestamp: '2020-01-01T00:00:00Z',
        selfLink: '/x',
      },
    }),
  ),
  post(configMaps, configMap('versioned', { metadata: { name: 'versioned', resourceVersion: '5' } })),
  post(configMaps, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken"', {
    statusOnly: 'parsers word syntax errors differently',
  }),
  post(configMaps, '[]', { statusOnly: 'Go names an internal type' }),
  post(configMaps, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "yes"\n', {
    contentType: 'application/yaml',
  }),
  post(configMaps, configMap('type'), { contentType: 'text/plain' }),
  post(configMaps, configMap('types', { data: { a: 1 } })),
  post(configMaps, configMap('types', { metadata: { name: 'types', labels: { a: 5 } } })),
  post(configMaps, configMap('unknown', { datta: {}, metadata: { name: 'unknown', foo: 'x' } })),
  post(
    `${configMaps}?fieldValidation=Strict`,
    configMap('unknown-strict', { datta: {}, metadata: { name: 'u', foo: 'x' } }),
  ),
  post(`${configMaps}?fieldValidation=Ignore`, configMap('unknown-ignored', { datta: {} })),
  post(`${configMaps}?fieldValidation=Nonsense`, configMap('x')),
  post(
    `${configMaps}?fieldValidation=Strict`,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}',
  ),
  post(configMaps, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}'),
  post(`${configMaps}?dryRun=All`, configMap('dry')),
  get(`${configMaps}/dry`),
  post(`${configMaps}?dryRun=Some`, configMap('dry')),
  post(`${configMaps}?fieldManager=me`, configMap('managed')),
  post(`${configMaps}?fieldManager=${'x'.repeat(130)}`, configMap('managed')),
  post(`/api/v1/configmaps`, configMap('nowhere')),
  post(`${configMaps}/one`, configMap('one')),
  post(
    '/api/v1/namespaces/parity/nodes',
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
    { statusOnly: 'the router answers in plain text' },
  ),

  // Read.
  get(`${configMaps}/one`),
  get(`${configMaps}/absent`),
  get(`${configMaps}/one?resourceVersion=0`),
  get(`${configMaps}/one?resourceVersion=x`, { skip: 'upstream answers 500, which helps nobody' }),
  get(`${configMaps}/one`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } }),
  get(`${configMaps}/one?includeObject=None`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
  get(`${configMaps}/one`, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
  get(`${configMaps}/one`, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
    statusOnly: 'Go names an internal type',
  }),
  get(`${configMaps}/one`, { headers: { accept: 'text/html' }, statusOnly: 'the router answers in its own words' }),
  get(`${configMaps}/one`, { headers: { accept: 'application/yaml' }, statusOnly: 'order of keys' }),
  get('/api/v1/nothings', { statusOnly: 'the router answers in plain text' }),
  get('/apis/none.example/v1/things', { statusOnly: 'the router answers in plain text' }),
  get('/api/v2', { statusOnly: 'the router answers in plain text' }),

  // Lists.
  get(`${configMaps}?limit=2`, { statusOnly: 'continue tokens are opaque' }),
  get(`${configMaps}?labelSelector=a%3Db`),
  get(`${configMaps}?labelSelector=a%3D%3D%3Db`),
  get(`${configMaps}?labelSelector=a%20in%20(`),
  get(`${configMaps}?fieldSelector=metadata.name%3Done`),
  get(`${configMaps}?fieldSelector=metadata.name!%3Done,metadata.namespace%3Dparity`),
  get(`${configMaps}?fieldSelector=data.a%3D1`),
  get(`${configMaps}?resourceVersion=abc`),
  get(`${configMaps}?resourceVersionMatch=Exact`),
  get(`${configMaps}?resourceVersionMatch=Nonsense&resourceVersion=1`),
  get(`${configMaps}?resourceVersionMatch=Exact&resourceVersion=0`),
  get(`${configMaps}?sendInitialEvents=true`),
  get(`${configMaps}?continue=garbage`, { statusOnly: 'what is wrong with an opaque token' }),
  get(`${configMaps}?limit=x`),
  get('/api/v1/namespaces/absent/configmaps'),
  get(`${configMaps}?watch=true&resourceVersionMatch=NotOlderThan`),
  get(`${configMaps}?watch=true&sendInitialEvents=true`),
  get(`${configMaps}?watch=true`, { headers: { accept: 'application/yaml' } }),
  get(`${configMaps}?fieldSelector=metadata.name%3Done`, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  get(`${configMaps}?fieldSelector=metadata.name%3Done`, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
  }),

  // Update.
  put(`${configMaps}/one`, configMap('one', { data: { a: '2' } })),
  put(`${configMaps}/one`, configMap('one', { data: { a: '2' } })),
  put(`${configMaps}/one`, configMap('two')),
  put(`${configMaps}/one`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }),
  put(`${configMaps}/one`, configMap('one', { metadata: { name: 'one', resourceVersion: '1' } })),
  put(`${configMaps}/one`, configMap('one', { metadata: { name: 'one', uid: 'other' } }), {
    statusOnly: 'upstream names keys of etcd',
  }),
  put(`${configMaps}/one`, configMap('one', { metadata: { name: 'one', namespace: 'other' } })),
  put(`${configMaps}/absent`, configMap('absent')),
  put(`${configMaps}/one?dryRun=All`, configMap('one', { data: { dry: 'run' } })),
  put(`${configMaps}/one?fieldManager=putter`, configMap('one', { data: { a: '3' }, immutable: true })),
  put(`${configMaps}/one`, configMap('one', { data: { a: '4' }, immutable: true })),
  put(
    `${configMaps}/one`,
    configMap('one', {
      metadata: { name: 'one', creationTimestamp: '2001-01-01T00:00:00Z' },
      data: { a: '3' },
      immutable: true,
    }),
  ),

  // Patch.
  patch(`${configMaps}/managed`, mergePatch, { data: { b: 'x' } }),
  patch(`${configMaps}/managed`, mergePatch, { data: { b: null } }),
  patch(`${configMaps}/managed`, strategicPatch, { metadata: { labels: { p: 'q' } } }),
  patch(`${configMaps}/managed`, jsonPatch, [{ op: 'replace', path: '/data/a', value: '9' }]),
  patch(`${configMaps}/managed`, jsonPatch, [{ op: 'test', path: '/data/a', value: 'no' }], {
    statusOnly: 'we also say which operation failed',
  }),
  patch(`${configMaps}/managed`, jsonPatch, [{ op: 'remove', path: '/data/none/deeper' }], {
    statusOnly: 'we also say which operation failed',
  }),
  patch(`${configMaps}/managed`, jsonPatch, { not: 'a list' }, { statusOnly: 'Go names an internal type' }),
  patch(`${configMaps}/managed`, mergePatch, '{', { statusOnly: 'parsers word syntax errors differently' }),
  patch(
    `${configMaps}/managed`,
    'application/json',
    { data: {} },
    { statusOnly: 'the router answers in its own words' },
  ),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { name: 'renamed' } }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { resourceVersion: '1' } }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { uid: 'other' } }),
  patch(
    `${configMaps}/managed?fieldValidation=Strict`,
    mergePatch,
    { unknown: 1 },
    { statusOnly: 'upstream repeats the whole object' },
  ),
  patch(`${configMaps}/managed`, mergePatch, { unknown: 1 }),
  patch(`${configMaps}/managed?force=true`, mergePatch, { data: {} }),
  patch(`${configMaps}/absent`, mergePatch, { data: {} }),
  patch(`${configMaps}/managed?dryRun=All`, mergePatch, { data: { dry: 'x' } }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { finalizers: ['example.com/hold'] } }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { finalizers: ['not valid'] } }),

  // Server-side apply.
  patch(`${configMaps}/applied`, applyPatch, configMap('applied')),
  patch(`${configMaps}/applied?fieldManager=alice`, applyPatch, configMap('applied')),
  patch(`${configMaps}/applied?fieldManager=alice`, applyPatch, configMap('applied')),
  patch(`${configMaps}/applied?fieldManager=bob`, applyPatch, configMap('applied', { data: { a: '5' } })),
  patch(`${configMaps}/applied?fieldManager=bob&force=true`, applyPatch, configMap('applied', { data: { a: '5' } })),
  patch(`${configMaps}/applied?fieldManager=alice`, applyPatch, configMap('applied', { data: { b: '1' } })),
  patch(`${configMaps}/applied?fieldManager=alice`, applyPatch, { ...configMap('applied'), apiVersion: 'v2' }),
  patch(`${configMaps}/applied?fieldManager=alice`, applyPatch, configMap('other')),
  patch(
    `${configMaps}/applied?fieldManager=alice`,
    applyPatch,
    configMap('applied', { metadata: { name: 'applied', managedFields: [] } }),
  ),
  patch(
    `${configMaps}/not-there?fieldManager=alice`,
    applyPatch,
    configMap('not-there', { metadata: { name: 'not-there', uid: 'x' } }),
  ),
  patch(
    `${configMaps}/applied?fieldManager=alice&fieldValidation=Strict`,
    applyPatch,
    configMap('applied', { nonsense: 1 }),
  ),
  get(`${configMaps}/applied`),

  // Delete.
  remove(`${configMaps}/managed`),
  get(`${configMaps}/managed`),
  remove(`${configMaps}/managed`, { propagationPolicy: 'Background' }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { deletionTimestamp: null } }),
  post(configMaps, configMap('managed')),
  patch(`${configMaps}/managed`, mergePatch, { metadata: { finalizers: null } }),
  get(`${configMaps}/managed`),
  remove(`${configMaps}/absent`),
  remove(`${configMaps}/yaml`, { preconditions: { uid: 'nope' } }),
  remove(`${configMaps}/yaml`, { preconditions: { resourceVersion: '1' } }),
  remove(`${configMaps}/yaml`, { propagationPolicy: 'Nonsense' }),
  remove(`${configMaps}/yaml`, { propagationPolicy: 'Orphan', orphanDependents: true }),
  remove(`${configMaps}/yaml?dryRun=All`),
  remove(`${configMaps}/yaml`, { propagationPolicy: 'Foreground' }),
  remove(`${configMaps}/yaml`, { propagationPolicy: 'Background' }),
  remove(`${configMaps}/unknown?propagationPolicy=Orphan`),
  remove(`${configMaps}?labelSelector=none%3Dthere`),
  remove(`${configMaps}?fieldSelector=metadata.name%3Dsystem`),
  get(`${configMaps}/system`),

  // Kinds with spec and status.
  post(deployments, deployment('web')),
  post(deployments, deployment('bad', { template: { spec: { containers: [{ name: 'c' }] } } })),
  post(deployments, deployment('bad', { replicas: 'two' })),
  post(deployments, deployment('bad', { replicas: 1.5 })),
  post(deployments, deployment('bad', { replicas: -1 })),
  patch(`${deployments}/web`, strategicPatch, {
    spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } } },
  }),
  patch(`${deployments}/web`, strategicPatch, {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'd', image: 'x' },
            { $patch: 'delete', name: 'c' },
          ],
        },
      },
    },
  }),
  patch(`${deployments}/web`, mergePatch, { metadata: { labels: { l: 'v' } } }),
  patch(`${deployments}/web`, mergePatch, { status: { replicas: 5 } }),
  patch(`${deployments}/web/status`, mergePatch, {
    status: { replicas: 2, observedGeneration: 1 },
    spec: { replicas: 9 },
  }),
  get(`${deployments}/web/status`),
  put(`${deployments}/web`, deployment('web', { selector: { matchLabels: { app: 'other' } } })),
  get(`${deployments}/web/scale`),
  patch(`${deployments}/web/scale`, mergePatch, { spec: { replicas: 7 } }),
  put(`${deployments}/web/scale`, {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace },
    spec: { replicas: 3 },
  }),
  put(`${deployments}/web/scale`, {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace },
    spec: { replicas: -3 },
  }),
  patch(`${deployments}/web/scale?fieldManager=hpa`, applyPatch, scaleBody({ replicas: 4 })),
  patch(`${deployments}/web/scale?fieldManager=hpa&force=true`, applyPatch, scaleBody({ replicas: 4 })),
  patch(`${deployments}/web?fieldManager=owner&force=true`, applyPatch, deployment('web', { replicas: 6 })),
  get(`${deployments}/web/scale`),
  patch(`${deployments}/web/scale`, strategicPatch, { spec: { replicas: 2 } }),
  patch(`${deployments}/web/status`, strategicPatch, {
    metadata: { labels: { no: 'way' }, annotations: { may: 'be' } },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'r',
          message: 'm',
          lastUpdateTime: '2026-01-01T00:00:00Z',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  }),
  get(`${deployments}/web`),
  get(`${deployments}?limit=500`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
  get(`${deployments}/web/nothing`, { statusOnly: 'the router answers in plain text' }),
  put(deployments, deployment('web'), { statusOnly: 'the router answers in plain text' }),
  remove(`${deployments}/web`),
  get(`${deployments}/web`),

  // Other kinds, each with something of its own.
  post('/api/v1/namespaces/parity/secrets', { metadata: { name: 's' }, stringData: { a: 'b' }, data: { c: 'ZA==' } }),
  patch('/api/v1/namespaces/parity/secrets/s', strategicPatch, { stringData: { e: 'f' } }),
  get('/api/v1/namespaces/parity/secrets?fieldSelector=type%3DOpaque'),
  post('/api/v1/namespaces/parity/pods', {
    metadata: { name: 'p', generateName: 'ignored-' },
    spec: { containers: [{ name: 'c', image: 'nginx' }] },
  }),
  get('/api/v1/namespaces/parity/pods?fieldSelector=status.phase%3DPending,spec.nodeName%3D'),
  get('/api/v1/namespaces/parity/pods?fieldSelector=spec.nonsense%3Dx'),
  patch('/api/v1/namespaces/parity/pods/p', strategicPatch, { spec: { containers: [{ name: 'c', image: 'httpd' }] } }),
  patch('/api/v1/namespaces/parity/pods/p/status', mergePatch, { status: { phase: 'Running' } }),
  remove('/api/v1/namespaces/parity/pods/p'),
  get('/api/v1/namespaces/parity/pods/p'),
  post('/apis/coordination.k8s.io/v1/namespaces/parity/leases', {
    metadata: { name: 'l' },
    spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.123456Z' },
  }),
  put(
    '/apis/coordination.k8s.io/v1/namespaces/parity/leases/l',
    {
      metadata: { name: 'l' },
      spec: { holderIdentity: 'you', renewTime: '2026-01-01T00:00:00.5Z' },
    },
    { statusOnly: 'Go names its layout of times' },
  ),
  post('/apis/rbac.authorization.k8s.io/v1/namespaces/parity/roles', {
    metadata: { name: 'a:b' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  get('/apis/rbac.authorization.k8s.io/v1/namespaces/parity/roles/a:b'),
  put('/apis/rbac.authorization.k8s.io/v1/namespaces/parity/roles/new', {
    metadata: { name: 'new' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  }),
  post('/apis/autoscaling/v2/namespaces/parity/horizontalpodautoscalers', {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  }),
  get('/apis/autoscaling/v1/namespaces/parity/horizontalpodautoscalers/h', { statusOnly: 'zero counters in status' }),
  post('/apis/batch/v1/namespaces/parity/cronjobs', {
    metadata: { name: 'c' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
      },
    },
  }),

  // What a place does not offer, and what is read before anything is done.
  remove('/api/v1/configmaps'),
  post('/api', {}),
  put('/apis/apps/v1', {}),
  post('/version', {}),
  get('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x'),
  get('/api/v1/configmaps', { method: 'OPTIONS' }),
  post('/api/v1/watch/namespaces/parity/configmaps', {}),
  remove('/api/v1/componentstatuses/x'),
  get(`${configMaps}/one?timeout=soon`),
  get(`${configMaps}/one?timeout=5`),
  get(`${configMaps}/one?includeObject=Foo`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
  post(configMaps, configMap('unanswered'), {
    headers: { accept: 'text/html' },
    statusOnly: 'the router has its words',
  }),
  get(`${configMaps}/unanswered`),
  get(`${configMaps}?watch=true&continue=abc`),
  get(`${configMaps}?watch=true&resourceVersionMatch=Exact&resourceVersion=1`),
  get(`${configMaps}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1`),
  get('/apis/batch/v1/namespaces/parity/jobs?fieldSelector=a%3Db'),
  get('/apis/resource.k8s.io/v1/resourceslices?fieldSelector=a%3Db'),
  remove(`${configMaps}/one`, { kind: 'Foo', apiVersion: 'v1' }),
  remove(`${configMaps}/one`, { gracePeriodSeconds: 'x' }),
  put(`${configMaps}/one`, configMap('one', { metadata: { name: 'one', resourceVersion: '0' }, data: { a: '3' } }), {
    statusOnly: 'it is immutable',
  }),
  put('/apis/coordination.k8s.io/v1/namespaces/parity/leases/l', { metadata: { name: 'l' }, spec: {} }),
  post(
    configMaps,
    configMap('owned', {
      metadata: {
        name: 'owned',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
          { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
        ],
      },
    }),
  ),
  post('/api/v1/namespaces/parity/events', { metadata: { name: 'e' }, involvedObject: { kind: 'Pod' } }),
  patch(`${configMaps}/one`, mergePatch, { kind: 'Secret' }, { statusOnly: 'upstream repeats the whole object' }),

  // Namespaces.
  remove('/api/v1/namespaces/default'),
  remove(`/api/v1/namespaces/${namespace}`),
  get(`/api/v1/namespaces/${namespace}`),
  post(configMaps, configMap('late')),
  remove(`/api/v1/namespaces/${namespace}`, undefined, {
    statusOnly: 'upstream answers a second delete with Conflict while its controller works',
  }),
  remove('/api/v1/namespaces', undefined, { statusOnly: 'the router answers in plain text' }),
  put(
    `/api/v1/namespaces/${namespace}/finalize`,
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
      spec: { finalizers: [] },
    },
    { statusOnly: 'Go leaves an empty list out' },
  ),
  get(`/api/v1/namespaces/${namespace}`),

  // Paths.
  get('/version', { statusOnly: 'says how it was built' }),
  get('/healthz'),
  get('/livez/ping'),
  get('/readyz/nonsense', { statusOnly: 'the router answers in plain text' }),
  get('/nothing', { statusOnly: 'upstream lists its paths' }),
  get('/api', { statusOnly: 'says where it is' }),
  get('/apis/apps'),
  get('/apis/apps/v1'),
  get('/api/v1'),
]

/** What is different in every answer of every server. */
export function normalizeAnswer(answer: Answer): Answer {
  const warnings = answer.warnings.flatMap((text) =>
    text.split(', 299').map((one, index) => (index > 0 ? `299${one}` : one)),
  )
  return { ...answer, warnings, body: normalize(answer.body, '') }
}

/** Prose of columns, and times that upstream leaves out here and there. */
const dropped = new Set(['description', 'time'])
const volatile: Readonly<Record<string, string>> = {
  uid: '<uid>',
  resourceVersion: '<rv>',
  creationTimestamp: '<time>',
  deletionTimestamp: '<time>',
  lastTransitionTime: '<time>',
  serverAddress: '<address>',
}

function normalize(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item, key))
    // Upstream runs some checks twice.
    if (key === 'causes') return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()].sort(byText)
    return key === 'managedFields' ? items.sort(byText) : items
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !dropped.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [
          name,
          typeof item === 'string' && item !== '' ? (volatile[name] ?? normalize(item, name)) : normalize(item, name),
        ]),
    )
  }
  if (typeof value !== 'string') return value
  return inOneOrder(value)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replace(/(ResourceVersion in record \()\d+/g, '$1<rv>')
    .replace(/^\d+(s|m)$/, '<age>')
}

/** What is wrong with the keys of a map, upstream tells in an order of its own every time. */
function inOneOrder(text: string): string {
  const list = /^(.* is invalid: \[)(.*)\]$/su.exec(text)
  if (!list) return text
  const [, head = '', items = ''] = list
  return `${head}${items.split(', ').sort().join(', ')}]`
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
