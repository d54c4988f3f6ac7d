import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isApiStatusError } from './api-errors.ts'
import { parseJsonSlowly } from './json-parser.ts'
import { stringifyJsonSlowly } from './json-writer.ts'
import { checkDepth, maxNestingDepth, maxObjectDepth, parseJson, parseJsonStrictly, stringifyJson } from './json.ts'

describe('numbers', () => {
  test.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['[-9223372036854775808]', [-9_223_372_036_854_775_808n]],
    ['{"a": 9223372036854775807}', { a: 9_223_372_036_854_775_807n }],
    ['9223372036854775808', 9_223_372_036_854_776_000],
    ['1234567890123456789012345', 1.2345678901234568e24],
    ['0.12345678901234567890', 0.12345678901234568],
    ['1e300', 1e300],
    ['"1234567890123456789"', '1234567890123456789'],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  test('an int64 survives the round trip to the digit', () => {
    const text = '{"a":[9223372036854775807,{"b":-9007199254740993,"c":"x","d":null}],"e":true}'
    expect(stringifyJson(parseJson(text))).toBe(text)
  })

  test('what no float can hold is refused', () => {
    expect(() => parseJson('{"a":1e999}')).toThrow('json: cannot unmarshal number 1e999 into Go value of type float64')
    expect(() => parseJson('9'.repeat(400))).toThrow('into Go value of type float64')
  })
})

describe('faults are told in the words of Go', () => {
  test.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['[1', 'unexpected end of JSON input'],
    ['tru', 'unexpected end of JSON input'],
    ['-', 'unexpected end of JSON input'],
    ['foo: bar', "invalid character 'o' in literal false (expecting 'a')"],
    ['kind: Pod', "invalid character 'k' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{,}', "invalid character ',' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"a\nb"', String.raw`invalid character '\n' in string literal`],
    [String.raw`"\q"`, "invalid character 'q' in string escape code"],
    [String.raw`"\u12g4"`, String.raw`invalid character 'g' in \u hexadecimal character escape`],
    ['-a', "invalid character 'a' in numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['1.', 'unexpected end of JSON input'],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['nulL', "invalid character 'L' in literal null (expecting 'l')"],
    ["'a'", String.raw`invalid character '\'' looking for beginning of value`],
    ['\u00e9', "invalid character 'Ã' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['\u0001', String.raw`invalid character '\x01' looking for beginning of value`],
  ])('%j: %s', (text, message) => {
    expect(() => parseJson(text)).toThrow(message)
    expect(() => parseJson(new TextEncoder().encode(text))).toThrow(message)
    try {
      parseJson(text)
    } catch (error) {
      expect(isApiStatusError(error) && error.code).toBe(400)
    }
  })
})

describe('hostile documents', () => {
  test('a prototype is a field like others', () => {
    for (const text of ['{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1},"n":12345678901234567}']) {
      const value = parseJson(text) as Record<string, unknown>
      expect(Object.keys(value)[0]).toBe('__proto__')
      expect('polluted' in value).toBe(false)
      expect(stringifyJson(value)).toBe(text)
    }
    expect('polluted' in {}).toBe(false)
  })

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('nested %s are read up to the limit and refused beyond it', (_, open, close) => {
    const nested = (depth: number, inner = '1'): string => open.repeat(depth) + inner + close.repeat(depth)
    for (const inner of ['1', '12345678901234567']) {
      expect(stringifyJson(parseJson(nested(maxNestingDepth, inner)))).toBe(nested(maxNestingDepth, inner))
      expect(() => parseJson(nested(maxNestingDepth + 1, inner))).toThrow('exceeded max depth')
      expect(() => parseJsonStrictly(nested(maxObjectDepth, inner))).not.toThrow()
      expect(() => parseJsonStrictly(nested(maxObjectDepth + 1, inner))).toThrow('exceeded max depth')
    }
    expect(() => checkDepth(JSON.parse(nested(maxObjectDepth)))).not.toThrow()
    expect(() => checkDepth(JSON.parse(nested(maxObjectDepth + 1)))).toThrow('exceeded max depth')
    expect(() => parseJson(nested(1_000_000))).toThrow('exceeded max depth')
    expect(() => parseJson(open.repeat(1_000_000))).toThrow('exceeded max depth')
  })

  test('depth costs no stack in the slow parser and writer', () => {
    const text = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(stringifyJsonSlowly(parseJsonSlowly(text, Infinity))).toBe(text)
  })

  test('bytes that are not UTF-8 become replacement characters', () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toBe('\ufffd')
  })
})

const duplicatesOf = (text: string): readonly string[] => parseJsonStrictly(text).duplicateFields

describe('duplicate fields', () => {
  test.each([
    ['{"a":1,"b":[{"a":2},{"a":3}],"c":{"a":4}}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"spec":{"x":1,"y":2,"x":3,"x":4}}', ['spec.x']],
    ['{"spec":{"c":[{"n":1},{"n":1,"n":2}]},"spec":1}', ['spec.c[1].n', 'spec']],
    ['{"a":[[{"b":1, "b" :2}]]}', ['a[0][0].b']],
    [String.raw`{"a\"":1,"b":"\"x\":1,\"x\":2","c\\":1,"c\\":2}`, [String.raw`c\\`.slice(0, -1)]],
    [String.raw`{"a":1,"\u0061":2}`, ['a']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['{"a":"\\\\","a":":"}', ['a']],
  ])('%s', (text, paths) => {
    expect(duplicatesOf(text)).toEqual(paths)
  })

  test('the last one counts', () => {
    expect(parseJsonStrictly('{"a":1,"a":{"b":2}}').value).toEqual({ a: { b: 2 } })
  })

  test('a hundred are reported, not more', () => {
    const members = Array.from({ length: 300 }, (_, index) => `"k${index % 150}":1`)
    expect(duplicatesOf(`{${members.join(',')}}`)).toHaveLength(100)
  })

  test('they are found wherever they are, and only they', () => {
    const key = fc.constantFrom('a', 'b', '"', ':', '\\', '":', 'é')
    const pair = fc.tuple(key, fc.oneof(fc.integer(), fc.string(), key))
    const spaces = fc.constantFrom('', ' ', '\n', ' \t')
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), spaces, (pairs, space) => {
        const text = `[{${pairs.map(([name, value]) => `${JSON.stringify(name)}${space}:${JSON.stringify(value)}`).join(`,${space}`)}}]`
        const names = pairs.map(([name]) => name)
        const expected = [...new Set(names.filter((name, index) => names.indexOf(name) < index))]
        expect(duplicatesOf(text)).toEqual(expected.map((name) => `[0].${name}`))
      }),
    )
  })
})

describe('properties', () => {
  test('the slow parser and writer agree with JSON.parse and JSON.stringify', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text)
        expect(stringifyJson(parseJsonSlowly(text, 100))).toBe(JSON.stringify(value))
        expect(stringifyJsonSlowly(value)).toBe(JSON.stringify(value))
        expect(stringifyJson(parseJson(text))).toBe(JSON.stringify(value))
      }),
    )
  })

  test('what one refuses the other refuses', () => {
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '\\', 'x', '1', '\u0000'))
    fc.assert(
      fc.property(broken, ([text, at, inserted]) => {
        const position = at % (text.length + 1)
        const mutated = text.slice(0, position) + inserted + text.slice(position + 1)
        expect(isRefused(() => parseJsonSlowly(mutated, 100))).toBe(
          isRefused(() => JSON.parse(mutated, refuseInfinity) as unknown),
        )
      }),
      { numRuns: 3_000 },
    )
  })
})

function refuseInfinity(_: string, value: unknown): unknown {
  if (value === Infinity || value === -Infinity) throw new RangeError('too large for a float')
  return value
}

function isRefused(read: () => unknown): boolean {
  try {
    read()
    return false
  } catch {
    return true
  }
}
