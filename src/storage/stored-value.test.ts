import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeStoredValue, encodeStoredValue, itemLength, toItemBytes, withItemRevision } from './stored-value.ts'

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())

describe('a stored value', () => {
  it('is a format byte and the JSON, given as text or as bytes', () => {
    const json = '{"metadata":{"name":"é"},"data":{}}'
    const value = encodeStoredValue(json)
    expect(value[0]).toBe(1)
    expect(Buffer.from(decodeStoredValue(value)).toString()).toBe(json)
    expect(encodeStoredValue(Buffer.from(json))).toEqual(value)
  })

  it('becomes an item by splicing the resourceVersion in front of the metadata', () => {
    const item = toItemBytes(encodeStoredValue('{"metadata":{"name":"a"},"spec":1}'), 42)
    expect(Buffer.from(item).toString()).toBe('{"metadata":{"resourceVersion":"42","name":"a"},"spec":1}')
    expect(Buffer.from(toItemBytes(encodeStoredValue('{"metadata":{}}'), 7)).toString()).toBe(
      '{"metadata":{"resourceVersion":"7"}}',
    )
  })

  it('keeps every object, at any revision, in the announced length', () => {
    const metadata = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true, minKeys: 1 })
    const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(metadata, fc.jsonValue(), revision, revision, (metadata, rest, first, second) => {
        const object = { metadata: { ...metadata, resourceVersion: undefined }, rest }
        const value = encodeStoredValue(JSON.stringify(object))
        const plain = JSON.parse(JSON.stringify(object)) as { metadata: object }
        fc.pre(Object.keys(plain.metadata).length > 0)
        const item = toItemBytes(value, first)
        const expected = (revision: number) => ({
          ...plain,
          metadata: { ...plain.metadata, resourceVersion: String(revision) },
        })
        expect(parse(item)).toEqual(expected(first))
        expect(item).toHaveLength(itemLength(value.length, first))
        expect(parse(withItemRevision(item, second))).toEqual(expected(second))
        expect(withItemRevision(item, second)).toEqual(toItemBytes(value, second))
      }),
    )
  })

  it('of an unknown format, or that is no object, is corrupt', () => {
    const good = encodeStoredValue('{"metadata":{"name":"a"}}')
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(1),
      good.subarray(1),
      Uint8Array.of(2, ...good.subarray(1)),
      Buffer.from('\x01{"spec":{"name":"a"}}'),
    ]) {
      expect(() => toItemBytes(bad, 1)).toThrow(expect.objectContaining({ code: 'corrupt' }))
      expect(() => decodeStoredValue(bad)).toThrow(expect.objectContaining({ code: 'corrupt' }))
    }
  })

  it('is refused for JSON that does not begin with its metadata', () => {
    for (const json of ['', '{}', '{"kind":"X","metadata":{}}', '{ "metadata":{}}', '{"metadata":null}'])
      expect(() => encodeStoredValue(json)).toThrow('must begin with its metadata')
  })
})
