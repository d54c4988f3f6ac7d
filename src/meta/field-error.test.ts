import { expect, test } from 'vitest'
import { formatBadValue, goQuote } from './field-error.ts'

test.each([
  ['plain [x]', '"plain [x]"'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ['\u0000\u0007\b\f\n\r\t\v\u001b\u007f', String.raw`"\x00\a\b\f\n\r\t\v\x1b\x7f"`],
  ['é日😀', '"é日😀"'],
  ['\u00a0\u200b\u2028\ufeff', String.raw`"\u00a0\u200b\u2028\ufeff"`],
  ['\u{e0001}', String.raw`"\U000e0001"`],
])('%j is quoted as Go quotes it', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted)
})

test('bad values are strings in quotes, or JSON', () => {
  expect([undefined, null, true, 1.5, 2n ** 63n, ['a<b'], { a: 1n }].map(formatBadValue)).toEqual([
    'null',
    'null',
    'true',
    '1.5',
    '9223372036854775808',
    String.raw`["a\u003cb"]`,
    '{"a":1}',
  ])
})
