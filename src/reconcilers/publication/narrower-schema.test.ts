import { describe, expect, test } from 'vitest'
import { describeNarrowings, narrowings } from './narrower-schema.ts'

const version = (name: string, schema: object = {}, served = true) => ({
  name,
  served,
  schema: { openAPIV3Schema: { type: 'object', ...schema } },
})
const spec = (properties: object, extra: object = {}) => ({ versions: [version('v1', { properties, ...extra })] })
const text = { type: 'string' }

describe('a definition that everything stored still fits', () => {
  test.each<[string, object, object]>([
    ['the same', spec({ a: text }), spec({ a: text })],
    ['with another description', spec({ a: text }), spec({ a: { ...text, description: 'x' } })],
    ['with a field more', spec({ a: text }), spec({ a: text, b: text })],
    ['with a value more', spec({ a: { ...text, enum: ['x'] } }), spec({ a: { ...text, enum: ['x', 'y'] } })],
    [
      'with wider limits',
      spec({ a: { type: 'integer', minimum: 2, maximum: 3 } }),
      spec({ a: { type: 'integer', maximum: 4 } }),
    ],
    ['with fewer required fields', spec({ a: text }, { required: ['a'] }), spec({ a: text })],
    ['that takes any number', spec({ a: { type: 'integer' } }), spec({ a: { type: 'number' } })],
    ['that keeps unknown fields', spec({ a: text }), spec({}, { 'x-kubernetes-preserve-unknown-fields': true })],
    ['with a version more', { versions: [version('v1')] }, { versions: [version('v1'), version('v2')] }],
    [
      'without a version that was not served',
      { versions: [version('v0', {}, false), version('v1')] },
      { versions: [version('v1')] },
    ],
    ['without a limit', spec({ a: { ...text, pattern: 'x' } }), spec({ a: text })],
  ])('%s', (_, before, after) => {
    expect(narrowings(before, after)).toEqual([])
  })
})

describe('a definition that takes less', () => {
  test.each<[string, object, object, string]>([
    ['a field goes', spec({ a: text }), spec({}), 'v1.a goes'],
    [
      'a field deep down goes',
      spec({ a: { type: 'array', items: { type: 'object', properties: { b: text } } } }),
      spec({ a: { type: 'array', items: { type: 'object', properties: {} } } }),
      'v1.a[].b goes',
    ],
    ['a type changes', spec({ a: text }), spec({ a: { type: 'integer' } }), 'v1.a becomes integer'],
    ['a field becomes required', spec({ a: text }), spec({ a: text }, { required: ['a'] }), 'v1.a becomes required'],
    [
      'a value goes',
      spec({ a: { ...text, enum: ['x', 'y'] } }),
      spec({ a: { ...text, enum: ['y'] } }),
      'v1.a may not be "x" any more',
    ],
    ['values are listed', spec({ a: text }), spec({ a: { ...text, enum: ['y'] } }), 'v1.a is limited to 1 values'],
    [
      'a lower limit grows',
      spec({ a: { ...text, minLength: 1 } }),
      spec({ a: { ...text, minLength: 2 } }),
      'v1.a: minLength grows',
    ],
    ['an upper limit comes', spec({ a: text }), spec({ a: { ...text, maxLength: 2 } }), 'v1.a: maxLength shrinks'],
    ['a pattern comes', spec({ a: text }), spec({ a: { ...text, pattern: 'x' } }), 'v1.a: pattern changes'],
    ['null goes', spec({ a: { ...text, nullable: true } }), spec({ a: text }), 'v1.a may not be null any more'],
    [
      'unknown fields go',
      spec({}, { 'x-kubernetes-preserve-unknown-fields': true }),
      spec({}),
      'v1: unknown fields are not kept any more',
    ],
    [
      'a version goes',
      { versions: [version('v1'), version('v2')] },
      { versions: [version('v2')] },
      'version v1 is not served any more',
    ],
    [
      'a version is served no more',
      { versions: [version('v1')] },
      { versions: [version('v1', {}, false)] },
      'version v1 is not served any more',
    ],
  ])('%s', (_, before, after, said) => {
    expect(narrowings(before, after)).toEqual([said])
  })

  test('a field called like something of JavaScript is a field', () => {
    const before = JSON.parse(
      '{"versions":[{"name":"v1","served":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}}}]}',
    ) as object
    expect(narrowings(before, spec({})).sort()).toEqual(['v1.__proto__ goes', 'v1.constructor goes'])
  })

  test('shapes that are none are compared without a crash', () => {
    for (const odd of [null, 1, 'x', [], { versions: 1 }, { versions: [null, 1, { name: 1 }] }]) {
      expect(narrowings(odd, spec({}))).toEqual([])
      expect(narrowings(spec({}), odd)).toEqual(['version v1 is not served any more'])
    }
  })

  test('a long list is cut', () => {
    expect(describeNarrowings(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a; b; c; d; e and 2 more')
  })
})
