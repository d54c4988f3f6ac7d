import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../object.ts'
import { jsonEqual } from '../patch/json-value.ts'
import { compareObjects, isUnchanged } from './compare.ts'
import { intersection, isEmptySet } from './field-set.ts'
import { workloadSchema } from './testing/workload-schema.ts'

const compared = (before: JsonObject, after: JsonObject) =>
  compareObjects({ spec: before }, { spec: after }, workloadSchema)
const spec = (fields: object) => ({ 'f:spec': fields })

describe('the comparison of two objects', () => {
  it('tells what was added, modified and removed', () => {
    expect(compared({ replicas: 1, paused: true }, { replicas: 2, settings: { level: 'x' } })).toEqual({
      added: spec({ 'f:settings': { '.': {}, 'f:level': {} } }),
      modified: spec({ 'f:replicas': {} }),
      removed: spec({ 'f:paused': {} }),
    })
  })

  it('looks into items of the same key, whatever their order, with defaulted keys', () => {
    const before = { containers: [{ name: 'a', ports: [{ containerPort: 80 }] }, { name: 'b' }] }
    const after = {
      containers: [{ name: 'b' }, { name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] }],
    }
    expect(compared(before, after)).toEqual({
      added: spec({
        'f:containers': {
          'k:{"name":"a"}': {
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:name': {}, 'f:protocol': {} } },
          },
        },
      }),
      modified: {},
      removed: {},
    })
  })

  it('takes atomic objects, lists and raw values as one field', () => {
    const before = { nodeSelector: { a: '1' }, containers: [{ name: 'a', args: ['1'] }], raw: { x: 1 } }
    const after = { nodeSelector: { a: '2' }, containers: [{ name: 'a', args: ['2'] }], raw: [1] }
    expect(compared(before, after).modified).toEqual(
      spec({ 'f:containers': { 'k:{"name":"a"}': { 'f:args': {} } }, 'f:nodeSelector': {}, 'f:raw': {} }),
    )
  })

  it('tells empty from absent and from null', () => {
    expect(compared({}, { settings: {} }).added).toEqual(spec({ 'f:settings': {} }))
    expect(compared({ settings: {} }, { settings: { level: 'x' } }).added).toEqual(
      spec({ 'f:settings': { 'f:level': {} } }),
    )
    expect(compared({ settings: null }, { settings: { level: 'x' } }).added).toEqual(
      spec({ 'f:settings': { 'f:level': {} } }),
    )
    expect(compared({ settings: null }, { settings: {} }).modified).toEqual(spec({ 'f:settings': {} }))
    expect(compared({ containers: [{ name: 'a' }] }, { containers: [] }).removed).toEqual(
      spec({ 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } }),
    )
  })

  it('takes items that are there twice as one whole', () => {
    const env = (...values: string[]) => ({
      containers: [{ name: 'a', env: values.map((value) => ({ name: 'E', value })) }],
    })
    const at = (fields: object) =>
      spec({ 'f:containers': { 'k:{"name":"a"}': { 'f:env': { 'k:{"name":"E"}': fields } } } })
    expect(compared(env('1', '2'), env('1', '2'))).toEqual({ added: {}, modified: {}, removed: {} })
    expect(compared(env('1', '2'), env('1', '3')).modified).toEqual(at({}))
    expect(compared(env('1'), env('1', '2'))).toEqual({
      added: at({}),
      modified: {},
      removed: at({ '.': {}, 'f:name': {}, 'f:value': {} }),
    })
    expect(compared(env('1', '2'), env('1'))).toEqual({
      added: at({ '.': {}, 'f:name': {}, 'f:value': {} }),
      modified: {},
      removed: at({}),
    })
  })

  it('deduces what no schema describes: objects granular, lists atomic', () => {
    const open = { type: 'any' } as const
    const change = compareObjects({ a: { b: 1, l: [1] } }, { a: { b: 'now text', l: [2], c: {} } }, open)
    expect(change).toEqual({
      added: { 'f:a': { 'f:c': {} } },
      modified: { 'f:a': { 'f:b': {}, 'f:l': {} } },
      removed: {},
    })
    expect(compareObjects({ a: { b: 1 } }, { a: 'x' }, open)).toEqual({
      added: {},
      modified: { 'f:a': {} },
      removed: { 'f:a': { 'f:b': {} } },
    })
    expect(compareObjects({ a: [1] }, { a: { b: 1 } }, open)).toEqual({
      added: { 'f:a': { 'f:b': {} } },
      modified: { 'f:a': {} },
      removed: {},
    })
  })

  it('survives values that do not fit the schema', () => {
    const odd: JsonObject = {
      containers: 'x',
      settings: [1],
      replicas: {},
      selector: 5,
      volumes: [null, 'x', [1], { noName: 1 }],
    }
    expect(() => compared(odd, { containers: [{ name: 'a' }], settings: { level: 'x' }, volumes: {} })).not.toThrow()
    expect(() => compared({ containers: [{ name: 'a' }] }, odd)).not.toThrow()
  })

  const word = fc.constantFrom<Json>('x', 'y')
  const anySpec = fc.record(
    {
      replicas: fc.constantFrom<Json>(1, 2, null),
      settings: fc.oneof(fc.constant<Json>(null), fc.dictionary(fc.constant('level'), word)),
      nodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), word),
      raw: fc.jsonValue({ maxDepth: 2 }),
      containers: fc.uniqueArray(fc.record({ name: word, image: word }, { requiredKeys: ['name'] }), {
        selector: ({ name }) => name,
      }),
    },
    { requiredKeys: [] },
  ) as unknown as fc.Arbitrary<JsonObject>

  it('finds nothing exactly between equal objects, and no field in two sets', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (before, after) => {
        const change = compared(before, after)
        if (jsonEqual(before, after)) expect(isUnchanged(change)).toBe(true)
        expect(isUnchanged(compared(before, structuredClone(before)))).toBe(true)
        expect(isEmptySet(intersection(change.added, change.modified))).toBe(true)
        expect(isEmptySet(intersection(change.added, change.removed))).toBe(true)
        expect(isEmptySet(intersection(change.modified, change.removed))).toBe(true)
      }),
    )
  })

  it('adds, seen from one side, what it removes seen from the other', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (left, right) => {
        const [forth, back] = [compared(left, right), compared(right, left)]
        expect(forth.added).toEqual(back.removed)
        expect(forth.modified).toEqual(back.modified)
      }),
    )
  })
})
