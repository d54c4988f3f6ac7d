import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../object.ts'
import type { SchemaNode } from '../schema.ts'
import { emptyObjectOf } from './empty-object.ts'
import { setOfPaths } from './field-set.ts'
import { configMapSchema, workloadSchema } from './testing/workload-schema.ts'
import { trackUpdate, type TrackUpdateInput } from './track-update.ts'

const status = setOfPaths(['status'])

function configMap(data: Record<string, string>, metadata: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ...metadata }, data }
}

const base = { schema: configMapSchema, apiVersion: 'v1', manager: 'ann', nowSeconds: 0 }

/** An object as it is stored after a write. */
function written(object: KubeObject, input: Partial<TrackUpdateInput> & { live?: KubeObject } = {}): KubeObject {
  const managedFields = trackUpdate({ ...base, ...input, updated: object })
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } }
}

const owned = (object: KubeObject) => {
  const fields = (object.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1])
  return Object.fromEntries(fields) as Record<string, JsonObject>
}

const data = (...keys: string[]) => ({
  'f:data': Object.fromEntries(keys.map((key) => [key === '.' ? key : `f:${key}`, {}])),
})
const stored = configMap({})

describe('the fields of a new object', () => {
  it('belong to whoever creates it, in one entry', () => {
    const object = configMap({ b: '2', a: '1' }, { namespace: 'n', labels: { l: 'x' }, annotations: { z: '1' } })
    expect(trackUpdate({ ...base, updated: object, nowSeconds: 1_600_000_000 })).toEqual([
      {
        manager: 'ann',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2020-09-13T12:26:40Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { '.': {}, 'f:a': {}, 'f:b': {} },
          'f:metadata': { 'f:annotations': { '.': {}, 'f:z': {} }, 'f:labels': { '.': {}, 'f:l': {} } },
        },
      },
    ])
  })

  it('are written in order', () => {
    const [entry] = trackUpdate({ ...base, updated: configMap({ b: '2', a10: '1', a9: '1' }, { labels: {} }) }) ?? []
    expect(JSON.stringify(entry?.fieldsV1)).toBe(
      '{"f:data":{".":{},"f:a10":{},"f:a9":{},"f:b":{}},"f:metadata":{"f:labels":{}}}',
    )
  })

  it('do not have a `.` where a built-in kind always has a structure', () => {
    const object = {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'a', resources: {} }], strategy: {}, replicas: 1 },
      status: {},
    } as KubeObject
    const [entry] =
      trackUpdate({ ...base, schema: workloadSchema, updated: object, emptyObject: emptyObjectOf(workloadSchema) }) ??
      []
    expect(entry?.fieldsV1).toEqual({
      'f:spec': {
        'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:resources': {} } },
        'f:replicas': {},
      },
    })
    const [custom] = trackUpdate({ ...base, schema: workloadSchema, updated: object }) ?? []
    expect(custom?.fieldsV1).toMatchObject({ 'f:spec': { '.': {}, 'f:strategy': {} }, 'f:status': {} })
  })

  it('are none when there is nothing to own', () => {
    expect(
      trackUpdate({ ...base, updated: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } } }),
    ).toBeUndefined()
  })

  it('belong to "unknown" when nobody says who it is', () => {
    expect(trackUpdate({ ...base, manager: '', updated: configMap({ a: '1' }) })?.[0]?.manager).toBe('unknown')
  })
})

describe('an update', () => {
  const live = written(configMap({ a: '1', b: '2' }))

  it('takes what it changes or adds from whoever had it', () => {
    const next = written(configMap({ a: '1', b: '3', c: '4' }), { live, manager: 'bob' })
    expect(owned(next)).toEqual({ ann: data('.', 'a'), bob: data('b', 'c') })
  })

  it('takes from everybody what it removes, and drops who has nothing left', () => {
    const next = written(configMap({ a: '1', b: '3' }), { live, manager: 'bob' })
    expect(owned(written(configMap({ a: '1' }), { live: next, manager: 'cid' }))).toEqual({ ann: data('.', 'a') })
  })

  it('by the same manager renews the time of its entry', () => {
    const next = written(configMap({ a: '9', b: '2' }), { live, nowSeconds: 60 })
    expect(owned(next)).toEqual({ ann: data('.', 'a', 'b') })
    expect(next.metadata.managedFields?.[0]?.time).toBe('1970-01-01T00:01:00Z')
  })

  it('that changes nothing leaves the very managedFields', () => {
    const same = structuredClone(live)
    expect(trackUpdate({ ...base, live, updated: same, manager: 'bob', nowSeconds: 60 })).toBe(
      live.metadata.managedFields,
    )
    const withoutThem = configMap({ a: '1', b: '2' }, { uid: 'u' })
    expect(trackUpdate({ ...base, live, updated: withoutThem, nowSeconds: 60 })).toBe(live.metadata.managedFields)
  })

  it('of metadata that nobody owns changes no managers', () => {
    const next = configMap({ a: '1', b: '2' }, { uid: 'u', resourceVersion: '9', generation: 3, selfLink: 's' })
    expect(trackUpdate({ ...base, live, updated: next, manager: 'bob' })).toBe(live.metadata.managedFields)
  })

  it('of an object that was stored without managers tracks nothing', () => {
    const untracked = configMap({ a: '1' }, { uid: 'u' })
    expect(trackUpdate({ ...base, live: untracked, updated: configMap({ a: '2' }, { uid: 'u' }) })).toBeUndefined()
  })

  it('keeps entries of other versions, operations and subresources apart', () => {
    const next = written(configMap({ a: '1', b: '3' }), { live, apiVersion: 'v2' })
    const more = written(configMap({ a: '1', b: '3', c: '4' }), { live: next, subresource: 'part' })
    const entries = more.metadata.managedFields ?? []
    expect(entries.map(({ apiVersion, subresource, fieldsV1 }) => [apiVersion, subresource, fieldsV1])).toEqual([
      ['v1', undefined, data('.', 'a')],
      ['v1', 'part', data('c')],
      ['v2', undefined, data('b')],
    ])
  })

  it('changes neither object', () => {
    const updated = configMap({ a: '5' }, { uid: 'u', managedFields: live.metadata.managedFields })
    const before = JSON.stringify([live, updated])
    trackUpdate({ ...base, live, updated, manager: 'bob' })
    expect(JSON.stringify([live, updated])).toBe(before)
  })

  it('of versions that are not served any more drops their entries', () => {
    const old = written(configMap({ a: '1', b: '2' }), { apiVersion: 'v1beta1', manager: 'old' })
    const convert = (object: JsonObject, apiVersion: string) =>
      apiVersion === 'v1' ? { object, schema: configMapSchema } : undefined
    expect(owned(written(configMap({ a: '1', b: '3' }), { live: old, convert }))).toEqual({ ann: data('b') })
  })

  it('is seen by entries of other versions in their version', () => {
    const renamed: SchemaNode = { type: 'object', preserveUnknownFields: true }
    const convert = (object: JsonObject) => {
      const { data: moved, ...rest } = object
      return { object: { ...rest, content: moved ?? null }, schema: renamed }
    }
    const old: KubeObject = configMap({ a: '1', b: '2' }, { uid: 'u' })
    old.metadata.managedFields = [
      {
        manager: 'old',
        operation: 'Update',
        apiVersion: 'v0',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:content': { '.': {}, 'f:a': {}, 'f:b': {} } },
      },
    ]
    expect(owned(written(configMap({ a: '1', b: '3' }), { live: old, convert }))).toEqual({
      old: { 'f:content': { '.': {}, 'f:a': {} } },
      ann: data('b'),
    })
  })

  it('owns nothing that the endpoint resets', () => {
    const object = { metadata: { name: 'x', uid: 'u' }, spec: { replicas: 1 }, status: { replicas: 1 } } as KubeObject
    const main = written(object, { schema: workloadSchema, reset: status })
    expect(owned(main)).toEqual({ ann: { 'f:spec': { '.': {}, 'f:replicas': {} } } })
    const next = { ...main, spec: { replicas: 5 }, status: { replicas: 2 } }
    const onStatus = {
      live: main,
      schema: workloadSchema,
      subresource: 'status',
      reset: setOfPaths(['spec'], ['metadata']),
      manager: 'bob',
    }
    expect(owned(written(next, onStatus))).toEqual({
      ann: { 'f:spec': { '.': {}, 'f:replicas': {} } },
      bob: { 'f:status': { 'f:replicas': {} } },
    })
  })

  it('makes a manager of a part that has become atomic since the owner of the whole', () => {
    const live: KubeObject = { metadata: { name: 'x', uid: 'u' }, spec: { nodeSelector: { a: '1' }, replicas: 1 } }
    live.metadata.managedFields = [
      {
        manager: 'old',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:nodeSelector': { 'f:a': {} } } },
      },
    ]
    const next = { ...live, spec: { nodeSelector: { a: '1' }, replicas: 2 } }
    expect(owned(written(next, { live, schema: workloadSchema }))['old']).toEqual({
      'f:spec': { 'f:nodeSelector': {} },
    })
  })
})

describe('managedFields in a request', () => {
  const live = written(configMap({ a: '1', b: '2' }))
  const entry = (more: object): ManagedFieldsEntry[] => [
    {
      manager: 'm',
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} } },
      ...more,
    },
  ]
  const send = (managedFields: unknown, more: object = {}) =>
    trackUpdate({
      ...base,
      live,
      updated: configMap({ a: '1', b: '2' }, { uid: 'u', managedFields }),
      manager: 'bob',
      ...more,
    })

  it('replace those that are stored', () => {
    expect(send(entry({}))).toEqual(entry({}))
    expect(send(entry({ time: '2020-01-01T02:00:00.5+02:00' }))).toEqual(entry({ time: '2020-01-01T00:00:00Z' }))
  })

  it.each([[[]], [[{}]], [[{ manager: '', time: null }]]])('are forgotten by %j', (reset) => {
    expect(send(reset)).toBeUndefined()
  })

  it.each([
    ['null', null],
    ['text', 'x'],
    ['no object', ['x']],
    ['an unknown operation', entry({ operation: 'Delete' })],
    ['no version', entry({ apiVersion: '' })],
    ['no type', entry({ fieldsType: undefined })],
    ['an unknown type', entry({ fieldsType: 'FieldsV2' })],
    ['bad fields', entry({ fieldsV1: { nope: {} } })],
    ['fields of text', entry({ fieldsV1: 'x' })],
    ['a bad time', entry({ time: 'yesterday' })],
    ['a manager that is a number', entry({ manager: 5 })],
  ])('are ignored when they are %s', (_, managedFields) => {
    expect(send(managedFields)).toBe(live.metadata.managedFields)
  })

  it('are ignored on subresources', () => {
    expect(send(entry({}), { subresource: 'status' })).toBe(live.metadata.managedFields)
  })
})

describe('many managers', () => {
  const writeBy = (count: number) => {
    let object = written(configMap({ a: '0' }), { manager: 'creator' })
    for (let index = 0; index < count; index++) {
      const more = { ...(object['data'] as Record<string, string>), [`k${index}`]: 'v' }
      object = written(configMap(more), { live: object, manager: `m${index}`, nowSeconds: index + 1 })
    }
    return object
  }

  it('are at most ten updaters: the oldest become ancient-changes', () => {
    expect(writeBy(9).metadata.managedFields).toHaveLength(10)
    const object = writeBy(15)
    expect(object.metadata.managedFields?.map(({ manager }) => manager)).toEqual([
      'ancient-changes',
      ...Array.from({ length: 9 }, (_, index) => `m${index + 6}`),
    ])
    expect(owned(object)['ancient-changes']).toEqual(data('.', 'a', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5'))
  })

  it('lose no field of what is there, whoever writes', () => {
    const change = fc.record({
      manager: fc.constantFrom('a', 'b', 'c'),
      data: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2')),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        let object: KubeObject | undefined
        for (const [second, { manager, data: next }] of changes.entries()) {
          object = written(configMap(next), { ...(object ? { live: object } : {}), manager, nowSeconds: second })
        }
        const keys = Object.values(owned(object ?? stored)).flatMap((fields) => Object.keys(fields['f:data'] ?? {}))
        const present = Object.keys(object?.['data'] ?? {})
        // Each has one owner, for each was written by an update and never applied.
        expect(keys.filter((key) => key !== '.').toSorted(byText)).toEqual(
          present.map((key) => `f:${key}`).toSorted(byText),
        )
      }),
    )
  })
})

function byText(left: string, right: string): number {
  return left < right ? -1 : 1
}
