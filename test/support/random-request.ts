import fc from 'fast-check'
import { builtinDefinitions } from '../../src/registry/builtin/builtin-definitions.ts'
import { encodeProtobuf, hasProtobuf } from '../../src/registry/codec/protobuf.ts'
import { fromApiVersion, toApiPath } from '../../src/meta/group-version.ts'
import type { JsonObject, KubeObject } from '../../src/meta/object.ts'
import { builtinSamples } from './builtin-samples.ts'

/** A request as nobody should send it, or nearly one that is fine. */
export interface RandomRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const definitions = builtinDefinitions()
const methods = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'NONSENSE', '') },
)
const oddText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '..',
    '.',
    '%',
    '%00',
    '%zz',
    '%2e%2e',
    'a'.repeat(300),
    '\u{1f600}',
    '\ud800',
    ' ',
    '~',
    '*',
  ),
)
const names = fc.oneof(
  { weight: 12, arbitrary: fc.constant('one') },
  { weight: 2, arbitrary: fc.constantFrom('two', 'default', 'kube-system', 'admin', 'x') },
  { weight: 1, arbitrary: oddText },
)

/** Paths of what is served, and of what is not. */
const resourcePaths = fc
  .record({
    definition: fc.constantFrom(...definitions),
    version: fc.nat(3),
    namespace: fc.oneof({ weight: 12, arbitrary: fc.constant('default') }, { weight: 1, arbitrary: names }),
    name: fc.option(names, { nil: undefined, freq: 3 }),
    subresource: fc.oneof(
      { weight: 12, arbitrary: fc.constant('') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('status', 'scale', 'finalize', 'log', 'exec', 'token', 'eviction', 'binding'),
      },
      { weight: 1, arbitrary: oddText },
    ),
    prefix: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom('', '/clusters/root') },
      { weight: 1, arbitrary: fc.constantFrom('/clusters/root:one', '/clusters/*', '/clusters/none') },
      { weight: 1, arbitrary: oddText.map((text) => `/clusters/${text}`) },
    ),
  })
  .map(({ definition, version, namespace, name, subresource, prefix }) => {
    const { group, namespaced, resource, versions } = definition
    const gv = versions[version % versions.length]?.version ?? 'v1'
    const root = group === '' ? `/api/${gv}` : `/apis/${group}/${gv}`
    const place = namespaced ? `/namespaces/${namespace}` : ''
    const rest = name === undefined ? '' : `/${name}${subresource === '' ? '' : `/${subresource}`}`
    return `${prefix}${root}${place}/${resource}${rest}`
  })
const otherPaths = fc.oneof(
  fc.constantFrom(
    '/',
    '/api',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/version',
    '/healthz',
    '/readyz/x',
    '/openapi/v3',
    '/openapi/v3/apis/apps/v1',
    '/metrics',
    '/clusters',
    '/clusters/',
    '//',
    '/api/v1/watch/pods',
    '/api//v1',
    '/apis/apps/v1/deployments/',
  ),
  fc.array(oddText, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
)
const parameters = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
        'labelSelector',
        'fieldSelector',
        'watch',
        'sendInitialEvents',
        'allowWatchBookmarks',
        'timeoutSeconds',
        'dryRun',
        'fieldManager',
        'fieldValidation',
        'force',
        'pretty',
        'includeObject',
        'propagationPolicy',
        'gracePeriodSeconds',
        'hash',
        'timeout',
        'exclude',
        'verbose',
      ),
      fc.oneof(
        fc.constantFrom(
          '',
          '0',
          '1',
          '-1',
          'true',
          'false',
          'All',
          'Exact',
          'NotOlderThan',
          'Strict',
          'Warn',
          'a=b',
          'a in (b,c)',
          '!a',
          'metadata.name=one',
          'metadata.name!=one,status.phase=x',
          '99999999999999999999',
          '4611686018427387904',
          'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0',
          'None',
          'Object',
          'Orphan',
          'me',
        ),
        oddText,
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value.includes('%') ? value : encode(value)}`).join('&'))

function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}

const accepts = fc.constantFrom(
  '',
  '*/*',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  'text/html',
  'a/b;q=x',
  ';;;',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
)
const oddContentTypes = fc.constantFrom(
  '',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain',
  'application/json;charset=utf-8',
  ';',
)

const oddValues = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    9007199254740993n,
    '',
    'x',
    [],
    {},
    [null],
    [[]],
    { __proto__: null },
    'a'.repeat(1000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
)
const samples = builtinSamples.map(({ object }) => object)

const patchTypes = fc.constantFrom(
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
)

/** Objects of known kinds with some values exchanged, fields added and fields taken away. */
const mutatedPair = fc
  .record({
    sample: fc.constantFrom(...samples),
    changes: fc.array(fc.tuple(fc.nat(), oddValues, fc.constantFrom('set', 'drop', 'add')), { maxLength: 4 }),
  })
  .map(({ sample, changes }) => {
    const copy = structuredClone(sample) as unknown as JsonObject
    copy['metadata'] = { ...(copy['metadata'] as JsonObject), name: 'one' }
    for (const [where, value, how] of changes) change(copy, where, structuredClone(value), how)
    return { sample, copy }
  })
const mutated = mutatedPair.map(({ copy }) => copy)

function change(root: JsonObject, where: number, value: unknown, how: string): void {
  const places: [object: Record<string, unknown>, key: string][] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key])
      visit((node as Record<string, unknown>)[key])
    }
  }
  visit(root)
  const [object, key] = places[where % Math.max(1, places.length)] ?? [root, 'x']
  if (how === 'drop') delete object[key]
  else if (how === 'add' && !Array.isArray(object)) object[`${key}X`] = value
  else object[key] = value
}

const toText = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)) ?? 'null'

const patches = fc.oneof(
  fc.array(
    fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nonsense'),
      path: fc.constantFrom(
        '',
        '/',
        '/metadata',
        '/metadata/labels/x',
        '/data/a',
        '/spec/replicas',
        '/__proto__/x',
        '/metadata/name',
        '/spec/template/spec/containers/0/image',
        '/-1',
        '~',
      ),
      from: fc.constantFrom('', '/metadata', '/data', '/nothing'),
      value: oddValues,
    }),
    { maxLength: 4 },
  ),
  fc.record(
    { metadata: oddValues, spec: oddValues, data: oddValues, status: oddValues, $patch: oddValues },
    { requiredKeys: [] },
  ),
)
const textBodies = fc.oneof(mutated.map(toText), patches.map(toText), oddValues.map(toText), oddText)
const bodies = fc.oneof(
  { weight: 10, arbitrary: textBodies.map((text) => Buffer.from(text)) },
  {
    weight: 2,
    arbitrary: fc.tuple(textBodies, fc.nat(400)).map(([text, length]) => Buffer.from(text).subarray(0, length)),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
      .map(damagedProtobuf),
  },
  { weight: 1, arbitrary: fc.nat(3_000).map((depth) => Buffer.from('{"a":'.repeat(depth))) },
  { weight: 1, arbitrary: fc.nat(3_000).map((depth) => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`)) },
)

function damagedProtobuf([sample, damages]: [(typeof samples)[number], [number, number][]]): Buffer {
  const { apiVersion = '', kind = '' } = sample
  if (!hasProtobuf(apiVersion, kind)) return Buffer.from('k8s\0')
  const bytes = Buffer.from(encodeProtobuf(structuredClone(sample) as unknown as JsonObject))
  for (const [at, value] of damages) bytes[at % bytes.length] = value
  return bytes
}

const anyRequest: fc.Arbitrary<RandomRequest> = fc
  .record({
    method: methods,
    path: fc.oneof({ weight: 8, arbitrary: resourcePaths }, { weight: 1, arbitrary: otherPaths }),
    query: fc.option(parameters, { nil: '', freq: 2 }),
    accept: accepts,
    oddContentType: fc.option(oddContentTypes, { nil: undefined, freq: 4 }),
    patchType: patchTypes,
    body: bodies,
    agent: fc.constantFrom('test/1', 'curl/8', '', '\u00ff'),
  })
  .map(({ method, path, query, accept, oddContentType, patchType, body, agent }) => ({
    method,
    url: query === '' ? path : `${path}?${query}`,
    headers: {
      ...(accept === '' ? {} : { accept }),
      'content-type': oddContentType ?? (method === 'PATCH' ? patchType : 'application/json'),
      'user-agent': agent,
    },
    body: method === 'GET' || method === 'HEAD' ? new Uint8Array(0) : body,
  }))

/** A changed object of a kind, sent to where that kind lives: most of these get as far as validation. */
const fittingRequest: fc.Arbitrary<RandomRequest> = fc
  .record({
    object: mutatedPair,
    method: fc.constantFrom('POST', 'PUT', 'PATCH'),
    patchType: patchTypes,
    query: fc.option(parameters, { nil: '', freq: 2 }),
    status: fc.nat(9),
  })
  .map(({ object, method, patchType, query, status }) => {
    const collection = collectionOf(object.sample)
    const item = method === 'POST' ? collection : `${collection}/one${status === 0 ? '/status' : ''}`
    return {
      method,
      url: query === '' ? item : `${item}?${query}`,
      headers: { 'content-type': method === 'PATCH' ? patchType : 'application/json' },
      body: Buffer.from(toText(object.copy)),
    }
  })

export const randomRequest = fc.oneof(anyRequest, fittingRequest)

/** Requests that hit what they mean: a create of each kind, then anything at all on what is there. */
export const createRequests: readonly RandomRequest[] = samples.map((object) => ({
  method: 'POST',
  url: collectionOf(object),
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(toText({ ...object, metadata: { ...object.metadata, name: 'one' } })),
}))

function collectionOf(object: KubeObject): string {
  const gv = fromApiVersion(object.apiVersion ?? '')
  const definition = definitions.find(
    ({ group, kind, versions }) =>
      kind === object.kind && group === gv?.group && versions.some(({ version }) => version === gv.version),
  )
  if (!gv || !definition) return '/api/v1/namespaces/default/configmaps'
  return `${toApiPath(gv)}${definition.namespaced ? '/namespaces/default' : ''}/${definition.resource}`
}
