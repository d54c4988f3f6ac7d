import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApiStatusError } from '../api-errors.ts'
import { workloadSchema } from '../managed-fields/testing/workload-schema.ts'
import type { Json, JsonObject } from '../object.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'

const patched = (document: JsonObject, patch: Json) => applyStrategicMergePatch(document, patch, workloadSchema)

function codeAndText(document: JsonObject, patch: Json): [number, string] {
  try {
    patched(document, patch)
  } catch (error) {
    if (isApiStatusError(error)) return [error.code, error.message]
    throw error
  }
  throw new Error('it did not fail')
}

const a = { name: 'a', image: 'a:1' }
const b = { name: 'b', image: 'b:1' }
const c = { name: 'c', image: 'c:1' }
const workload = (spec: JsonObject): JsonObject => ({ metadata: { name: 'x' }, spec })

describe('a strategic merge patch', () => {
  it('merges list items by key, and puts new ones in front, where the patch has nothing to compare with', () => {
    const live = workload({ containers: [a, b] })
    expect(patched(live, { spec: { containers: [{ name: 'b', image: 'b:2' }] } })).toEqual(
      workload({ containers: [a, { name: 'b', image: 'b:2' }] }),
    )
    expect(patched(live, { spec: { containers: [c] } })).toEqual(workload({ containers: [c, a, b] }))
  })

  it('merges deep inside items', () => {
    const live = workload({
      containers: [
        {
          ...a,
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
      ],
    })
    const patch = { spec: { containers: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }] } }
    expect(patched(live, patch)).toEqual(
      workload({
        containers: [
          {
            ...a,
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '3' },
            ],
          },
        ],
      }),
    )
  })

  it('removes with null, and deletes and replaces with $patch', () => {
    const live = workload({ replicas: 1, containers: [a, b], nodeSelector: { x: 'y' } })
    expect(patched(live, { spec: { replicas: null, nodeSelector: { $patch: 'delete' } } })).toEqual(
      workload({ containers: [a, b], nodeSelector: {} }),
    )
    expect(patched(live, { spec: { containers: [{ name: 'a', $patch: 'delete' }] } }).spec).toMatchObject({
      containers: [b],
    })
    expect(patched(live, { spec: { containers: [{ $patch: 'replace' }, c] } }).spec).toMatchObject({ containers: [c] })
    expect(patched(live, { spec: { $patch: 'replace', replicas: 3 } })).toEqual(workload({ replicas: 3 }))
  })

  it('drops nulls and items marked for deletion from what is new', () => {
    const patch = {
      spec: {
        volumes: [
          { name: 'v', $patch: 'delete' },
          { name: 'w', emptyDir: { medium: null } },
        ],
      },
    }
    expect(patched(workload({}), patch)).toEqual(workload({ volumes: [{ name: 'w', emptyDir: {} }] }))
  })

  it('merges lists of scalars as sets, and takes out what $deleteFromPrimitiveList names', () => {
    const live: JsonObject = { metadata: { finalizers: ['x', 'y', 'z'] } }
    expect(patched(live, { metadata: { finalizers: ['y', 'n'] } })).toEqual({
      metadata: { finalizers: ['x', 'y', 'n', 'z'] },
    })
    expect(patched(live, { metadata: { '$deleteFromPrimitiveList/finalizers': ['y'] } })).toEqual({
      metadata: { finalizers: ['x', 'z'] },
    })
    expect(patched({ metadata: {} }, { metadata: { '$deleteFromPrimitiveList/finalizers': ['y'] } })).toEqual({
      metadata: {},
    })
  })

  it('orders items as $setElementOrder says, and leaves the others where they were', () => {
    const live = workload({ containers: [a, b, c] })
    const patch = {
      spec: {
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
        containers: [{ name: 'a', image: 'a:2' }],
      },
    }
    expect(patched(live, patch)).toEqual(workload({ containers: [b, c, { name: 'a', image: 'a:2' }] }))
    expect(patched(live, { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } })).toEqual(
      workload({ containers: [b, a, c] }),
    )
  })

  it('keeps only what $retainKeys names', () => {
    const live = workload({
      volumes: [{ name: 'v', emptyDir: {} }],
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    })
    const patch = {
      spec: {
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
        volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'c' } }],
      },
    }
    expect(patched(live, patch)).toEqual(
      workload({ volumes: [{ name: 'v', configMap: { name: 'c' } }], strategy: { type: 'Recreate' } }),
    )
  })

  it('replaces lists and objects without a merge strategy', () => {
    const live = workload({ containers: [{ ...a, args: ['1', '2'] }], settings: { level: 'high', x: 1 } })
    const patch = { spec: { containers: [{ name: 'a', args: ['3'] }], settings: { level: 'low' } } }
    expect(patched(live, patch)).toEqual(workload({ containers: [{ ...a, args: ['3'] }], settings: { level: 'low' } }))
  })

  it.each<[string, Json, [number, string]]>([
    ['no object', [], [400, 'json: cannot unmarshal array into Go value of type map[string]interface {}']],
    [
      'an item without its key',
      { spec: { containers: [{ image: 'x' }] } },
      [500, 'map: map[image:x] does not contain declared merge key: name'],
    ],
    [
      'items of two types',
      { spec: { containers: ['x'] } },
      [500, 'list element types are not identical: [[map[image:a:1 name:a]] [x]]'],
    ],
    ['an unknown directive', { spec: { $patch: 'x' } }, [500, 'unknown patch type: x in map: map[$patch:x]']],
    [
      'an unknown directive of an item',
      { spec: { containers: [{ $patch: 'x', name: 'a' }] } },
      [500, 'unknown patch type: x in map: map[$patch:x name:a]'],
    ],
    [
      '$patch: merge',
      { spec: { containers: [{ $patch: 'merge', name: 'a' }] } },
      [500, 'merging lists cannot yet be specified in the patch'],
    ],
    ['$retainKeys that is no list', { spec: { $retainKeys: 'x' } }, [400, 'invalid patch format of retainKeys']],
    [
      'a field that $retainKeys does not name',
      { spec: { $retainKeys: [], replicas: 1 } },
      [400, 'invalid patch format of retainKeys'],
    ],
    [
      '$setElementOrder without a list',
      { spec: { $setElementOrder: [] } },
      [400, 'invalid patch format of setElementOrder list'],
    ],
    [
      '$setElementOrder that is no list',
      { spec: { '$setElementOrder/containers': 'x' } },
      [500, 'expected a []interface {}, but received a string'],
    ],
    [
      '$deleteFromPrimitiveList without a list',
      { metadata: { $deleteFromPrimitiveList: [] } },
      [400, 'invalid patch format of primitive list'],
    ],
    [
      'items that their order does not name',
      { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] } },
      [500, "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n"],
    ],
    [
      'an order of an unknown list',
      { spec: { '$setElementOrder/nope': [] } },
      [500, 'unable to find api field in struct for the json field "nope"'],
    ],
  ])('is refused for %s', (_, patch, expected) => {
    expect(codeAndText(workload({ containers: [a] }), patch)).toEqual(expected)
  })

  it('refuses lists of lists with 422', () => {
    const [code] = codeAndText({ metadata: { finalizers: [] } }, { metadata: { finalizers: [['x']] } })
    expect(code).toBe(422)
  })

  it('takes a list of many thousand items in reasonable time, however they are repeated', () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({ name: `n${index % 25_000}`, image: 'x' }))
    const { spec } = patched(workload({ containers: many.slice(0, 25_000) }), { spec: { containers: many } })
    expect((spec as { containers: unknown[] }).containers).toHaveLength(25_000)
  }, 5_000)

  const name = fc.constantFrom('a', 'b', 'c')
  const item = fc.record({ name, image: fc.constantFrom('1', '2') }, { requiredKeys: ['name'] })
  const items = fc.uniqueArray(item, { selector: ({ name: key }) => key, maxLength: 3 }) as unknown as fc.Arbitrary<
    Json[]
  >

  it('has every item of both sides once, and does the same when applied again', () => {
    fc.assert(
      fc.property(items, items, (live, change) => {
        const document = workload({ containers: live })
        const patch = { spec: { containers: change } }
        const before = JSON.stringify([document, patch])
        const once = patched(document, patch)
        const namesOf = (list: readonly Json[]) => (list as { name: string }[]).map((entry) => entry.name)
        const names = namesOf((once['spec'] as { containers: Json[] }).containers)
        expect(names).toHaveLength(new Set(names).size)
        expect(new Set(names)).toEqual(new Set(namesOf([...live, ...change])))
        expect(patched(once, patch)).toEqual(once)
        expect(JSON.stringify([document, patch])).toBe(before)
      }),
    )
  })
})
