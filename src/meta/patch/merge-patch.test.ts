import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../object.ts'
import { applyMergePatch } from './merge-patch.ts'

describe('a JSON merge patch', () => {
  it.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 'text' }, { a: { b: 1, c: null } }, { a: { b: 1 } }],
    [{ a: null }, { a: { b: null } }, { a: {} }],
  ])('turns %j by %j into %j', (document, patch, expected) => {
    expect(applyMergePatch(document, patch)).toEqual(expected)
  })

  it('drops nulls from objects in a new array, and keeps null items, as upstream does', () => {
    expect(applyMergePatch({}, { a: [null, { b: null, c: 1 }] })).toEqual({ a: [null, { c: 1 }] })
    expect(applyMergePatch({ a: { x: 1 } }, { a: [{ b: null }] })).toEqual({ a: [{ b: null }] })
  })

  it('is refused with 400 when it is no object', () => {
    expect(() => applyMergePatch({}, null)).toThrow('Invalid JSON Patch')
    expect(() => applyMergePatch({}, 5)).toThrow('Invalid JSON Patch')
    expect(() => applyMergePatch({}, [], { strict: true })).toThrow(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    )
    expect(applyMergePatch({ a: 1 }, [1])).toEqual([1])
  })

  it('treats __proto__ as a key like others', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as Json
    const result = applyMergePatch({ data: {} }, patch)
    expect(JSON.stringify(result)).toBe(
      '{"data":{},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  const key = fc.constantFrom('a', 'b', '__proto__')
  const { object } = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.constantFrom<Json>(1, 'x', null, ['y']), tie('object')),
    object: fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  }))

  it('does the same when applied again, and changes neither argument', () => {
    fc.assert(
      fc.property(object, object, (document, patch) => {
        const before = JSON.stringify([document, patch])
        const once = applyMergePatch(document, patch)
        expect(applyMergePatch(once, patch)).toEqual(once)
        expect(JSON.stringify([document, patch])).toBe(before)
        for (const key of Object.keys(once as JsonObject)) Reflect.deleteProperty(once as JsonObject, key)
        expect(JSON.stringify([document, patch])).toBe(before)
      }),
    )
  })
})
