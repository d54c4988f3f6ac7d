import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../meta/object.ts'
import { applySchemaDefaults } from './apply-schema-defaults.ts'
import { builtinSchema } from './builtin-schemas.ts'
import { pruneUnknownFields, unknownFieldText } from './prune-unknown-fields.ts'
import { compileStructuralSchema } from './structural-schema.ts'

const { node } = compileStructuralSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        req: { type: 'string' },
        def: { type: 'string', default: 'dd' },
        nuldef: { type: 'string', nullable: true, default: 'dd' },
        nul: { type: 'string', nullable: true },
        arr: { type: 'array', items: { type: 'string' } },
        map: {
          type: 'array',
          items: { type: 'object', properties: { k: { type: 'string' }, l: { type: 'string', default: 'x' } } },
        },
        aptrue: { type: 'object', additionalProperties: true },
        ap: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'string' } } } },
        any: { 'x-kubernetes-preserve-unknown-fields': true },
        keep: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { strict: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        emb: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        obj: { type: 'object', default: {}, properties: { c: { type: 'integer', default: 7 } } },
      },
    },
  },
})

describe('pruneUnknownFields of a custom resource', () => {
  it.each<[JsonObject, string[], JsonObject]>([
    [{ extra: 1, spec: { zzz: 1, req: 'r' } }, ['extra', 'spec.zzz'], { spec: { req: 'r' } }],
    [{ spec: { map: [{ k: 'a', q: 1 }] } }, ['spec.map[0].q'], { spec: { map: [{ k: 'a' }] } }],
    [{ spec: { any: { l: 1 }, keep: { x: { y: 1 } } } }, [], { spec: { any: { l: 1 }, keep: { x: { y: 1 } } } }],
    [
      { spec: { keep: { strict: { a: 'b', c: 1 } } } },
      ['spec.keep.strict.c'],
      { spec: { keep: { strict: { a: 'b' } } } },
    ],
    [{ spec: { aptrue: { x: { a: 1 }, y: 2 } } }, ['spec.aptrue.x.a'], { spec: { aptrue: { x: {}, y: 2 } } }],
    [{ spec: { ap: { 'k.e/y': { a: 'b', z: 1 } } } }, ['spec.ap.k.e/y.z'], { spec: { ap: { 'k.e/y': { a: 'b' } } } }],
    [{ spec: { arr: [{ a: 1 }], req: { a: 1 } } }, ['spec.arr[0].a', 'spec.req.a'], { spec: { arr: [{}], req: {} } }],
    [{ metadata: { name: 'x', foo: 5 } }, ['metadata.foo'], { metadata: { name: 'x' } }],
    [
      { spec: { emb: { apiVersion: 'v1', kind: 'K', metadata: { name: 'n', foo: 1 }, spec: { b: 1 }, x: 1 } } },
      ['spec.emb.metadata.foo', 'spec.emb.spec.b', 'spec.emb.x'],
      { spec: { emb: { apiVersion: 'v1', kind: 'K', metadata: { name: 'n' }, spec: {} } } },
    ],
  ])('of %j removes %j', (object, paths, rest) => {
    expect(pruneUnknownFields(object, node)).toEqual(paths)
    expect(object).toEqual(rest)
  })

  it('removes __proto__ like any other unknown field', () => {
    const object = JSON.parse('{"spec":{"__proto__":{"a":1},"req":"r"}}') as JsonObject
    expect(pruneUnknownFields(object, node)).toEqual(['spec.__proto__'])
    expect(JSON.stringify(object)).toBe('{"spec":{"req":"r"}}')
  })

  it('answers with the same empty list whenever nothing is unknown', () => {
    expect(pruneUnknownFields({ spec: {} }, node)).toBe(pruneUnknownFields({ kind: 'X' }, node))
  })
})

describe('pruneUnknownFields of a built-in kind', () => {
  it('finds unknown fields at any depth and gives the text of the warning', () => {
    const object = {
      spec: { foo: 1, template: { spec: { containers: [{ name: 'c', foo: {} }] } } },
      metadata: { foo: 1 },
    }
    const paths = pruneUnknownFields(object, builtinSchema('apps', 'v1', 'Deployment'))
    expect(paths).toEqual(['spec.foo', 'spec.template.spec.containers[0].foo', 'metadata.foo'])
    expect(unknownFieldText(paths[0] ?? '')).toBe('unknown field "spec.foo"')
  })

  it('keeps free-form content, and drops what is unknown in nested schemas without a word', () => {
    const schema = { type: 'object', foo: 1, items: { type: 'string', bar: 2 }, default: { any: 'thing' } }
    const crd = { spec: { versions: [{ schema: { openAPIV3Schema: { properties: { a: schema } } } }] } }
    const paths = pruneUnknownFields(crd, builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'))
    expect(paths).toEqual(['spec.versions[0].schema.openAPIV3Schema.properties.a.foo'])
    expect(schema).toEqual({ type: 'object', items: { type: 'string' }, default: { any: 'thing' } })
  })
})

function defaulted(spec: JsonObject | null): JsonObject {
  const object: JsonObject = { spec }
  applySchemaDefaults(object, node)
  return object
}

describe('applySchemaDefaults', () => {
  it('fills in defaults, those inside a default too', () => {
    expect(defaulted({})).toEqual({ spec: { def: 'dd', nuldef: 'dd', obj: { c: 7 } } })
    expect(defaulted({ map: [{ k: 'a' }], obj: { c: 1 } })).toMatchObject({
      spec: { map: [{ k: 'a', l: 'x' }], obj: { c: 1 } },
    })
  })

  it('settles nulls: allowed ones stay, others become the default or go', () => {
    expect(defaulted({ def: null, nuldef: null, nul: null, req: null, obj: null })).toEqual({
      spec: { def: 'dd', nuldef: null, nul: null, obj: { c: 7 } },
    })
    expect(defaulted(null)).toEqual({})
  })

  it('never hands out the default itself', () => {
    const first = defaulted({})
    ;(first['spec'] as { obj: JsonObject }).obj['c'] = 99
    expect(defaulted({})).toMatchObject({ spec: { obj: { c: 7 } } })
  })

  it('prunes a default by its own schema', () => {
    const { node } = compileStructuralSchema({
      type: 'object',
      properties: { a: { type: 'object', default: { b: 'x', unknown: 1 }, properties: { b: { type: 'string' } } } },
    })
    const object = {}
    applySchemaDefaults(object, node)
    expect(object).toEqual({ a: { b: 'x' } })
  })

  it('gives a built-in kind what Go always writes', () => {
    const object = { spec: { template: { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } } } }
    applySchemaDefaults(object, builtinSchema('apps', 'v1', 'Deployment'))
    expect(object).toEqual({
      metadata: {},
      spec: {
        strategy: {},
        template: {
          metadata: {},
          spec: { containers: [{ name: 'c', resources: {}, ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
        },
      },
      status: {},
    })
  })

  it('is idempotent', () => {
    const once = defaulted({ map: [{ k: 'a' }] })
    const twice = structuredClone(once)
    applySchemaDefaults(twice, node)
    expect(twice).toEqual(once)
  })
})
