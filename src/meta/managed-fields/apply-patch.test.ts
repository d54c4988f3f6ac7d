import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiStatusError } from '../api-errors.ts'
import type { JsonObject, KubeObject } from '../object.ts'
import { applyPatch, type ApplyPatchInput } from './apply-patch.ts'
import { configMapSchema, workloadSchema } from './testing/workload-schema.ts'
import { trackUpdate } from './track-update.ts'

const base = { schema: configMapSchema, apiVersion: 'v1', kind: 'ConfigMap', manager: 'one', nowSeconds: 0 }

function configMap(data: Record<string, string>, metadata: object = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ...metadata }, data }
}

/** What is stored after an apply. */
function applied(configuration: JsonObject, input: Partial<ApplyPatchInput> & { live?: KubeObject } = {}): KubeObject {
  const { object, managedFields } = applyPatch({ ...base, applied: configuration, ...input })
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } }
}

function updated(live: KubeObject, data: Record<string, string>, manager = 'editor'): KubeObject {
  const next = { ...live, data }
  const managedFields = trackUpdate({ ...base, live, updated: next, manager })
  return { ...next, metadata: { ...next.metadata, ...(managedFields ? { managedFields } : {}) } }
}

const dataOf = (object: KubeObject) => object['data'] as Record<string, string>
const owned = (object: KubeObject) =>
  Object.fromEntries((object.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]))
const fields = (...keys: string[]) => ({
  'f:data': Object.fromEntries(keys.map((key) => [key === '.' ? key : `f:${key}`, {}])),
})

function statusOf(action: () => unknown): ApiStatusError['status'] {
  try {
    action()
  } catch (error) {
    if (error instanceof ApiStatusError) return error.status
    throw error
  }
  throw new Error('it did not fail')
}

describe('an apply', () => {
  it('creates an object that its manager owns', () => {
    const object = applied(configMap({ a: '1' }, { labels: { l: 'x' } }), { nowSeconds: 60 })
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '1970-01-01T00:01:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
      },
    ])
  })

  it('done again changes nothing, and says so', () => {
    const live = applied(configMap({ a: '1' }))
    const result = applyPatch({ ...base, live, applied: configMap({ a: '1' }), nowSeconds: 60 })
    expect(result).toEqual({ object: live, managedFields: live.metadata.managedFields, unchanged: true })
    expect(result.object).toBe(live)
    expect(result.managedFields).toBe(live.metadata.managedFields)
  })

  it('of the same value by another manager shares the field', () => {
    const live = applied(configMap({ a: '1', b: '2' }))
    const shared = applied(configMap({ a: '1' }), { live, manager: 'two' })
    expect(owned(shared)).toEqual({ one: fields('a', 'b'), two: fields('a') })
    expect(shared.metadata.managedFields?.find(({ manager }) => manager === 'two')?.time).toBeUndefined()
  })

  it('removes what its manager applied before and omits now', () => {
    const live = applied(configMap({ a: '1', b: '2' }))
    const next = applied(configMap({ a: '1' }), { live })
    expect(dataOf(next)).toEqual({ a: '1' })
    expect(owned(next)).toEqual({ one: fields('a') })
  })

  it('leaves what another manager owns, too, or has changed since', () => {
    const live = applied(configMap({ a: '1', b: '2' }))
    const shared = applied(configMap({ b: '2' }), { live, manager: 'two' })
    expect(dataOf(applied(configMap({ a: '1' }), { live: shared }))).toEqual({ a: '1', b: '2' })
    const edited = updated(live, { a: '1', b: 'edited' })
    expect(dataOf(applied(configMap({ a: '1' }), { live: edited }))).toEqual({ a: '1', b: 'edited' })
  })

  it('removes an item of a list with what is in it, unless somebody owns a part', () => {
    const how = { schema: workloadSchema, kind: 'W' }
    const workload = (...containers: JsonObject[]): JsonObject => ({
      apiVersion: 'v1',
      kind: 'W',
      metadata: { name: 'x' },
      spec: { containers },
    })
    const live = applied(workload({ name: 'a', image: '1' }, { name: 'b', image: '2' }), how)
    const without = applied(workload({ name: 'a', image: '1' }), { ...how, live })
    expect(without['spec']).toEqual({ containers: [{ name: 'a', image: '1' }] })
    const extended = applied(workload({ name: 'b', args: ['x'] }), { ...how, live, manager: 'two' })
    expect(applied(workload({ name: 'a', image: '1' }), { ...how, live: extended })['spec']).toEqual({
      containers: [
        { name: 'b', args: ['x'] },
        { name: 'a', image: '1' },
      ].toReversed(),
    })
  })

  it('shares no container with the live object, and changes nothing that it was given', () => {
    const live = applied(configMap({ a: '1' }, { labels: { l: 'x' } }))
    const configuration = configMap({ b: '2' }, { labels: { m: 'y' } })
    const before = JSON.stringify([live, configuration])
    const { object } = applyPatch({ ...base, live, applied: configuration, manager: 'two' })
    object.metadata.labels = { ...object.metadata.labels, changed: 'yes' }
    dataOf(object)['changed'] = 'yes'
    expect(JSON.stringify([live, configuration])).toBe(before)
  })

  it('owns no name, uid or the like', () => {
    const object = applied(configMap({ a: '1' }, { namespace: 'n', uid: 'u', resourceVersion: '5', finalizers: ['f'] }))
    expect(owned(object)).toEqual({ one: { ...fields('a'), 'f:metadata': { 'f:finalizers': { 'v:"f"': {} } } } })
  })

  it('of nothing but a name makes an object that nobody owns', () => {
    const result = applyPatch({ ...base, applied: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } } })
    expect(result.managedFields).toBeUndefined()
  })

  it('to an object of unknown history attributes that to before-first-apply', () => {
    const live = { ...configMap({ a: '1', b: '2' }), metadata: { name: 'x', uid: 'u' } } as KubeObject
    const object = applied(configMap({ a: '1' }), { live })
    expect(owned(object)).toEqual({ one: fields('a'), 'before-first-apply': fields('.', 'a', 'b') })
    expect(statusOf(() => applied(configMap({ a: '9' }), { live })).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    )
  })

  it('keeps the entries of other versions', () => {
    const live = applied(configMap({ a: '1' }))
    live.metadata.managedFields?.push({
      manager: 'm',
      operation: 'Update',
      apiVersion: 'v0',
      fieldsType: 'FieldsV1',
      fieldsV1: fields('z'),
    })
    expect(owned(applied(configMap({ a: '2' }), { live }))).toEqual({ one: fields('a'), m: fields('z') })
  })

  it('in another version is by the same manager', () => {
    const live = applied(configMap({ a: '1', b: '1' }), { apiVersion: 'v1' })
    const next = applied({ ...configMap({ a: '1' }), apiVersion: 'v2' }, { live, apiVersion: 'v2' })
    expect(next.metadata.managedFields?.map(({ manager, apiVersion }) => [manager, apiVersion])).toEqual([
      ['one', 'v2'],
    ])
    expect(dataOf(next)).toEqual({ a: '1' })
  })
})

describe('a conflict', () => {
  const live = updated(applied(configMap({ a: '1', b: '1', c: '1' })), { a: '1', b: '2', c: '2' })

  it('names the manager, its version and the field', () => {
    expect(statusOf(() => applied(configMap({ a: '1', b: '3' }), { live, manager: 'two' }))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.b',
      reason: 'Conflict',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "editor" using v1', field: '.data.b' }],
      },
      code: 409,
    })
  })

  it('lists all fields of all managers', () => {
    const { message, details } = statusOf(() =>
      applied(configMap({ a: '9', b: '9', c: '9' }), { live, manager: 'two' }),
    )
    expect(message).toBe(
      'Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.b\n- .data.c\nconflicts with "one":\n- .data.a',
    )
    expect(details?.causes).toHaveLength(3)
  })

  it('names the subresource', () => {
    const onStatus = {
      ...base,
      live,
      updated: { ...live, data: { ...dataOf(live), s: '1' } },
      subresource: 'status',
      manager: 'ctl',
    }
    const managedFields = trackUpdate(onStatus) ?? []
    const next = { ...onStatus.updated, metadata: { ...live.metadata, managedFields } }
    expect(statusOf(() => applied(configMap({ s: '2' }), { live: next, manager: 'two' })).message).toBe(
      'Apply failed with 1 conflict: conflict with "ctl" with subresource "status" using v1: .data.s',
    )
  })

  it('does not happen with force, which takes the fields', () => {
    const object = applied(configMap({ a: '9', b: '9' }), { live, manager: 'two', force: true })
    expect(dataOf(object)).toEqual({ a: '9', b: '9', c: '2' })
    expect(owned(object)).toEqual({ two: fields('a', 'b'), editor: fields('c') })
  })
})

describe('an apply is refused', () => {
  it.each<[string, JsonObject, number, string]>([
    ['of another version', { ...configMap({}), apiVersion: 'v2' }, 400, 'invalid object type: /v2, Kind=ConfigMap'],
    ['of another kind', { ...configMap({}), kind: 'Secret' }, 400, 'invalid object type: /v1, Kind=Secret'],
    ['of no kind', { metadata: {} }, 400, 'invalid object type: /, Kind='],
    ['with managedFields', configMap({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    [
      'with an unknown field',
      { ...configMap({}), nope: 1 },
      500,
      'failed to create typed patch object (/x; /v1, Kind=ConfigMap): .nope: field not declared in schema',
    ],
  ])('%s', (_, configuration, code, message) => {
    expect(statusOf(() => applied(configuration))).toMatchObject({ code, message })
  })

  it('in the words of its group', () => {
    const how = { schema: workloadSchema, apiVersion: 'apps/v1', kind: 'Deployment' }
    const configuration = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'n' },
      spec: { replicas: 'x' },
    }
    expect(statusOf(() => applied(configuration, how)).message).toBe(
      'failed to create typed patch object (n/d; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string',
    )
  })

  it('when it is nested too deeply', () => {
    const deep = JSON.parse('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)) as JsonObject
    const how = { schema: { type: 'object', preserveUnknownFields: true } as const }
    expect(statusOf(() => applied({ ...configMap({}), data: deep }, how)).code).toBe(400)
  })
})

describe('kubectl after client-side apply', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
  const lastApplied = JSON.stringify(configMap({ a: '1', b: '2' }))
  const created = {
    ...configMap({ a: '1', b: '2' }, { annotations: { [annotation]: lastApplied } }),
  } as unknown as KubeObject
  const managedFields = trackUpdate({ ...base, updated: created, manager: 'kubectl-client-side-apply' }) ?? []
  const live: KubeObject = { ...created, metadata: { ...created.metadata, uid: 'u', managedFields } }

  it('takes what the annotation lists without a conflict, and keeps the annotation in step', () => {
    const object = applied(configMap({ a: '5' }), { live, manager: 'kubectl' })
    expect(dataOf(object)).toEqual({ a: '5', b: '2' })
    expect(object.metadata.annotations?.[annotation]).toBe(
      '{"apiVersion":"v1","data":{"a":"5"},"kind":"ConfigMap","metadata":{"name":"x"}}\n',
    )
  })

  it('does not take what has changed since', () => {
    const edited = updated(live, { a: 'edited', b: '2' })
    expect(statusOf(() => applied(configMap({ a: '5', b: '5' }), { live: edited, manager: 'kubectl' })).message).toBe(
      'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a',
    )
  })

  it('is nothing that other managers can do', () => {
    expect(statusOf(() => applied(configMap({ a: '5' }), { live, manager: 'helm' })).code).toBe(409)
    const object = applied(configMap({ c: '5' }), { live, manager: 'helm' })
    expect(object.metadata.annotations?.[annotation]).toBe(lastApplied)
  })

  it.each([
    '',
    'not json',
    '[]',
    '{"apiVersion":"v2","kind":"ConfigMap"}',
    '{"apiVersion":"v1"}',
    '{"apiVersion":"v1","kind":"ConfigMap","nope":1}',
  ])('conflicts when the annotation is %j', (text) => {
    const odd = { ...live, metadata: { ...live.metadata, annotations: { [annotation]: text } } }
    expect(statusOf(() => applied(configMap({ a: '5' }), { live: odd, manager: 'kubectl' })).code).toBe(409)
  })

  it('drops an annotation that would grow too large', () => {
    const object = applied(configMap({ big: 'x'.repeat(300_000) }), { live, manager: 'kubectl' })
    expect(object.metadata.annotations).toEqual({})
  })
})

describe('whatever several managers apply', () => {
  const word = fc.constantFrom('a', 'b', 'c')
  const container = fc.record({ name: word, image: fc.constantFrom('1', '2') }, { requiredKeys: ['name'] })
  const spec = fc.record(
    {
      replicas: fc.constantFrom(1, 2),
      // An empty list has no fields, so it is nobody's, and goes.
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
      nodeSelector: fc.dictionary(word, fc.constant('x')),
    },
    { requiredKeys: [] },
  )
  const step = fc.record({ manager: fc.constantFrom('one', 'two'), spec })
  const how = { schema: workloadSchema, kind: 'W', force: true }
  const workload = (content: unknown) =>
    ({ apiVersion: 'v1', kind: 'W', metadata: { name: 'x' }, spec: content }) as JsonObject

  const run = (steps: readonly { manager: string; spec: unknown }[]): KubeObject | undefined => {
    let live: KubeObject | undefined
    for (const { manager, spec: content } of steps)
      live = applied(workload(content), { ...how, manager, ...(live ? { live } : {}) })
    return live
  }

  it('the last one has its way, and doing it again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const live = run(steps)
        const last = steps.at(-1)
        if (!live || !last) return
        const configuration = workload(last.spec)
        expect(live['spec']).toMatchObject(asItStands(live, last.spec))
        const again = applyPatch({ ...base, ...how, live, applied: configuration, manager: last.manager })
        expect(again.unchanged || live.metadata.managedFields === undefined).toBe(true)
      }),
    )
  })

  it('nothing remains when all have withdrawn', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const live = run([...steps, { manager: 'one', spec: {} }, { manager: 'two', spec: {} }])
        const rest = Object.values((live?.['spec'] ?? {}) as Record<string, unknown>)
        expect(
          rest.every((value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0),
        ).toBe(true)
      }),
    )
  })

  /** The applied spec with the items in the order that they have. */
  function asItStands(live: KubeObject, content: object): object {
    const wanted = content as { containers?: { name: string }[]; nodeSelector?: object }
    if (!wanted.containers) return content
    const { containers = [] } = live['spec'] as { containers?: { name: string }[] }
    return {
      ...content,
      containers: containers.map(({ name }) => wanted.containers?.find((item) => item.name === name) ?? {}),
    }
  }
})
