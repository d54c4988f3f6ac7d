import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { applySchemaDefaults } from './apply-schema-defaults.ts'
import { builtinSchema } from './builtin-schemas.ts'
import { checkTypes } from './check-types.ts'
import { pruneUnknownFields } from './prune-unknown-fields.ts'
import { compileStructuralSchema } from './structural-schema.ts'
import { validateSchema } from './validate-schema.ts'

const spec = {
  type: 'object',
  required: ['req'],
  properties: {
    req: { type: 'string' },
    i: { type: 'integer' },
    i32: { type: 'integer', format: 'int32', minimum: 1, maximum: 10 },
    i64: { type: 'integer', format: 'int64' },
    n: { type: 'number', minimum: 1.5, maximum: 2.5, exclusiveMaximum: true },
    mul: { type: 'number', multipleOf: 0.1 },
    imul: { type: 'integer', multipleOf: 3 },
    s: { type: 'string', minLength: 2, maxLength: 5 },
    pat: { type: 'string', pattern: '^[a-z]+$' },
    en: { type: 'string', enum: ['a', 'b'] },
    enn: { type: 'string', enum: ['a'], nullable: true },
    eni: { type: 'integer', enum: [1, 2] },
    dt: { type: 'string', format: 'date-time' },
    dur: { type: 'string', format: 'duration' },
    uri: { type: 'string', format: 'uri' },
    ip: { type: 'string', format: 'ipv4' },
    by: { type: 'string', format: 'byte' },
    unk: { type: 'string', format: 'nonsense' },
    b: { type: 'boolean' },
    arr: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    map: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 3 } },
      },
    },
    map2: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k', 'l'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string' }, l: { type: 'string', default: 'x' } },
      },
    },
    ios: { 'x-kubernetes-int-or-string': true },
    ap: { type: 'object', additionalProperties: { type: 'integer', maximum: 5 } },
    emb: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    },
    nul: { type: 'string', nullable: true },
    obj: { type: 'object', properties: { a: { type: 'string' }, c: { type: 'integer', default: 7 } } },
    one: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    },
    anyof: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      anyOf: [{ required: ['a'], properties: { a: { pattern: '^x' } } }, { required: ['b'] }],
    },
    allof: { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 5 }] },
    not: { type: 'string', not: { enum: ['no'] } },
  },
}
const { node } = compileStructuralSchema({ type: 'object', required: ['spec'], properties: { spec } })

function errorsOf(object: JsonObject, previous?: JsonObject): string[] {
  const copy = structuredClone(object)
  pruneUnknownFields(copy, node)
  applySchemaDefaults(copy, node)
  return validateSchema(copy, node, previous ? { previous } : {}).map(({ field, message }) => `${field}: ${message}`)
}

function withSpec(fields: JsonObject): JsonObject {
  return { apiVersion: 'ex.io/v1', kind: 'Foo', metadata: { name: 'x' }, spec: { req: 'r', ...fields } }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
}

const big = 99_999_999_999_999_999_999n

/** What kube-apiserver 1.36.1 answers to a create of these fields. */
const verdicts: [JsonObject, string[]][] = [
  [{}, []],
  [{ i: 'x' }, ['spec.i: Invalid value: "string": spec.i in body must be of type integer: "string"']],
  [{ i: true }, ['spec.i: Invalid value: "boolean": spec.i in body must be of type integer: "boolean"']],
  [
    { i: 1.5 },
    [
      'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.i',
    ],
  ],
  [{ i: null }, []],
  [{ i: 1e3 }, []],
  [
    { i: big },
    [
      'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.i',
    ],
  ],
  [
    { i64: big },
    [
      'spec.i64: Invalid value: "float64": spec.i64 in body must be of type int64: "float64"',
      '<nil>: Invalid value: "": Checked value must be of type integer with format int64 in spec.i64',
    ],
  ],
  [{ i64: 9_223_372_036_854_775_807n }, []],
  [
    { i32: 1.5 },
    [
      'spec.i32: Invalid value: "float64": spec.i32 in body must be of type int32: "float64"',
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.i32',
    ],
  ],
  [{ i32: 11 }, ['spec.i32: Invalid value: 11: spec.i32 in body should be less than or equal to 10']],
  [{ i32: 0 }, ['spec.i32: Invalid value: 0: spec.i32 in body should be greater than or equal to 1']],
  [
    { i32: 99_999_999_999 },
    [
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.i32',
      'spec.i32: Invalid value: 99999999999: spec.i32 in body should be less than or equal to 10',
    ],
  ],
  [{ i32: 'x' }, ['spec.i32: Invalid value: "string": spec.i32 in body must be of type integer: "string"']],
  [{ i32: [] }, ['spec.i32: Invalid value: "array": spec.i32 in body must be of type integer: "array"']],
  [{ i32: true }, ['spec.i32: Invalid value: "": spec.i32 in body must be of type int32: ""']],
  [{ n: 2.5 }, ['spec.n: Invalid value: 2.5: spec.n in body should be less than 2.5']],
  [{ n: 1 }, []],
  [{ n: 2 }, ['spec.n: Invalid value: 2: spec.n in body should be less than 2']],
  [{ n: 1_234_567.5 }, ['spec.n: Invalid value: 1.2345675e+06: spec.n in body should be less than 2.5']],
  [{ n: 1e20 }, ['spec.n: Invalid value: 1e+20: spec.n in body should be less than 2.5']],
  [{ mul: 0.25 }, ['spec.mul: Invalid value: 0.25: spec.mul in body should be a multiple of 0.1']],
  [{ mul: 0.3 }, []],
  [{ imul: 4 }, ['spec.imul: Invalid value: 4: spec.imul in body should be a multiple of 3']],
  [{ s: 'a' }, ['spec.s: Invalid value: "a": spec.s in body should be at least 2 chars long']],
  [{ s: 'abcdef' }, ['spec.s: Too long: may not be more than 5 bytes']],
  [{ s: '😀😀😀😀😀' }, []],
  [{ s: { a: 1 } }, ['spec.s: Invalid value: "object": spec.s in body must be of type string: "object"']],
  [{ pat: 'A' }, [`spec.pat: Invalid value: "A": spec.pat in body should match '^[a-z]+$'`]],
  [{ en: 'c' }, ['spec.en: Unsupported value: "c": supported values: "a", "b"']],
  [
    { en: 5 },
    [
      'spec.en: Invalid value: "integer": spec.en in body must be of type string: "integer"',
      'spec.en: Unsupported value: 5: supported values: "a", "b"',
    ],
  ],
  [{ enn: null }, ['spec.enn: Unsupported value: null: supported values: "a"']],
  [{ eni: 3 }, ['spec.eni: Unsupported value: 3: supported values: "1", "2"']],
  [{ dt: 'x' }, ['spec.dt: Invalid value: "x": spec.dt in body must be of type date-time: "x"']],
  [{ dt: 5 }, ['spec.dt: Invalid value: "int64": spec.dt in body must be of type date-time: "int64"']],
  [{ dt: [] }, []],
  [{ dt: {} }, ['spec.dt: Invalid value: "": spec.dt in body must be of type date-time: ""']],
  [{ dur: 'x' }, ['spec.dur: Invalid value: "x": spec.dur in body must be of type duration: "x"']],
  [{ dur: '1h' }, []],
  [{ uri: 'x' }, ['spec.uri: Invalid value: "x": spec.uri in body must be of type uri: "x"']],
  [{ ip: 'x' }, ['spec.ip: Invalid value: "x": spec.ip in body must be of type ipv4: "x"']],
  [{ by: '%%' }, ['spec.by: Invalid value: "%%": spec.by in body must be of type byte: "%%"']],
  [{ unk: 'x' }, []],
  [{ unk: 5 }, ['spec.unk: Invalid value: "integer": spec.unk in body must be of type string: "integer"']],
  [{ b: 'x' }, ['spec.b: Invalid value: "string": spec.b in body must be of type boolean: "string"']],
  [{ arr: [] }, ['spec.arr: Invalid value: 0: spec.arr in body should have at least 1 items']],
  [{ arr: ['a', 'b', 'c'] }, ['spec.arr: Too many: 3: must have at most 2 items']],
  [
    { arr: [1, null] },
    [
      'spec.arr[0]: Invalid value: "integer": spec.arr[0] in body must be of type string: "integer"',
      'spec.arr[1]: Invalid value: "null": spec.arr[1] in body must be of type string: "null"',
    ],
  ],
  [{ arr: {} }, ['spec.arr: Invalid value: "object": spec.arr in body must be of type array: "object"']],
  [{ set: ['a', 'a', 'a'] }, ['spec.set[1]: Duplicate value: "a"']],
  [{ map: [{ k: 'a' }, { k: 'a' }] }, ['spec.map[1]: Duplicate value: {"k":"a"}']],
  [
    { map: [{ v: 5 }] },
    [
      'spec.map[0].v: Invalid value: 5: spec.map[0].v in body should be less than or equal to 3',
      'spec.map[0].k: Required value',
    ],
  ],
  [
    { map: ['x'] },
    [
      'spec.map[0]: Invalid value: "string": spec.map[0] in body must be of type object: "string"',
      'spec.map[0]: Invalid value: "x": must be an object for an array of list-type map',
    ],
  ],
  [{ map2: [{ k: 'a' }, { k: 'a', l: 'x' }] }, ['spec.map2[1]: Duplicate value: {"k":"a","l":"x"}']],
  [{ ios: true }, ['spec.ios: Invalid value: "boolean": spec.ios in body must be of type integer,string: "boolean"']],
  [{ ios: '5%' }, []],
  [{ ios: 1.5 }, ['spec.ios: Invalid value: "number": spec.ios in body must be of type integer,string: "number"']],
  [
    { ap: { x: 6, y: 's', 'z.w/q': 7 } },
    [
      'spec.ap.x: Invalid value: 6: spec.ap.x in body should be less than or equal to 5',
      'spec.ap.y: Invalid value: "string": spec.ap.y in body must be of type integer: "string"',
      'spec.ap.z.w/q: Invalid value: 7: spec.ap.z.w/q in body should be less than or equal to 5',
    ],
  ],
  [{ emb: {} }, ['spec.emb.apiVersion: Required value', 'spec.emb.kind: Required value']],
  [
    { emb: { apiVersion: 'v1', kind: 'K', metadata: { name: 'A/b' }, x: 1 } },
    [`spec.emb.metadata.name: Invalid value: "A/b": may not contain '/'`],
  ],
  [{ nul: null }, []],
  [{ req: null }, ['spec.req: Required value']],
  [{ obj: 'x' }, ['spec.obj: Invalid value: "string": spec.obj in body must be of type object: "string"']],
  [
    { one: {} },
    [
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
      'spec.one.a: Required value',
    ],
  ],
  [
    { one: { a: 'x', b: 'y' } },
    ['<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
  ],
  [
    { anyof: { a: 'y' } },
    [
      '<nil>: Invalid value: "": "spec.anyof" must validate at least one schema (anyOf)',
      `spec.anyof.a: Invalid value: "y": spec.anyof.a in body should match '^x'`,
    ],
  ],
  [
    { anyof: {} },
    [
      '<nil>: Invalid value: "": "spec.anyof" must validate at least one schema (anyOf)',
      'spec.anyof.a: Required value',
    ],
  ],
  [
    { allof: 9 },
    [
      'spec.allof: Invalid value: 9: spec.allof in body should be less than or equal to 5',
      '<nil>: Invalid value: "": "spec.allof" must validate all the schemas (allOf)',
    ],
  ],
  [{ not: 'no' }, ['<nil>: Invalid value: "": "spec.not" must not validate the schema (not)']],
]

describe('validateSchema', () => {
  for (const [fields, expected] of verdicts) {
    it(`judges ${show(fields)} as kube-apiserver does`, () => {
      expect(errorsOf(withSpec(fields))).toEqual(expected)
    })
  }

  it('requires fields of the root', () => {
    expect(errorsOf({ apiVersion: 'ex.io/v1', kind: 'Foo', metadata: { name: 'x' } })).toEqual(['spec: Required value'])
  })

  it('names fields below the path that it is given', () => {
    const { node: status } = compileStructuralSchema({ type: 'object', properties: { replicas: { type: 'integer' } } })
    expect(validateSchema({ replicas: 'x' }, status, { path: 'status' })).toEqual([
      {
        reason: 'FieldValueTypeInvalid',
        field: 'status.replicas',
        message: 'Invalid value: "string": replicas in body must be of type integer: "string"',
      },
    ])
    expect(validateSchema('x', status, { path: 'status' })[0]).toMatchObject({ field: 'status' })
  })

  it('takes names such as __proto__ and constructor for what they are', () => {
    const required = JSON.parse('{"type":"object","required":["__proto__","constructor"]}') as JsonObject
    const { node } = compileStructuralSchema(required)
    expect(validateSchema({}, node).map(({ field }) => field)).toEqual(['__proto__', 'constructor'])
    expect(validateSchema(JSON.parse('{"__proto__":1,"constructor":2}'), node)).toEqual([])
  })

  it('restricts the name where the schema does, and leaves the rest of metadata to others', () => {
    const { node } = compileStructuralSchema({
      type: 'object',
      properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 3 } } } },
    })
    expect(validateSchema({ metadata: { name: 'long name', labels: 5 } }, node)).toEqual([
      { reason: 'FieldValueTooLong', field: 'metadata.name', message: 'Too long: may not be more than 3 bytes' },
    ])
  })

  it('refuses a document that is nested too deeply instead of overflowing the stack', () => {
    const recursive: { -readonly [Key in keyof SchemaNode]: SchemaNode[Key] } = { type: 'object' }
    recursive.additionalProperties = recursive
    let deep: JsonObject = {}
    for (let level = 0; level < 100_000; level++) deep = { a: deep }
    for (const walk of [validateSchema, pruneUnknownFields, applySchemaDefaults]) {
      expect(() => walk(deep, recursive)).toThrow(expect.objectContaining({ code: 400 }))
    }
    let schema: JsonObject = {}
    for (let level = 0; level < 100_000; level++) schema = { not: schema }
    const crd = { spec: { versions: [{ schema: { openAPIV3Schema: schema } }] } }
    const crdSchema = builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')
    expect(() => checkTypes(crd, crdSchema)).toThrow(expect.objectContaining({ code: 400 }))
  })

  it('answers a hostile document with a bounded number of errors', () => {
    const { node } = compileStructuralSchema({ type: 'object', additionalProperties: { type: 'integer' } })
    const document = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 'x']))
    expect(validateSchema(document, node)).toHaveLength(1_000)
  })
})

describe('validateSchema of an update', () => {
  const before = withSpec({ s: 'a', map: [{ k: 'a', v: 5 }], arr: [1], ap: { x: 6 }, set: ['q', 'q'] })

  it('lets pass what was wrong and has not changed', () => {
    expect(errorsOf(withSpec({ ...(before['spec'] as JsonObject), i: 3 }), before)).toEqual([])
  })

  it('reports what was right before, or is new', () => {
    expect(errorsOf(withSpec({ s: 'b' }), before)).toEqual([
      'spec.s: Invalid value: "b": spec.s in body should be at least 2 chars long',
    ])
    expect(errorsOf(withSpec({ ap: { x: 6, y: 7 } }), before)).toEqual([
      'spec.ap.y: Invalid value: 7: spec.ap.y in body should be less than or equal to 5',
    ])
  })

  it('finds the items of a map again by their keys, and those of other lists not at all', () => {
    expect(errorsOf(withSpec({ map: [{ k: 'new' }, { k: 'a', v: 5 }] }), before)).toEqual([])
    expect(errorsOf(withSpec({ map: [{ k: 'new', v: 5 }] }), before)).toHaveLength(1)
    expect(errorsOf(withSpec({ arr: [1, 'b'] }), before)).toHaveLength(1)
  })

  it('checks sets and maps only where they were in order before', () => {
    expect(errorsOf(withSpec({ set: ['q', 'q', 'r', 'r'] }), before)).toEqual([])
    expect(errorsOf(withSpec({ set: ['q', 'q'] }), withSpec({ set: ['q'] }))).toEqual([
      'spec.set[1]: Duplicate value: "q"',
    ])
  })

  it('never forgives embedded objects', () => {
    const object = withSpec({ emb: {} })
    expect(errorsOf(object, object)).toHaveLength(2)
  })
})
