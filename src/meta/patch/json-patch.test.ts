import fc from 'fast-check'
import { compare } from 'fast-json-patch'
import { describe, expect, it } from 'vitest'
import { isApiStatusError } from '../api-errors.ts'
import type { Json } from '../object.ts'
import { applyJsonPatch } from './json-patch.ts'

const patched = (document: Json, ...operations: Json[]): Json => applyJsonPatch(document, operations).document

function codeOf(action: () => unknown): { code: number; cause: string | undefined } {
  try {
    action()
  } catch (error) {
    if (isApiStatusError(error)) return { code: error.code, cause: error.status.details?.causes?.[0]?.message }
    throw error
  }
  throw new Error('it did not fail')
}

const failure = (document: Json, ...operations: Json[]) => codeOf(() => applyJsonPatch(document, operations))

describe('a JSON patch', () => {
  it('adds, removes, replaces, moves and copies as RFC 6902 has it', () => {
    expect(patched({ a: 1 }, { op: 'add', path: '/b', value: [1] })).toEqual({ a: 1, b: [1] })
    expect(patched({ a: 1, b: 2 }, { op: 'remove', path: '/a' })).toEqual({ b: 2 })
    expect(patched({ a: 1 }, { op: 'replace', path: '/a', value: { c: 2 } })).toEqual({ a: { c: 2 } })
    expect(patched({ a: { b: 1 } }, { op: 'move', from: '/a/b', path: '/c' })).toEqual({ a: {}, c: 1 })
    expect(patched({ a: { b: 1 } }, { op: 'copy', from: '/a', path: '/c' })).toEqual({ a: { b: 1 }, c: { b: 1 } })
    expect(patched({ a: [1, 3] }, { op: 'add', path: '/a/1', value: 2 })).toEqual({ a: [1, 2, 3] })
    expect(patched({ a: [1] }, { op: 'add', path: '/a/-', value: 2 })).toEqual({ a: [1, 2] })
    expect(patched({ a: [1, 2] }, { op: 'remove', path: '/a/0' })).toEqual({ a: [2] })
    expect(
      patched({ 'a/b': 1, 'm~n': 2, '~1': 3 }, { op: 'remove', path: '/a~1b' }, { op: 'remove', path: '/m~0n' }),
    ).toEqual({
      '~1': 3,
    })
    expect(patched({ '~1': 3 }, { op: 'test', path: '/~01', value: 3 })).toEqual({ '~1': 3 })
  })

  it('applies operations one after the other', () => {
    const steps = [
      { op: 'add', path: '/a', value: {} },
      { op: 'add', path: '/a/b', value: 1 },
      { op: 'copy', from: '/a', path: '/c' },
      { op: 'replace', path: '/a/b', value: 2 },
    ]
    expect(patched({}, ...steps)).toEqual({ a: { b: 2 }, c: { b: 1 } })
  })

  it('counts a negative index from the end, and takes leading zeros and a plus sign', () => {
    expect(patched([1, 2, 3], { op: 'remove', path: '/-1' })).toEqual([1, 2])
    expect(patched([1, 2, 3], { op: 'replace', path: '/-3', value: 0 })).toEqual([0, 2, 3])
    expect(patched([1, 2], { op: 'add', path: '/-1', value: 3 })).toEqual([1, 2, 3])
    expect(patched([1, 2], { op: 'add', path: '/-3', value: 0 })).toEqual([0, 1, 2])
    expect(patched([1, 2, 3], { op: 'replace', path: '/01', value: 0 })).toEqual([1, 0, 3])
    expect(patched([1, 2, 3], { op: 'test', path: '/+2', value: 3 })).toEqual([1, 2, 3])
  })

  it('passes a test of an absent member against null, and of nothing else', () => {
    expect(patched({ a: 1 }, { op: 'test', path: '/b', value: null })).toEqual({ a: 1 })
    expect(patched({ a: 1 }, { op: 'test', path: '/b' })).toEqual({ a: 1 })
    expect(patched({ a: null }, { op: 'test', path: '/a', value: null })).toEqual({ a: null })
    expect(failure({ a: 1 }, { op: 'test', path: '/b', value: 1 }).code).toBe(422)
    expect(failure({ a: 1 }, { op: 'test', path: '/a', value: null }).code).toBe(422)
    expect(failure({ a: 1 }, { op: 'test', path: '/b/c', value: null }).code).toBe(422)
  })

  it('compares objects without their order, and big numbers by size', () => {
    expect(() => patched({ a: { b: 1, c: [2] } }, { op: 'test', path: '/a', value: { c: [2], b: 1 } })).not.toThrow()
    expect(() => patched({ a: 5n }, { op: 'test', path: '/a', value: 5 })).not.toThrow()
    expect(failure({ a: 9007199254740993n }, { op: 'test', path: '/a', value: 9007199254740992n }).code).toBe(422)
    expect(failure({ a: '1' }, { op: 'test', path: '/a', value: 1 }).code).toBe(422)
  })

  it('lets replace add an absent member and copy carry an absent one as null, as upstream does', () => {
    expect(patched({}, { op: 'replace', path: '/a', value: 1 })).toEqual({ a: 1 })
    expect(patched({}, { op: 'copy', from: '/a', path: '/b' })).toEqual({ b: null })
    expect(patched({}, { op: 'add', path: '/a' })).toEqual({ a: null })
  })

  it('replaces the whole document by an object or an array only', () => {
    expect(patched({ a: 1 }, { op: 'replace', path: '', value: { b: 2 } })).toEqual({ b: 2 })
    expect(failure({ a: 1 }, { op: 'replace', path: '', value: 'x' }).code).toBe(422)
    expect(failure({ a: 1 }, { op: 'replace', path: '' }).code).toBe(422)
    expect(failure({ a: 1 }, { op: 'add', path: '', value: {} }).code).toBe(422)
  })

  it.each<[string, Json]>([
    ['add operation does not apply: doc is missing path: "/x/y": missing value', { op: 'add', path: '/x/y', value: 1 }],
    ['remove operation does not apply: doc is missing path: "/x/y": missing value', { op: 'remove', path: '/x/y' }],
    [
      "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
      { op: 'remove', path: '/x' },
    ],
    [
      'replace operation does not apply: doc is missing path: /x/y: missing value',
      { op: 'replace', path: '/x/y', value: 1 },
    ],
    [
      'replace operation does not apply: doc is missing key: /list/9: missing value',
      { op: 'replace', path: '/list/9', value: 1 },
    ],
    [
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
      { op: 'add', path: '/list/9', value: 1 },
    ],
    [
      "error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
      { op: 'add', path: '/list/x', value: 1 },
    ],
    [
      'move operation does not apply: doc is missing from path: /x/y: missing value',
      { op: 'move', from: '/x/y', path: '/z' },
    ],
    [
      'test operation does not apply: is missing path: /text/deep: missing value',
      { op: 'test', path: '/text/deep', value: null },
    ],
    ['testing value /text failed: test failed', { op: 'test', path: '/text', value: 'other' }],
    ['Unexpected kind: unknown', { path: '/text' }],
    ['Unexpected kind: merge', { op: 'merge', path: '/text' }],
    ['add operation failed to decode path: missing value', { op: 'add', value: 1 }],
  ])('fails with 422 and tells why: %s', (why, operation) => {
    expect(failure({ text: 'x', list: [1] }, operation)).toEqual({ code: 422, cause: why })
  })

  it('is refused with 400 when it cannot be decoded, more strictly when the server warns', () => {
    const strictly = (patch: Json) => codeOf(() => applyJsonPatch({}, patch, { strict: true })).code
    expect(codeOf(() => applyJsonPatch({}, {})).code).toBe(400)
    expect(codeOf(() => applyJsonPatch({}, [1])).code).toBe(400)
    expect(codeOf(() => applyJsonPatch({}, [{ op: 1 }])).code).toBe(422)
    expect(strictly([{ op: 1 }])).toBe(400)
    expect(strictly('x')).toBe(400)
    expect(applyJsonPatch({ a: 1 }, null).document).toEqual({ a: 1 })
  })

  it('names fields that nobody reads', () => {
    const patch = [{ op: 'test', path: '/a', value: 1, note: 'x' }]
    expect(applyJsonPatch({ a: 1 }, patch, { strict: true }).strictErrors).toEqual([
      'json patch unknown field "[0].note"',
    ])
    expect(applyJsonPatch({ a: 1 }, patch).strictErrors).toEqual([])
  })

  it('is refused with 413 when it has more than 10,000 operations', () => {
    const operations = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }))
    expect(codeOf(() => applyJsonPatch({ a: 1 }, operations)).code).toBe(413)
    expect(applyJsonPatch({ a: 1 }, operations.slice(1)).document).toEqual({ a: 1 })
  })

  it('may copy only so much: doubling a value again and again ends early', () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
    expect(failure({ a: ['x'.repeat(1000)] }, ...doubling).code).toBe(422)
    const copy = { op: 'copy', from: '/a', path: '/b' }
    expect(codeOf(() => applyJsonPatch({ a: 'xxxx' }, [copy], { maxCopyBytes: 5 })).code).toBe(422)
    expect(applyJsonPatch({ a: 'xxxx' }, [copy], { maxCopyBytes: 6 }).document).toEqual({ a: 'xxxx', b: 'xxxx' })
  })

  it('treats __proto__ and constructor as keys like others', () => {
    const document = JSON.parse('{"__proto__":{"a":1},"data":{}}') as Json
    const result = patched(
      document,
      { op: 'add', path: '/__proto__/polluted', value: true },
      { op: 'add', path: '/data/__proto__', value: 'own' },
      { op: 'move', from: '/__proto__/a', path: '/data/constructor' },
    )
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true},"data":{"__proto__":"own","constructor":1}}')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    for (const path of ['/__proto__/polluted', '/constructor/prototype/polluted', '/data/__proto__/polluted']) {
      expect(failure({ data: {} }, { op: 'add', path, value: true }).code).toBe(422)
    }
    expect(failure({}, { op: 'remove', path: '/toString' }).code).toBe(422)
    expect(() => patched({}, { op: 'test', path: '/toString', value: null })).not.toThrow()
  })

  it('answers 400 rather than overflow on a document of a million levels', () => {
    const deep = JSON.parse('['.repeat(1_000_000) + ']'.repeat(1_000_000)) as Json
    expect(codeOf(() => applyJsonPatch({ a: deep }, [])).code).toBe(400)
  })

  const key = fc.constantFrom('a', 'b', 'c/d', 'm~n', '', '1')
  const { value: tree } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>(1, 2, 'x', true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  }))
  const object = fc.dictionary(key, tree, { maxKeys: 4 })

  it('leads from any document to any other by the patch that another library computes', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        // What is null and what is absent are the same to `test`, and `compare` leaves undefined alone.
        expect(applyJsonPatch(from, compare(from, to) as unknown as Json).document).toEqual(to)
      }),
    )
  })

  it('changes neither its document nor itself, whether it succeeds or not, and shares nothing with the document', () => {
    const path = fc.array(fc.oneof(key, fc.constantFrom('0', '-', '-1')), { maxLength: 3 }).map((parts) => {
      return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
    })
    const op = fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'other')
    const operation = fc.record({ op, path, from: path, value: tree })
    fc.assert(
      fc.property(object, fc.array(operation, { maxLength: 5 }), (document, operations) => {
        const before = JSON.stringify([document, operations])
        let result: Json = null
        try {
          result = applyJsonPatch(document, operations).document
        } catch (error) {
          if (!isApiStatusError(error) || error.code !== 422) throw error
        }
        scribble(result)
        expect(JSON.stringify([document, operations])).toBe(before)
      }),
    )
  })
})

/** Destroys everything that can be reached. */
function scribble(value: Json): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) if (member !== undefined) scribble(member)
  for (const key of Object.keys(value)) Reflect.deleteProperty(value, key)
}
