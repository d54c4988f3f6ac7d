import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  difference,
  equalSets,
  type FieldSet,
  hasPath,
  intersection,
  isEmptySet,
  isSubset,
  leaves,
  nothing,
  onlyMatching,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  setOfPaths,
  union,
} from './field-set.ts'

const elements = ['f:a', 'f:b', 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"z"', 'i:1']
const path = fc.array(fc.constantFrom(...elements), { minLength: 1, maxLength: 3 })
const paths = fc.array(path, { maxLength: 6 })

/** As the fieldsV1 that a client could send. */
function setOf(members: readonly (readonly string[])[]): FieldSet {
  return members.reduce<FieldSet>((set, member) => {
    return union(set, parseFieldSet(member.reduceRight<object>((below, element) => ({ [element]: below }), {})))
  }, nothing)
}

const textsOf = (set: FieldSet) => new Set([...pathsOf(set)].map((member) => member.join(' ')))
const texts = (members: readonly (readonly string[])[]) => members.map((member) => member.join(' '))

/** Nodes that are neither members nor lead to one, or that have their elements out of order. */
function malformed(set: FieldSet): boolean {
  return JSON.stringify(parseFieldSet(set)) !== JSON.stringify(set)
}

describe('a field set', () => {
  it('has the members that were put in, and only those', () => {
    fc.assert(
      fc.property(paths, path, (members, other) => {
        const set = setOf(members)
        expect(textsOf(set)).toEqual(new Set(texts(members)))
        expect(hasPath(set, other)).toBe(texts(members).includes(other.join(' ')))
        expect(malformed(set)).toBe(false)
      }),
    )
  })

  it('knows union, intersection and difference as of sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const [a, b] = [setOf(left), setOf(right)]
        const [leftTexts, rightTexts] = [new Set(texts(left)), new Set(texts(right))]
        const results = { union: union(a, b), intersection: intersection(a, b), difference: difference(a, b) }
        expect(textsOf(results.union)).toEqual(new Set([...leftTexts, ...rightTexts]))
        expect(textsOf(results.intersection)).toEqual(new Set([...leftTexts].filter((text) => rightTexts.has(text))))
        expect(textsOf(results.difference)).toEqual(new Set([...leftTexts].filter((text) => !rightTexts.has(text))))
        for (const result of Object.values(results)) expect(malformed(result)).toBe(false)
        expect(isSubset(a, b)).toBe([...leftTexts].every((text) => rightTexts.has(text)))
        expect(equalSets(a, b)).toBe(leftTexts.size === rightTexts.size && isSubset(a, b))
      }),
    )
  })

  it('takes away what is below, too, by a recursive difference', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const result = recursiveDifference(setOf(left), setOf(right))
        const gone = texts(right)
        const stays = texts(left).filter(
          (text) => !gone.some((other) => text === other || text.startsWith(`${other} `)),
        )
        expect(textsOf(result)).toEqual(new Set(stays))
        expect(malformed(result)).toBe(false)
      }),
    )
  })

  it('is itself when an operation changes nothing', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const set = setOf(left)
        const other = setOf(right)
        if (isSubset(other, set)) expect(union(set, other)).toBe(set)
        if (isEmptySet(intersection(set, other))) expect(difference(set, other)).toBe(set)
        expect(union(set, nothing)).toBe(set)
        expect(difference(set, nothing)).toBe(set)
      }),
    )
  })

  it('has as leaves the members without members below them', () => {
    fc.assert(
      fc.property(paths, (members) => {
        const all = texts(members)
        const expected = all.filter((text) => !all.some((other) => other.startsWith(`${text} `)))
        expect(textsOf(leaves(setOf(members)))).toEqual(new Set(expected))
      }),
    )
  })

  it('keeps by a pattern what it names, with all below, and what leads there', () => {
    const set = setOf([
      ['f:spec'],
      ['f:spec', 'f:list', 'k:{"name":"x"}', 'f:a'],
      ['f:spec', 'f:list', 'k:{"name":"x"}', 'f:b', 'f:c'],
      ['f:status'],
    ])
    const pattern = { 'f:spec': { 'f:list': { '*': { 'f:b': {} } } } }
    expect(onlyMatching(set, pattern)).toEqual({
      'f:spec': { '.': {}, 'f:list': { 'k:{"name":"x"}': { 'f:b': { 'f:c': {} } } } },
    })
  })

  it('is made of named paths', () => {
    expect(setOfPaths(['spec'], ['metadata', 'labels'])).toEqual({ 'f:metadata': { 'f:labels': {} }, 'f:spec': {} })
  })
})

describe('fieldsV1 from a client', () => {
  it('is brought into canonical form and order', () => {
    const sent = {
      'f:spec': {
        'k:{ "protocol" : "TCP", "port" : 80 }': { '.': {} },
        'k:{"port":9,"protocol":"TCP"}': {},
        'f:b': {},
        '.': {},
        'v:1.0': {},
        'i:07': {},
      },
      'f:a': { '.': {} },
    }
    expect(JSON.stringify(parseFieldSet(sent))).toBe(
      '{"f:a":{},"f:spec":{".":{},"f:b":{},"k:{\\"port\\":9,\\"protocol\\":\\"TCP\\"}":{},' +
        '"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{},"v:1":{},"i:7":{}}}',
    )
  })

  it('loses elements of unknown kinds, and `.` at the top', () => {
    expect(parseFieldSet({ '.': {}, 'x:future': {}, 'f:a': { 'q:b': {} } })).toEqual({ 'f:a': {} })
    expect(parseFieldSet(null)).toEqual({})
    expect(parseFieldSet({ 'f:a': null })).toEqual({ 'f:a': {} })
  })

  it.each([
    [{ bad: {} }, 'missing colon: bad'],
    [{ f: {} }, 'key must be 2 characters long:'],
    [{ __proto__: null, 'f:a': { nope: {} } }, 'missing colon: nope'],
    [{ 'i:x': {} }, 'strconv.Atoi: parsing "x": invalid syntax'],
    [{ 'k:[1]': {} }, 'no keys: [1]'],
    [{ 'k:{': {} }, 'JSON'],
    [{ 'f:a': 5 }, 'a number'],
    [[], 'an array'],
  ])('is refused when it is malformed: %j', (json, why) => {
    expect(() => parseFieldSet(json)).toThrow(why)
  })

  it('may name __proto__', () => {
    expect(textsOf(parseFieldSet(JSON.parse('{"f:__proto__":{"f:polluted":{}}}')))).toEqual(
      new Set(['f:__proto__ f:polluted']),
    )
    expect(() => parseFieldSet(JSON.parse('{"__proto__":{}}'))).toThrow('missing colon: __proto__')
  })
})
