import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isApiStatusError } from './api-errors.ts'
import { parseJson, stringifyJson } from './json.ts'
import type { Json } from './object.ts'
import { toYaml } from './yaml-writer.ts'
import { parseYaml, parseYamlDocuments, parseYamlStrictly } from './yaml.ts'

const json = (text: string): string => stringifyJson(parseYaml(text))

describe('scalars are what sigs.k8s.io/yaml (kubectl, the API server) makes of them', () => {
  test.each([
    ['y', 'true'],
    ['Yes', 'true'],
    ['on', 'true'],
    ['ON', 'true'],
    ['off', 'false'],
    ['n', 'false'],
    ['No', 'false'],
    ['True', 'true'],
    ['TRUE', 'true'],
    ['tRUE', '"tRUE"'],
    ['yEs', '"yEs"'],
    ['~', 'null'],
    ['', 'null'],
    ['Null', 'null'],
    ['.5', '0.5'],
    ['.5e3', '500'],
    ['.', '"."'],
    ['1.', '1'],
    ['0x1F', '31'],
    ['-0x1f', '-31'],
    ['0b101', '5'],
    ['0o17', '15'],
    ['0777', '511'],
    ['08', '8'],
    ['1_000', '1000'],
    ['+1', '1'],
    ['-0', '0'],
    ['1e3', '1000'],
    ['1:30', '"1:30"'],
    ['2001-01-01', '"2001-01-01"'],
    ['2001-13-01', '"2001-13-01"'],
    ['12345678901234567', '12345678901234567'],
    ['9223372036854775807', '9223372036854775807'],
    ['1e21', '1e+21'],
    ['0.1', '0.1'],
    ['<<', '"<<"'],
    ['a b', '"a b"'],
    ['"1"', '"1"'],
    [String.raw`'yes'`, '"yes"'],
    ['!!str 1', '"1"'],
    ['!!int "3"', '3'],
    ['!!float 3', '3'],
    ['!!binary aGk=', '"hi"'],
    ['!custom 3', '"3"'],
    ['&x 3', '3'],
    ['[1, no]', '[1,false]'],
    ['{a: 1, b: no}', '{"a":1,"b":false}'],
    ['a#b', '"a#b"'],
    ['a #b', '"a"'],
    [String.raw`'it''s'`, String.raw`"it's"`],
    [String.raw`"\x41\u00e9\n"`, String.raw`"Aé\n"`],
  ])('v: %s is %s', (text, expected) => {
    expect(json(`v: ${text}\n`)).toBe(`{"v":${expected}}`)
  })

  test.each([
    ['!!int x', 'cannot decode !!string `x` as a !!int'],
    ['!!bool 1', 'cannot decode !!integer `1` as a !!bool'],
    ['.inf', 'json: unsupported value: +Inf'],
    ['.nan', 'json: unsupported value: NaN'],
    ['@a', /^yaml: line 1: /],
    ['*a', "yaml: unknown anchor 'a' referenced"],
    ['"a', /^yaml: line \d: /],
  ])('v: %s is refused', (text, message) => {
    expect(() => parseYaml(`v: ${text}\n`)).toThrow(message)
  })
})

describe('documents', () => {
  test.each([
    ['', 'null'],
    ['# nothing\n', 'null'],
    ['---\na: 1\n---\nb: 2\n', '{"a":1}'],
    ['1: a\ntrue: b\n1.5: c\n0x10: d\n', '{"1":"a","16":"d","true":"b","1.5":"c"}'],
    ['a: &x {b: 1}\nc: *x\n', '{"a":{"b":1},"c":{"b":1}}'],
    ['a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n', '{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}'],
    ['x: &x {b: 1}\nv: &v {b: 2, z: 3}\nd: {<<: [*x, *v]}\n', '{"x":{"b":1},"v":{"b":2,"z":3},"d":{"b":1,"z":3}}'],
    ['a:\n- b: 1\n  c: 2\n- d\n', '{"a":[{"b":1,"c":2},"d"]}'],
    ['a: |\n  x\n   y\n\nb: >-\n  x\n  y\n', String.raw`{"a":"x\n y\n","b":"x y"}`],
    ['{a: 1, "b": [x, y]}', '{"a":1,"b":["x",true]}'],
    ['{"a": 12345678901234567}', '{"a":12345678901234567}'],
    ['a: 1\r\nb: 2\r\n', '{"a":1,"b":2}'],
    ['__proto__: {a: 1}\n', '{"__proto__":{"a":1}}'],
  ])('%j is %s', (text, expected) => {
    expect(json(text)).toBe(expected)
    expect(stringifyJson(parseYaml(new TextEncoder().encode(text)))).toBe(expected)
  })

  test.each([
    ['null: 1\n', 'unsupported map key of type'],
    ['[a]: 1\n', 'invalid map key'],
    ['a: &a [*a]\n', "anchor 'a' value contains itself"],
    ['<<: 1\n', 'map merge requires map or sequence of maps as the value'],
    ['a:\n\tb: 1\n', /^yaml: line 2: /],
    ['a: b: c\n', /^yaml: line 1: /],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message)
  })

  test('a file holds several, and empty ones do not count', () => {
    expect(parseYamlDocuments('---\n# c\n---\na: 1\n---\n---\n[yes]\n...\n')).toEqual([{ a: 1 }, [true]])
    expect(parseYamlDocuments('{"a": 1}')).toEqual([{ a: 1 }])
  })

  test('keys that occur twice are told, the last one counts', () => {
    expect(parseYamlStrictly('a:\n- b: 1\n  b: 2\na: 3\n')).toEqual({
      value: { a: 3 },
      duplicateFields: ['a[0].b', 'a'],
    })
    expect(parseYamlStrictly('{"a": {"b": 1, "b": 2}}').duplicateFields).toEqual(['a.b'])
    expect(parseYamlStrictly('a: &x {b: 1}\nc: {<<: *x, b: 2}\n').duplicateFields).toEqual([])
  })
})

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n')

describe('hostile documents', () => {
  test.each([
    ['open brackets', '['.repeat(100_000)],
    ['closed brackets', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['dashes', '- '.repeat(20_000)],
    ['indented keys', lines(5_000, (index) => `${' '.repeat(index)}a:`)],
    ['question marks', '? '.repeat(20_000)],
  ])('depth by %s', (_, text) => {
    expect(() => parseYaml(text)).toThrow('exceeded max depth')
  })

  test('depth by aliases', () => {
    const nested = (inner: string): string => '['.repeat(50) + inner + ']'.repeat(50)
    const text = lines(30, (index) => `a${index}: &a${index} ${nested(index > 0 ? `*a${index - 1}` : 'x')}`)
    expect(() => parseYaml(text)).toThrow('exceeded max depth')
  })

  test('aliases and merges that multiply', () => {
    const bomb = lines(10, (index) => `a${index}: &a${index} [${index > 0 ? `*a${index - 1},`.repeat(10) : 'x'}]`)
    expect(() => parseYaml(bomb)).toThrow('document contains excessive aliasing')
    const twice = (index: number): string => (index > 0 ? `<<: [*a${index - 1}, *a${index - 1}]` : 'x: 1')
    expect(() => parseYaml(lines(40, (index) => `a${index}: &a${index} {${twice(index)}}`))).toThrow(
      'document contains excessive aliasing',
    )
  })

  test('more marks than a request may have', () => {
    expect(() => parseYaml('- a\n'.repeat(52_000))).toThrow('document is too large')
  })

  test('any text is a value or gets 400', () => {
    const pieces = [
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&x ',
      '*x',
      '<<: ',
      '!!str ',
      '!t ',
      '|',
      '>',
    ]
    const marks = ['"', "'", '#', '? ', '---\n', '%', '@', '\t', '\\', '1', '~', '\u0000']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces, ...marks), { maxLength: 25 }), (parts) => {
        try {
          parseYaml(parts.join(''))
        } catch (error) {
          expect(isApiStatusError(error) && error.code).toBe(400)
        }
      }),
      { numRuns: 1_500 },
    )
  })
})

describe('printing', () => {
  test.each<[Json, string]>([
    [{}, '{}\n'],
    [[], '[]\n'],
    ['x', 'x\n'],
    [null, 'null\n'],
    [{ b: 1, a: [], c: {} }, 'a: []\nb: 1\nc: {}\n'],
    [{ a: [{ b: 1, c: [2, [3]] }, 'x', []] }, 'a:\n- b: 1\n  c:\n  - 2\n  - - 3\n- x\n- []\n'],
    [
      { item10: 1, item2: 2, Item: 3, '10': 4, '9': 5, 'f:a': 6, _: 7 },
      '_: 7\n"9": 5\n"10": 4\nItem: 3\nf:a: 6\nitem2: 2\nitem10: 1\n',
    ],
    [
      { a: '', b: 'yes', c: '1', d: 'null', e: '1:30', f: '2001-01-01', y: 'tRUE' },
      'a: ""\nb: "yes"\nc: "1"\nd: "null"\ne: "1:30"\nf: "2001-01-01"\n"y": tRUE\n',
    ],
    [
      { a: '- x', b: 'a: b', c: ' x', d: 'x #y', e: "it's", f: '@x', g: ':x', h: 'x:', i: "'" },
      "a: '- x'\nb: 'a: b'\nc: ' x'\nd: 'x #y'\ne: it's\nf: '@x'\ng: :x\nh: 'x:'\ni: ''''\n",
    ],
    [
      { a: 'x\ty', b: 'é', c: '\u{1f600}', d: '\u0000\u0085\ufeff', e: '"\t' },
      'a: "x\\ty"\nb: é\nc: "\\U0001F600"\nd: "\\0\\N\\uFEFF"\ne: "\\"\\t"\n',
    ],
    [
      { a: 'x\ny\n', b: 'x\n\n', c: 'x\ny', d: ' x\n', e: '\n', f: 'x \ny', g: { h: 'x\n\ny\n' } },
      'a: |\n  x\n  y\nb: |+\n  x\n\nc: |-\n  x\n  y\nd: |2\n   x\ne: |2+\n\nf: "x \\ny"\ng:\n  h: |\n    x\n\n    y\n',
    ],
    [
      { a: 1.5, b: 1e6, c: 1_500_000.5, d: 0.00001, e: 1e21, f: 9_223_372_036_854_775_807n, g: true },
      'a: 1.5\nb: 1000000\nc: 1.5000005e+06\nd: 1e-05\ne: 1e+21\nf: 9223372036854775807\ng: true\n',
    ],
    [{ ['k'.repeat(129)]: { a: 1 }, 'a\nb': [1] }, `? |-\n  a\n  b\n: - 1\n? ${'k'.repeat(129)}\n: a: 1\n`],
  ])('%#', (value, text) => {
    expect(toYaml(value)).toBe(text)
  })

  test('long texts are folded at the first single space beyond 80 columns', () => {
    const words = 'word '.repeat(40).trim()
    expect(
      toYaml({ a: words })
        .split('\n')
        .map((line) => line.length),
    ).toEqual([82, 81, 41, 0])
    for (const text of [words, `'${words}`, `\t${words}`, `${words}  ${words}`, `yes: ${words}`]) {
      expect(parseYaml(toYaml({ a: [{ b: text }] }))).toEqual({ a: [{ b: text }] })
    }
  })

  test('undefined fields are left out', () => {
    expect(toYaml({ a: undefined, b: { c: undefined }, d: 1 })).toBe('b: {}\nd: 1\n')
  })

  test('whatever is printed is read back', () => {
    const marks = [
      'yes',
      '1',
      ': ',
      '- ',
      ' #',
      "'",
      '"',
      '\n',
      '  ',
      '\t',
      '\\',
      '😀',
      '~',
      '---',
      '|',
      '0x1',
      '\r',
      '\u2028',
    ]
    const special = fc.constantFrom(...marks, 'word '.repeat(20))
    const part = fc.oneof(special, fc.string({ unit: 'grapheme' }))
    const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''))
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(value, (document) => {
        // Large integers come back as bigint; as JSON they are the same.
        expect(stringifyJson(sortKeys(parseYaml(toYaml(document))))).toBe(stringifyJson(sortKeys(document)))
      }),
      { numRuns: 1_000 },
    )
  })
})

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, sortKeys(child)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const fixtures = join(process.env['ATOLL_FIXTURES'] ?? '../shared/fixtures', 'kubernetes-api')
const names = existsSync(fixtures) ? readdirSync(fixtures).filter((file) => file.endsWith('.yaml')) : []
const skipReason = names.length > 0 ? '' : ` (skipped: no fixtures in ${fixtures}, set ATOLL_FIXTURES)`

test.skipIf(names.length === 0)(
  `the YAML of every built-in kind is its JSON, and prints to the same text${skipReason}`,
  () => {
    for (const name of names) {
      const yaml = readFileSync(join(fixtures, name), 'utf8')
      const object = parseJson(readFileSync(join(fixtures, name.replace(/yaml$/, 'json'))))
      expect(parseYaml(yaml)).toEqual(object)
      expect(toYaml(object)).toBe(yaml)
    }
  },
)
