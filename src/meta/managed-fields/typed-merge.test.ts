import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../object.ts'
import { fieldSetOf } from './read-applied.ts'
import { isSubset } from './field-set.ts'
import { mergeObjects } from './typed-merge.ts'
import { workloadSchema } from './testing/workload-schema.ts'

const merged = (live: JsonObject, applied: JsonObject) =>
  mergeObjects({ spec: live }, { spec: applied }, workloadSchema)['spec']
const named = (...names: string[]) => names.map((name) => ({ name }))
const order = (live: string[], applied: string[]) => {
  const { containers } = merged({ containers: named(...live) }, { containers: named(...applied) }) as {
    containers: { name: string }[]
  }
  return containers.map(({ name }) => name).join('')
}

describe('laying a configuration over an object', () => {
  it('changes leaves and removes nothing', () => {
    expect(merged({ replicas: 1, paused: true, settings: { level: 'a' } }, { replicas: 2, settings: {} })).toEqual({
      replicas: 2,
      paused: true,
      settings: { level: 'a' },
    })
  })

  it('replaces atomic objects and lists, and merges sets and keyed lists', () => {
    const live = {
      nodeSelector: { a: '1' },
      containers: [{ name: 'a', image: 'i', args: ['1'] }],
      selector: { matchLabels: { x: 'y' } },
    }
    const applied = { nodeSelector: { b: '2' }, containers: [{ name: 'a', args: ['2'] }] }
    expect(merged(live, applied)).toEqual({
      nodeSelector: { b: '2' },
      containers: [{ name: 'a', image: 'i', args: ['2'] }],
      selector: { matchLabels: { x: 'y' } },
    })
  })

  it.each([
    [['a', 'b'], ['a', 'b'], 'ab'],
    [['a', 'b'], ['b', 'a'], 'ba'],
    [['a', 'b'], ['c'], 'abc'],
    [['a', 'b', 'c'], ['x', 'b'], 'axbc'],
    [['a', 'b', 'c'], ['c', 'x', 'a'], 'bcxa'],
    [['a', 'x', 'b'], ['b', 'a'], 'xba'],
    [[], ['b', 'a'], 'ba'],
    [['a'], [], 'a'],
  ])('orders items of %j by %j as upstream does: %s', (live, applied, expected) => {
    expect(order(live, applied)).toBe(expected)
  })

  it('leaves an object as it is when null is applied to it', () => {
    expect(merged({ settings: { level: 'a' } }, { settings: null })).toEqual({ settings: { level: 'a' } })
    expect(merged({ settings: {} }, { settings: null })).toEqual({ settings: null })
    expect(merged({ replicas: 1 }, { replicas: null })).toEqual({ replicas: null })
    expect(merged({ containers: named('a') }, { containers: null })).toEqual({ containers: named('a') })
  })

  it('keeps live items that are there twice, unless the configuration has one of them', () => {
    const twice = [{ name: 'a', image: '1' }, { name: 'a', image: '2' }, { name: 'b' }]
    expect(merged({ containers: twice }, { containers: named('c') })).toEqual({ containers: [...twice, { name: 'c' }] })
    expect(merged({ containers: twice }, { containers: [{ name: 'a', image: '3' }] })).toEqual({
      containers: [{ name: 'a', image: '3' }, { name: 'b' }],
    })
  })

  it('is the very live object when the configuration says what is there', () => {
    const live = {
      spec: { replicas: 1, containers: [{ name: 'a', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    }
    expect(
      mergeObjects(live, { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80 }] }] } }, workloadSchema),
    ).toBe(live)
  })

  it('keeps __proto__ as a field', () => {
    const schema = { type: 'object', preserveUnknownFields: true } as const
    const result = mergeObjects(JSON.parse('{"__proto__":{"a":1},"x":1}'), JSON.parse('{"__proto__":{"b":2}}'), schema)
    expect(JSON.stringify(result)).toBe('{"__proto__":{"a":1,"b":2},"x":1}')
    expect(({} as Record<string, unknown>)['b']).toBeUndefined()
  })

  const container = fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('1', '2') },
    { requiredKeys: ['name'] },
  )
  const spec = fc.record(
    {
      replicas: fc.constantFrom(1, 2),
      settings: fc.dictionary(fc.constant('level'), fc.constantFrom('x', 'y')),
      nodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), fc.constant('x')),
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 3 }),
    },
    { requiredKeys: [] },
  ) as unknown as fc.Arbitrary<JsonObject>

  it('has the fields of both, and is the same when done again', () => {
    fc.assert(
      fc.property(spec, spec, (live, applied) => {
        const before = JSON.stringify([live, applied])
        const once = merged(live, applied) as JsonObject
        const fields = fieldSetOf({ spec: once }, workloadSchema)
        expect(isSubset(fieldSetOf({ spec: applied }, workloadSchema), union(fields, applied))).toBe(true)
        expect(merged(once, applied)).toBe(once)
        expect(JSON.stringify([live, applied])).toBe(before)
      }),
    )
  })

  /** An empty object that was applied is a field only while it is empty. */
  function union(fields: ReturnType<typeof fieldSetOf>, applied: JsonObject): ReturnType<typeof fieldSetOf> {
    const { settings } = applied as { settings?: Json }
    const isEmpty = JSON.stringify(settings) === '{}'
    return isEmpty ? { 'f:spec': { ...fields['f:spec'], 'f:settings': {} } } : fields
  }
})
