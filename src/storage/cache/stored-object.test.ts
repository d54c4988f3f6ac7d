import { describe, expect, it } from 'vitest'
import { encodeStoredValue } from '../stored-value.ts'
import { fromKeyValue, ParsedMemory } from './stored-object.ts'

function object(json: string, memory = new ParsedMemory(1_000_000)) {
  return fromKeyValue(
    { key: 'o/root/core/pods/ns/a', value: encodeStoredValue(json), revision: 5, createRevision: 2 },
    memory,
  )
}

describe('a cached object', () => {
  it('parses its metadata without the rest, whatever stands in its strings', () => {
    const tricky = {
      name: 'a',
      annotations: { x: '}{"\\"}', 'y\\': '{{{', 'é"': '\\\\"' },
      finalizers: ['}'],
      nested: { a: [{}] },
    }
    const made = object(`${JSON.stringify({ metadata: tricky }).slice(0, -1)},"spec":this is not JSON}`)
    expect(made.metadata).toEqual({ resourceVersion: '5', ...tricky })
    expect(() => made.parsed).toThrow()
  })

  it('parses once, and shares the result', () => {
    const made = object('{"metadata":{"name":"a"},"spec":{"replicas":3}}')
    expect(made.parsed).toEqual({ metadata: { resourceVersion: '5', name: 'a' }, spec: { replicas: 3 } })
    expect(made.parsed).toBe(made.parsed)
    expect(made.metadata).toBe(made.parsed.metadata)
  })

  it('gives up its parsed form when others have taken the memory', () => {
    const json = '{"metadata":{"name":"a"},"spec":{"replicas":3}}'
    const memory = new ParsedMemory(1000)
    const first = object(json, memory)
    const parsed = first.parsed
    expect(first.parsed).toBe(parsed)
    for (let i = 0; i < 10; i++) expect(object(json, memory).parsed.metadata.name).toBe('a')
    expect(first.parsed).not.toBe(parsed)
    expect(first.parsed).toEqual(parsed)
  })

  it('larger than the whole memory is parsed all the same', () => {
    const made = object('{"metadata":{"name":"a"},"spec":{"replicas":3}}', new ParsedMemory(0))
    expect(made.metadata.name).toBe('a')
    expect(made.parsed.metadata.name).toBe('a')
  })

  it('can be had under another revision', () => {
    const made = object('{"metadata":{"name":"a"},"spec":{"replicas":3}}')
    const later = made.at(1234)
    expect(later).toMatchObject({ key: made.key, revision: 1234, createRevision: 2 })
    expect(later.parsed).toEqual({ ...made.parsed, metadata: { ...made.parsed.metadata, resourceVersion: '1234' } })
  })
})
