import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectBody } from '../../src/client/response-body.ts'
import type { ApiRequest } from '../../src/client/transport.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { builtinDefinitions } from '../../src/registry/builtin/builtin-definitions.ts'
import { podCreates } from '../../src/registry/builtin/core/pod/pod-creates.ts'
import { admin, startApiServer, type TestApiServer } from '../support/api-server.ts'
import { builtinSamples } from '../support/builtin-samples.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { servedPlace } from '../support/served-place.ts'

const binaries = kubeBinaries(judgePrograms)
if (!binaries.available) console.warn(`SKIPPED, the behaviour of built-in kinds is not compared: ${binaries.reason}`)

interface Answer {
  readonly status: number
  readonly warning: string | undefined
  readonly body: KubeObject
}

type Ask = (method: string, path: string, body?: unknown, type?: string) => Promise<Answer>

const listed = builtinDefinitions().filter(({ verbs }) => verbs.includes('list'))
const created = builtinSamples.filter(
  ({ object }, at) => builtinSamples.findIndex((other) => other.object.kind === object.kind) === at,
)

function collectionPath(group: string, version: string, resource: string, namespaced: boolean): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}${namespaced ? '/namespaces/default' : ''}/${resource}`
}

/** What an answer says, without what differs between any two servers. */
function essence({ status, body }: Answer): unknown {
  const { kind, reason, message, details, code } = body
  // A pod that goes at once still gets a deletionTimestamp in the real server's answer.
  const deleted = kind !== 'Pod' && body.metadata?.deletionTimestamp !== undefined
  if (kind !== 'Status') return { status, kind, deleted }
  const { uid: _uid, causes, ...rest } = (details ?? {}) as Record<string, unknown>
  if (causes === undefined) return { status, kind, reason, message, code, details: rest }
  const fields = (causes as { reason: string; field: string }[]).map((cause) => `${cause.field}: ${cause.reason}`)
  // Messages of single fields are compared by the test of validation.
  return { status, kind, reason, code, fields: [...new Set(fields)].sort() }
}

describe.skipIf(!binaries.available)('the behaviour of built-in kinds beside a real kube-apiserver', () => {
  let judge: ControlPlane
  let hub: TestApiServer
  const asks: { judge: Ask; hub: Ask } = { judge: unset, hub: unset }

  beforeAll(async () => {
    judge = await startJudge()
    const parts = { store: () => hub.store, definition: () => podDefinition }
    const definitions = builtinDefinitions(podCreates(parts))
    const podDefinition = definitions.find(({ group, resource }) => group === '' && resource === 'pods')!
    hub = await startApiServer({ listen: false, definitions })
    asks.judge = async (method, path, body, type) => {
      const response = await judge.request(path, { method, body, ...(type === undefined ? {} : { contentType: type }) })
      return toAnswer(response.status, response.headers['warning'], response.text)
    }
    asks.hub = (method, path, body, type = 'application/json') => askHub(hub, method, path, body, type)
    for (const name of ['default', 'kube-system']) await asks.hub('POST', '/api/v1/namespaces', { metadata: { name } })
  })
  afterAll(async () => {
    await judge?.close()
    await hub?.close()
  })

  async function both(method: string, path: string, body?: unknown, type?: string): Promise<[Answer, Answer]> {
    return [await asks.judge(method, path, body, type), await asks.hub(method, path, body, type)]
  }

  async function expectAlike(method: string, path: string, body?: unknown, type?: string): Promise<void> {
    const [theirs, ours] = await both(method, path, body, type)
    expect(essence(ours), `${method} ${path}`).toEqual(essence(theirs))
  }

  it.each(listed)('$group/$resource warns about the same deprecations', async (definition) => {
    const { group, resource, namespaced } = definition
    for (const { version, deprecationWarning } of definition.versions) {
      const [theirs, ours] = await both('GET', collectionPath(group, version, resource, namespaced))
      expect(ours.status).toBe(theirs.status)
      const warning = deprecationWarning === undefined ? undefined : `299 - "${deprecationWarning}"`
      expect(warning).toBe(theirs.warning)
    }
  })

  it.each(listed)(
    '$group/$resource knows the same field selectors',
    async ({ group, resource, namespaced, versions }) => {
      const { version } = versions[0]!
      for (const label of fieldLabels) {
        const path = collectionPath(group, version, resource, namespaced)
        // Upstream refuses it for two kinds; nothing in a cluster-scoped kind has a namespace.
        if (label === 'metadata.namespace' && !namespaced) continue
        const [theirs, ours] = await both('GET', `${path}?fieldSelector=${encodeURIComponent(`${label}=x`)}`)
        expect(ours.status, label).toBe(theirs.status)
      }
    },
  )

  it.each(created)('$title lives and dies alike', async ({ object, resource }) => {
    const { path } = servedPlace(object)
    const own = `${path}/${object.metadata.name}`
    await expectAlike('PUT', own, object)
    await asks.judge('DELETE', own)
    await asks.hub('DELETE', own)
    await expectAlike('POST', path, object)
    await expectAlike('POST', path, object)
    await expectAlike('PUT', own, object)
    // Finalizers that only the real server's admission adds would keep it.
    await asks.judge('PATCH', own, { metadata: { finalizers: null } }, 'application/merge-patch+json')
    await expectAlike('DELETE', own)
    if (resource === 'namespaces') {
      await expectAlike('PUT', `${own}/finalize`, { ...object, spec: { finalizers: [] } })
    }
    await expectAlike('GET', own)
    await expectAlike('DELETE', own)
  })

  it.each(['default', 'kube-system'])('the namespace %s cannot be deleted', async (name) => {
    await expectAlike('DELETE', `/api/v1/namespaces/${name}`)
  })

  it.each(['deployments', 'replicasets', 'statefulsets', 'replicationcontrollers'])(
    '%s scale alike',
    async (resource) => {
      const { object } = builtinSamples.find((sample) => sample.resource === resource)!
      const { path } = servedPlace(object)
      const own = `${path}/${object.metadata.name}`
      await both('POST', path, object)
      const patch = { spec: { replicas: 3 } }
      for (const [method, body, type] of [
        ['GET', undefined, undefined],
        ['PATCH', patch, 'application/merge-patch+json'],
        ['GET', undefined, undefined],
      ] as const) {
        const [theirs, ours] = await both(method, `${own}/scale`, body, type)
        const { metadata: _theirs, ...expected } = theirs.body
        const { metadata: _ours, ...actual } = ours.body
        expect(actual).toEqual(expected)
      }
      await both('DELETE', own)
    },
  )

  it('pods are bound once, and evicted', async () => {
    const pod = builtinSamples.find(({ title }) => title.endsWith('Pod: least'))!.object
    const path = '/api/v1/namespaces/default/pods'
    const name = 'bound'
    const binding = (target: unknown, named = name) => ({
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: named },
      target,
    })
    await expectAlike('POST', path, { ...pod, metadata: { name } })
    await expectAlike('POST', `${path}/${name}/binding`, binding({ kind: 'Node', name: 'n' }, 'other'))
    await expectAlike('POST', `${path}/${name}/binding`, binding({ kind: 'Node', name: 'n' }))
    await expectAlike('POST', `${path}/${name}/binding`, binding({ kind: 'Node', name: 'm' }))
    await expectAlike('POST', '/api/v1/namespaces/default/bindings', binding({ kind: 'Node', name: 'm' }))
    await expectAlike('POST', `${path}/absent/binding`, binding({ kind: 'Node', name: 'm' }, 'absent'))
    const [theirs, ours] = await both('GET', `${path}/${name}`)
    expect(ours.body['spec']).toMatchObject({ nodeName: (theirs.body['spec'] as { nodeName: string }).nodeName })
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }
    await expectAlike('POST', `${path}/absent/eviction`, { ...eviction, metadata: { name: 'absent' } })
    await expectAlike('POST', `${path}/${name}/eviction`, eviction)
    await expectAlike('GET', `${path}/${name}`)
    await expectAlike('DELETE', `${path}/${name}`, { gracePeriodSeconds: 0 })
    await expectAlike('GET', `${path}/${name}`)
  })

  it('one store holds the events of both groups', async () => {
    const event = builtinSamples.find(({ title }) => title.endsWith('Event: new'))!.object
    const core = '/api/v1/namespaces/default/events'
    const newer = '/apis/events.k8s.io/v1/namespaces/default/events'
    await expectAlike('POST', newer, event)
    for (const path of [core, newer]) {
      const [theirs, ours] = await both('GET', `${path}/${event.metadata.name}`)
      const { metadata: _theirMetadata, ...theirRest } = theirs.body
      const { metadata: _ourMetadata, ...ourRest } = ours.body
      expect(ourRest).toEqual(theirRest)
      await expectAlike('GET', `${path}?fieldSelector=reason%3DScheduled`)
    }
  })

  it('an autoscaler says the same in both versions', async () => {
    const samples = builtinSamples.filter(({ resource }) => resource === 'horizontalpodautoscalers')
    for (const { object } of samples) {
      const { path } = servedPlace(object)
      await asks.judge('DELETE', `${path}/${object.metadata.name}`)
      await asks.hub('DELETE', `${path}/${object.metadata.name}`)
      await expectAlike('POST', path, object)
      for (const version of ['v1', 'v2']) {
        const own = `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/${object.metadata.name}`
        const [theirs, ours] = await both('GET', own)
        expect(ours.body['spec'], own).toEqual(theirs.body['spec'])
        expect(annotationsOf(ours.body), own).toEqual(annotationsOf(theirs.body))
      }
    }
  })

  it('bootstrap objects are those of a fresh server', async () => {
    for (const definition of listed.filter(({ overlay }) => overlay)) {
      const { group, resource, overlay } = definition
      if (resource === 'componentstatuses') continue
      const version = definition.versions[0]!.version
      const all = collectionPath(group, version, resource, false) // of all namespaces
      const { body } = await asks.judge('GET', all)
      const theirs = new Map((body['items'] as KubeObject[]).map((item) => [overlayKey(item), item]))
      for (const object of overlay?.objects.values() ?? []) {
        const real = theirs.get(overlayKey(object))
        // Nobody fills in aggregated rules where no controller runs; APIServices of the judge say when it started.
        if (real === undefined || object['aggregationRule'] !== undefined || resource === 'apiservices') continue
        expect(settled(object), `${resource} ${object.metadata.name}`).toEqual(settled(real))
      }
    }
  })
})

const fieldLabels = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName',
  'spec.unschedulable',
  'status.replicas',
  'status.successful',
  'involvedObject.kind',
  'involvedObject.uid',
  'regarding.kind',
  'reason',
  'reportingComponent',
  'reportingController',
  'source',
  'type',
  'name',
  'spec.clusterIP',
  'spec.type',
  'spec.signerName',
  'spec.driver',
  'spec.nope',
]

function unset(): Promise<Answer> {
  return Promise.reject(new Error('not started'))
}

function toAnswer(status: number, warning: unknown, text: string): Answer {
  const body = text.startsWith('{') ? (JSON.parse(text) as KubeObject) : { metadata: {}, text }
  return { status, warning: typeof warning === 'string' ? warning : undefined, body }
}

async function askHub(hub: TestApiServer, method: string, path: string, body: unknown, type: string): Promise<Answer> {
  const request: ApiRequest = {
    method,
    url: `/clusters/root${path}`,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
    body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
    signal: AbortSignal.timeout(30_000),
    identity: admin,
  }
  const response = await hub.server.transport(request)
  const text = Buffer.from(await collectBody(response.body)).toString('utf8')
  return toAnswer(response.status, response.headers['warning'], text)
}

function annotationsOf(object: KubeObject): unknown {
  const entries = Object.entries(object.metadata.annotations ?? {})
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      value.startsWith('[') || value.startsWith('{') ? (JSON.parse(value) as unknown) : value,
    ]),
  )
}

function overlayKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/** A bootstrap object without what each server makes anew. */
function settled(object: KubeObject): unknown {
  const { uid: _u, resourceVersion: _r, creationTimestamp: _c, managedFields: _m, ...metadata } = object.metadata
  const { apiVersion: _a, kind: _k, status, ...rest } = object
  const conditions = ((status as { conditions?: Record<string, unknown>[] })?.conditions ?? []).map(
    ({ lastTransitionTime: _t, ...condition }) => condition,
  )
  return { ...rest, metadata, conditions }
}
