import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isApiStatusError } from './api-errors.ts'
import {
  compileLabelSelector,
  formatLabelRequirements,
  formatLabelSelector,
  fromLabelSelector,
  matchesLabels,
  parseLabelSelector,
  requiredLabelValue,
  validateLabelSelector,
  type LabelSelector,
} from './label-selector.ts'

describe('the string form', () => {
  test.each([
    ['', '', {}, true],
    ['a=b', 'a=b', { a: 'b' }, true],
    ['a == b', 'a==b', { a: 'c' }, false],
    ['a!=b', 'a!=b', {}, true],
    ['a!=b', 'a!=b', { a: 'b' }, false],
    ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()', { x: '', y: '1' }, true],
    ['z in (c,b,a,b)', 'z in (a,b,c)', { z: 'b' }, true],
    ['z in (,)', 'z in ()', { z: '' }, true],
    ['a in (b)', 'a in (b)', { a: 'b' }, true],
    ['a notin (b)', 'a notin (b)', { a: 'b' }, false],
    ['a notin (b)', 'a notin (b)', {}, true],
    ['!a', '!a', {}, true],
    ['!a', '!a', { a: '' }, false],
    ['in', 'in', { in: '' }, true],
    ['in in (in, notin)', 'in in (in,notin)', { in: 'notin' }, true],
    ['a=', 'a=', { a: '' }, true],
    ['a=,b', 'a=,b', { a: '', b: '' }, true],
    ['n>5', 'n>5', { n: '6' }, true],
    ['n>5', 'n>5', { n: 'six' }, false],
    ['n<5', 'n<5', { n: '9223372036854775807' }, false],
    ['b=1,a=2', 'a=2,b=1', { a: '2', b: '1' }, true],
    [' a \t= b , c ', 'a=b,c', { a: 'b', c: '' }, true],
    ['toString', 'toString', {}, false],
    ['!toString', '!toString', {}, true],
    ['constructor!=x', 'constructor!=x', {}, true],
  ])('%j reads as %j and on %j answers %j', (text, canonical, labels, matches) => {
    const requirements = parseLabelSelector(text)
    expect(formatLabelRequirements(requirements)).toBe(canonical)
    expect(matchesLabels(requirements, labels)).toBe(matches)
    expect(compileLabelSelector(canonical)(labels)).toBe(matches)
  })

  test.each([
    ['a,', "found '', expected: identifier after ','"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ['a in (=)', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ['a==!', "unable to parse requirement: found '!', expected: identifier"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a/b/c', /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key must consist/],
    ['a=é', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "é": a valid label must be/],
    [
      'a>b',
      `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message)
    try {
      parseLabelSelector(text)
    } catch (error) {
      expect(isApiStatusError(error) && error.code).toBe(400)
    }
  })

  test('whatever is written, it is read or refused with 400, and the canonical form means the same', () => {
    const piece = fc.constantFrom('a', 'b', 'in', 'notin', '(', ')', ',', '=', '==', '!=', '!', '>', '<', ' ', '1', 'é')
    const labels = fc.dictionary(fc.constantFrom('a', 'b', 'in', '1'), fc.constantFrom('', 'a', 'b', '1', '2'))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), labels, (pieces, set) => {
        try {
          const requirements = parseLabelSelector(pieces.join(''))
          const again = parseLabelSelector(formatLabelRequirements(requirements))
          expect(again).toEqual(requirements)
          expect(matchesLabels(again, set)).toBe(matchesLabels(requirements, set))
        } catch (error) {
          expect(isApiStatusError(error) && error.code).toBe(400)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('the single value that a key must have is known', () => {
    const requirements = parseLabelSelector('a=1,b in (2),c in (3,4),d!=5')
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => requiredLabelValue(requirements, key))).toEqual([
      '1',
      '2',
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('the object form', () => {
  test('absent matches nothing, empty matches everything', () => {
    expect(matchesLabels(fromLabelSelector(undefined), { a: 'b' })).toBe(false)
    expect(matchesLabels(fromLabelSelector({}), undefined)).toBe(true)
    expect(formatLabelSelector(null)).toBe('<none>')
  })

  test.each<[LabelSelector, string]>([
    [{ matchLabels: { b: '1', a: '' } }, 'a=,b=1'],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] }, 'a in (x,y)'],
    [
      {
        matchLabels: { c: '4' },
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'DoesNotExist' },
          { key: 'd', operator: 'NotIn', values: ['e'] },
        ],
      },
      'a,!b,c=4,d notin (e)',
    ],
    [{ matchExpressions: [{ key: 'a', operator: 'In' }] }, '<error>'],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }, '<error>'],
    [{ matchExpressions: [{ key: 'a', operator: 'Like' as 'In' }] }, '<error>'],
  ])('%j prints as %s', (selector, text) => {
    expect(formatLabelSelector(selector)).toBe(text)
  })

  test('validation names every fault and its field', () => {
    const errors = validateLabelSelector(
      {
        matchLabels: { 'a b': 'c' },
        matchExpressions: [
          { key: 'a', operator: 'In', values: [] },
          { key: 'a', operator: 'Exists', values: ['b'] },
          { key: '', operator: 'Like' as 'In', values: ['c d'] },
        ],
      },
      'spec.selector',
    )
    expect(errors.map(({ field, message }) => `${field}: ${message.slice(0, 40)}`)).toEqual([
      'spec.selector.matchLabels: Invalid value: "a b": name part must con',
      'spec.selector.matchExpressions[0].values: Required value: must be specified when `',
      'spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `op',
      'spec.selector.matchExpressions[2].operator: Invalid value: "Like": not a valid selec',
      'spec.selector.matchExpressions[2].key: Invalid value: "": name part must be non',
      'spec.selector.matchExpressions[2].key: Invalid value: "": name part must consis',
      'spec.selector.matchExpressions[2].values[0]: Invalid value: "c d": a valid label must',
    ])
  })
})
