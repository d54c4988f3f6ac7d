import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mediaTypeName, parseAccept, parseContentType } from './content-type.ts'

const accepted = (header: string): string[] => parseAccept(header).map(mediaTypeName)

describe('Content-Type', () => {
  test.each([
    ['application/json', 'application/json', {}],
    ['Application/JSON ; Charset=UTF-8', 'application/json', { charset: 'UTF-8' }],
    ['application/vnd.kubernetes.protobuf;type="a;b\\"c"', 'application/vnd.kubernetes.protobuf', { type: 'a;b"c' }],
    ['application/apply-patch+yaml', 'application/apply-patch+yaml', {}],
    ['text/plain; broken; x=1', 'text/plain', { x: '1' }],
  ])('%s', (header, name, parameters) => {
    const media = parseContentType(header)
    expect(media && mediaTypeName(media)).toBe(name)
    expect(Object.fromEntries(media?.parameters ?? [])).toEqual(parameters)
  })

  test.each(['', 'json', '*/*', 'a/b/c', 'application/', '/json', 'a b/c'])('%j is no media type', (header) => {
    expect(parseContentType(header)).toBeUndefined()
  })
})

describe('Accept', () => {
  test.each([
    ['', []],
    ['application/json', ['application/json']],
    ['*', ['*/*']],
    ['text/html, image/gif, *; q=.2, */*; q=.2', ['text/html', 'image/gif', '*/*', '*/*']],
    ['application/json;q=0.5, application/yaml', ['application/yaml', 'application/json']],
    ['*/*, application/*, application/json', ['application/json', 'application/*', '*/*']],
    ['application/json;q=0, application/yaml;q=x', ['application/yaml']],
    ['bad, application/json', ['application/json']],
  ])('%s', (header, names) => {
    expect(accepted(header)).toEqual(names)
  })

  test('parameters stay with their clause', () => {
    const [table, json] = parseAccept('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')
    expect(Object.fromEntries(table?.parameters ?? [])).toEqual({ as: 'Table', v: 'v1', g: 'meta.k8s.io' })
    expect(json?.parameters.size).toBe(0)
  })

  test('no header is too strange', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a/b', '*', '/', ';', ',', 'q=', '1', '"', '\\', ' ', '=')), (parts) => {
        expect(parseAccept(parts.join('')).every(({ quality }) => quality > 0 && quality <= 1)).toBe(true)
      }),
    )
    expect(parseAccept('a/b,'.repeat(100_000)).length).toBeLessThan(100)
  })
})
