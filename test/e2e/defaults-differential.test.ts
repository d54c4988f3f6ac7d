import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/meta/object.ts'
import { builtinSamples } from '../support/builtin-samples.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { createdObject, creationErrors } from '../support/created-object.ts'
import { apiFixtures, hasFixtures, manifestFixtures, noFixturesReason } from '../support/fixtures.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { type Refusal, repairObject } from '../support/repair-object.ts'
import { findServedPlace, servedPlace, type ServedPlace } from '../support/served-place.ts'

const binaries = kubeBinaries(judgePrograms)
if (!binaries.available) console.warn(`SKIPPED, the defaults of built-in kinds are not compared: ${binaries.reason}`)

if (!hasFixtures) console.warn(`SKIPPED, fixtures are not compared: ${noFixturesReason}`)

/** Nothing that is worth comparing is left of these when what the server refuses is taken out. */
const refusedFixtures: readonly string[] = []

/** What differs by nature: identities, times, and numbers that somebody allocates. */
function comparable(object: KubeObject, sent: KubeObject): unknown {
  const copy = structuredClone(object)
  const { uid, creationTimestamp: _, resourceVersion: _rv, managedFields: _mf, ...metadata } = copy.metadata
  const text = JSON.stringify({ ...copy, metadata })
  const result = JSON.parse(uid === undefined ? text : text.replaceAll(uid, '<uid>')) as KubeObject
  const spec = result['spec'] as Record<string, unknown> | undefined
  const sentSpec = sent['spec'] as Record<string, unknown> | undefined
  if (result.kind === 'Service' && spec && sentSpec?.['clusterIP'] === undefined && spec['clusterIP'] !== undefined) {
    expect(spec['clusterIPs']).toEqual([spec['clusterIP']])
    expect(spec['clusterIP']).toMatch(/^10\.0\.\d+\.\d+$/)
    spec['clusterIP'] = '<address>'
    spec['clusterIPs'] = ['<address>']
  }
  if (result.kind === 'Service' && spec) {
    if (spec['healthCheckNodePort'] !== undefined) spec['healthCheckNodePort'] = '<port>'
    for (const port of (spec['ports'] ?? []) as Record<string, unknown>[]) {
      if (port['nodePort'] !== undefined) port['nodePort'] = '<port>'
    }
  }
  return withoutMoments(result)
}

/** Added by admission plugins whose controllers a metadata-only hub does not have. */
const admissionFinalizers = [
  'kubernetes.io/pv-protection',
  'kubernetes.io/pvc-protection',
  'kubernetes.io/vac-protection',
]

function withoutAdmission(object: KubeObject): KubeObject {
  const copy = structuredClone(object)
  const finalizers = copy.metadata.finalizers?.filter((finalizer) => !admissionFinalizers.includes(finalizer)) ?? []
  if (finalizers.length > 0) copy.metadata.finalizers = finalizers
  else delete copy.metadata.finalizers
  if (copy.kind === 'Node') delete (copy['spec'] as Record<string, unknown>)['taints']
  return copy
}

/**
 * Go leaves out zero values of fields that are not pointers, and writes null for times that are missing. We keep the
 * zero values that a client sends; both mean the same to every client.
 */
function withoutSentZeros(ours: unknown, theirs: unknown): unknown {
  if (Array.isArray(ours))
    return ours.map((item, at) => withoutSentZeros(item, Array.isArray(theirs) ? theirs[at] : undefined))
  if (typeof ours !== 'object' || ours === null) return ours
  const other = (theirs ?? {}) as Record<string, unknown>
  const entries = Object.entries(ours).filter(([key, value]) => other[key] !== undefined || !isZero(value))
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutSentZeros(value, other[key])]))
}

function isZero(value: unknown): boolean {
  if (value === false || value === '' || value === 0) return true
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function withoutNullTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullTimes)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key, field]) => field !== null || !/Time(stamp)?$/.test(key))
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutNullTimes(field)]))
}

/** Times that the server sets at the moment of the request. */
function withoutMoments(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(thisMinute()) ? '<now>' : value
  if (Array.isArray(value)) return value.map(withoutMoments)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withoutMoments(field)]))
}

function thisMinute(): string {
  return new Date().toISOString().slice(0, 13)
}

/** What the server took: we make the same of it, and have nothing against it. */
function expectSame(place: ServedPlace, theirs: KubeObject, sent: KubeObject): void {
  const ours = createdObject(place, sent)
  expect(creationErrors(place, sent)).toEqual([])
  const expected = withoutNullTimes(comparable(withoutAdmission(theirs), sent))
  const actual = withoutNullTimes(comparable(ours, sent))
  expect(withoutSentZeros(actual, expected)).toEqual(expected)
}

const uncorrectable: Readonly<Record<string, readonly string[]>> = {
  Pod: ['priorityClassName', 'priority', 'preemptionPolicy', 'runtimeClassName'],
  Service: ['loadBalancerSourceRanges'],
  Node: ['podCIDR', 'podCIDRs'],
}

/** What no single refusal leads to: fields that must fit each other, and what admission looks up. */
function prepareFixture(object: KubeObject, template: KubeObject | undefined): void {
  const spec = object['spec'] as Record<string, unknown> | undefined
  const example = template?.['spec'] as Record<string, unknown> | undefined
  if (object.kind === 'Pod') delete object['status']
  // Deprecated, and nobody checks it there.
  if (object.kind === 'Node') delete (object['status'] as Record<string, unknown>)['phase']
  if (spec === undefined) return
  for (const field of uncorrectable[object.kind ?? ''] ?? []) delete spec[field]
  const podTemplate = spec['template'] as KubeObject | undefined
  const exampleTemplate = example?.['template'] as KubeObject | undefined
  if (podTemplate === undefined || exampleTemplate === undefined) return
  podTemplate.metadata = structuredClone(exampleTemplate.metadata)
  for (const field of ['selector', 'manualSelector']) {
    delete spec[field]
    if (example?.[field] !== undefined) spec[field] = structuredClone(example[field])
  }
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly type: string; readonly priority: number }[]
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject }[]
}

/** A few seconds may lie between both answers. */
function withoutSeconds(cell: unknown): unknown {
  return typeof cell === 'string' && /^\d{1,2}s$/.test(cell) ? '<seconds>' : cell
}

describe.skipIf(!binaries.available)('built-in kinds against a real kube-apiserver', () => {
  let judge: ControlPlane
  beforeAll(async () => {
    judge = await startJudge()
  })
  afterAll(async () => {
    await judge?.close()
  })

  async function post(path: string, body: unknown, method = 'POST'): Promise<KubeObject> {
    const response = await judge.request(path, { method, body })
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.text}`)
    return response.json() as KubeObject
  }

  it.each(builtinSamples)('$title has the same defaults', async (sample) => {
    const place = servedPlace(sample.object)
    const theirs = await post(`${place.path}?dryRun=All`, sample.object)
    expectSame(place, theirs, sample.object)
  })

  const documents = manifestFixtures()
  it.skipIf(documents.length === 0)('objects of real manifests have the same defaults', async () => {
    for (const { object } of documents) {
      const place = findServedPlace(object)
      if (!place) throw new Error(`${object.kind} is not served`)
      const theirs = await post(`${place.path}?dryRun=All`, object)
      expectSame(place, theirs, object)
    }
  })

  /** As much of a fixture as the server takes. */
  async function accepted(place: ServedPlace, fixture: KubeObject): Promise<[KubeObject, KubeObject] | string> {
    const object = structuredClone(fixture)
    const { labels, annotations, name } = object.metadata
    object.metadata = {
      name: name?.toLowerCase() ?? 'x',
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    }
    const template = builtinSamples.find(
      (sample) => sample.object.kind === object.kind && sample.object.apiVersion === object.apiVersion,
    )?.object
    prepareFixture(object, template)
    let text = ''
    for (let attempt = 0; attempt < 60; attempt++) {
      const response = await judge.request(`${place.path}?dryRun=All`, { method: 'POST', body: object })
      if (response.status < 300) return [object, response.json() as KubeObject]
      text = response.text
      if (response.status !== 422 || !repairObject(object, response.json() as Refusal, template)) break
    }
    return text
  }

  const fixtures = apiFixtures().filter(({ object }) => findServedPlace(object)?.definition.verbs.includes('create'))
  it.skipIf(fixtures.length === 0).each(fixtures)('fixture $title has the same defaults', async ({ title, object }) => {
    const place = findServedPlace(object)
    if (!place) return
    const result = await accepted(place, object)
    if (typeof result === 'string') {
      expect(refusedFixtures, result).toContain(title)
      return
    }
    const [sent, theirs] = result
    expectSame(place, theirs, sent)
  })

  it.each(builtinSamples)('$title has the same cells', async (sample) => {
    const place = servedPlace(sample.object)
    const created = await post(place.path, sample.object)
    const path = `${place.path}/${created.metadata.name}`
    if (sample.status) {
      const current = (await judge.request(path)).json() as KubeObject
      await post(`${path}/status`, { ...current, status: sample.status }, 'PUT')
    }
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const response = await judge.request(`${path}?includeObject=Object`, { headers: { accept } })
    const { columnDefinitions, rows } = response.json() as Table
    await judge.request(path, { method: 'DELETE', body: { gracePeriodSeconds: 0 } })
    const row = rows[0]
    if (row === undefined) throw new Error(`no row: ${response.text}`)
    const columns = place.version.columns
    expect(columns.map(({ name, type, priority }) => ({ name, type, priority }))).toEqual(
      columnDefinitions.map(({ name, type, priority }) => ({ name, type, priority })),
    )
    const cells = columns.map(({ cell }) => cell(row.object, { nowMs: Date.now() }))
    // Upstream writes one cell too many for an IPAddress.
    const theirs = row.cells.slice(0, columns.length)
    expect(cells.map(withoutSeconds)).toEqual(theirs.map(withoutSeconds))
  })
})
