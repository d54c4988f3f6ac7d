import { describe, expect, it } from 'vitest'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import type { CrdObject, CrdVersion } from '../apiextensions/crd-object.ts'
import {
  type OperationContext,
  type ResourceDefinition,
  type ResourceVersion,
  subresourcesIn,
} from '../resource-definition.ts'
import { contentKeyOf, customResourceDefinition, openApiSchemaOf } from './custom-resource-definition.ts'

const specSchema: JsonObject = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    s: { type: 'string', maxLength: 5 },
    i: { type: 'integer' },
    n: { type: 'number' },
    b: { type: 'boolean' },
    d: { type: 'string' },
    ed: { type: 'string' },
    o: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    a: { type: 'array', items: { type: 'string' } },
    nul: { type: 'string', nullable: true },
    c: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  },
}
const statusSchema: JsonObject = {
  type: 'object',
  properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
}
const schema: JsonObject = { type: 'object', properties: { spec: specSchema, status: statusSchema } }

function version(changes: Partial<CrdVersion> = {}): CrdVersion {
  return { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...changes }
}

function crdWith(versions: CrdVersion[], metadata: KubeObject['metadata'] = { generation: 1 }): CrdObject {
  const names = {
    plural: 'cols',
    singular: 'col',
    kind: 'Col',
    listKind: 'ColList',
    shortNames: ['co'],
    categories: ['all'],
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'cols.ex.io', ...metadata },
    spec: { group: 'ex.io', scope: 'Namespaced', names, versions },
    status: { acceptedNames: names, storedVersions: ['v1'] },
  }
}

function only(definition: ResourceDefinition): ResourceVersion {
  const [first] = definition.versions
  if (!first) throw new Error('no version is served')
  return first
}

const context = (name = 'v1'): OperationContext => ({
  logicalCluster: 'root',
  user: { name: 'u', groups: [] },
  namespace: 'default',
  version: name,
  dryRun: false,
  nowMs: 0,
  warn: () => {},
  reader: { get: () => undefined, list: () => [] },
})

const scale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
}

describe('customResourceDefinition', () => {
  it('is the same for CRDs of the same content, wherever they are', () => {
    const one = customResourceDefinition(crdWith([version()], { uid: 'a', resourceVersion: '1', generation: 1 }))
    const other = customResourceDefinition(crdWith([version()], { uid: 'b', resourceVersion: '2', generation: 1 }))
    expect(other).toBe(one)
    const different = customResourceDefinition(crdWith([version({ additionalPrinterColumns: [] })]))
    expect(different).not.toBe(one)
    expect(contentKeyOf(different)).not.toBe(contentKeyOf(one))
  })

  it('says what discovery tells', () => {
    expect(customResourceDefinition(crdWith([version()]))).toMatchObject({
      group: 'ex.io',
      resource: 'cols',
      singular: 'col',
      kind: 'Col',
      listKind: 'ColList',
      namespaced: true,
      shortNames: ['co'],
      categories: ['all'],
      storageVersion: 'v1',
      custom: true,
      subresources: [],
      verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    })
  })

  it('serves the served versions, preferred first', () => {
    const names = ['v1beta1', 'v2', 'foo', 'v10', 'v1alpha1', 'v1beta2']
    const versions = names.map((name) => version({ name, storage: name === 'v2', served: name !== 'v1alpha1' }))
    const definition = customResourceDefinition(crdWith(versions))
    expect(definition.versions.map((one) => one.version)).toEqual(['v10', 'v2', 'v1beta2', 'v1beta1', 'foo'])
    expect(definition.storageVersion).toBe('v2')
  })

  it('keeps its identity when its schema changes', () => {
    const before = customResourceDefinition(crdWith([version()]))
    const after = customResourceDefinition(crdWith([version({ schema: { openAPIV3Schema: { type: 'object' } } })]))
    expect(after.identity).toBe(before.identity)
    expect(after.identity).toMatch(/^ex\.io:cols:[A-Za-z0-9_-]+$/)
    const cluster = crdWith([version()])
    cluster.spec.scope = 'Cluster'
    expect(customResourceDefinition(cluster).identity).not.toBe(before.identity)
  })

  it('has the subresources that its versions have', () => {
    const { subresources } = customResourceDefinition(crdWith([version({ subresources: { status: {}, scale } })]))
    expect(subresources.map(({ type }) => type)).toEqual(['status', 'scale'])
    const [, second] = subresources
    if (second?.type !== 'scale') throw new Error('no scale')
    expect(second.scale.specReplicasPath).toEqual(['spec', 'replicas'])
    const object = { metadata: {}, status: { selector: 'a=b' } }
    expect(second.scale.selector?.(object)).toBe('a=b')
    expect(second.scale.selector?.({ metadata: {} })).toBe('')
  })

  it('has the subresources of each version in that version alone', () => {
    const versions = [version({ subresources: { status: {} } }), version({ name: 'v1beta1', storage: false })]
    const definition = customResourceDefinition(crdWith(versions))
    const [main, other] = definition.versions.map((served) =>
      subresourcesIn(definition, served).map(({ name }) => name),
    )
    expect([main, other]).toEqual([['status'], []])
  })

  it('gives up the schema as it was written, for OpenAPI', () => {
    expect(openApiSchemaOf(only(customResourceDefinition(crdWith([version()]))))).toEqual(schema)
  })

  it('warns of deprecated versions, and names a better one', () => {
    const versions = [version(), version({ name: 'v1beta1', storage: false, deprecated: true })]
    const [, old] = customResourceDefinition(crdWith(versions)).versions
    expect(old?.deprecationWarning).toBe('ex.io/v1beta1 Col is deprecated; use ex.io/v1 Col')
    const lonely = customResourceDefinition(crdWith([version({ deprecated: true })]))
    expect(only(lonely).deprecationWarning).toBe('ex.io/v1 Col is deprecated')
    const own = customResourceDefinition(crdWith([version({ deprecated: true, deprecationWarning: 'go away' })]))
    expect(only(own).deprecationWarning).toBe('go away')
  })

  it('takes nothing new while it is being deleted', () => {
    const definition = customResourceDefinition(crdWith([version()], { deletionTimestamp: 'now', generation: 2 }))
    expect(definition.verbs).toEqual(['delete', 'deletecollection', 'get', 'list', 'watch'])
    expect(() => definition.strategy.prepareForCreate?.({ metadata: {} }, context())).toThrow(
      expect.objectContaining({
        code: 403,
        message: 'cols.ex.io is forbidden: create not allowed while custom resource definition is terminating',
      }),
    )
  })
})

describe('columns of a custom resource', () => {
  const path = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath })
  const additionalPrinterColumns = [
    path('S', 'string', '.spec.s'),
    path('I', 'integer', '.spec.i'),
    path('N', 'number', '.spec.n'),
    path('B', 'boolean', '.spec.b'),
    path('D', 'date', '.spec.d'),
    path('IasS', 'string', '.spec.i'),
    path('NasS', 'string', '.spec.n'),
    path('BasS', 'string', '.spec.b'),
    path('ObjS', 'string', '.spec.o'),
    path('ArrS', 'string', '.spec.a'),
    path('ArrEl', 'string', '.spec.a[*]'),
    path('NullS', 'string', '.spec.nul'),
    path('SasI', 'integer', '.spec.s'),
    path('NasI', 'integer', '.spec.n'),
    path('IasN', 'number', '.spec.i'),
    path('IasD', 'date', '.spec.i'),
    { ...path('SasD', 'date', '.spec.s'), description: 'desc', priority: 1, format: 'date' },
    path('Cond', 'string', '.spec.c[?(@.t=="R")].s'),
    path('EmptyD', 'date', '.spec.ed'),
    path('Gone', 'string', '.spec.gone'),
  ]
  const object: KubeObject = {
    metadata: { name: 'x' },
    spec: {
      s: 'str',
      i: 12_345_678_901,
      n: 1_234_567.5,
      b: true,
      d: '2026-01-01T00:00:00Z',
      o: { a: { b: [1, 2.5] }, z: 1 },
      a: ['x', 'y'],
      nul: null,
      c: [
        { t: 'Q', s: 'no' },
        { t: 'R', s: 'yes' },
      ],
      ed: '',
    },
  }

  it('shows what kube-apiserver 1.36.1 shows', () => {
    const { columns } = only(customResourceDefinition(crdWith([version({ additionalPrinterColumns })])))
    const nowMs = Date.parse('2026-11-21T12:00:00Z')
    expect(columns.map(({ cell }) => cell(object, { nowMs }))).toEqual([
      'x',
      'str',
      12_345_678_901,
      1_234_567.5,
      true,
      '324d',
      '12345678901',
      '1.2345675e+06',
      'true',
      '{"a":{"b":[1,2.5]},"z":1}',
      '["x","y"]',
      'x',
      '<no value>',
      null,
      1_234_567,
      12_345_678_901,
      null,
      '<invalid>',
      'yes',
      '<unknown>',
      null,
    ])
    expect(columns[17]).toMatchObject({ name: 'SasD', type: 'date', format: 'date', description: 'desc', priority: 1 })
    expect(columns[1]).toMatchObject({
      format: '',
      description: 'Custom resource definition column (in JSONPath format): .spec.s',
      priority: 0,
    })
  })

  it('shows name and age when the CRD asks for nothing', () => {
    const { columns } = only(customResourceDefinition(crdWith([version()])))
    expect(columns.map(({ name, type, format }) => [name, type, format])).toEqual([
      ['Name', 'string', 'name'],
      ['Age', 'date', ''],
    ])
    const created = { metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' } }
    expect(columns[1]?.cell(created, { nowMs: Date.parse('2026-01-01T00:01:00Z') })).toBe('60s')
  })

  it('finds the values of field selectors', () => {
    const selectableFields = [
      { jsonPath: '.spec.s' },
      { jsonPath: '.spec.i' },
      { jsonPath: '.spec.b' },
      { jsonPath: '.spec.d.e' },
    ]
    const fields = only(customResourceDefinition(crdWith([version({ selectableFields })]))).selectableFields
    expect([...fields].map(([label, valueOf]) => [label, valueOf(object)])).toEqual([
      ['spec.s', 'str'],
      ['spec.i', '12345678901'],
      ['spec.b', 'true'],
      ['spec.d.e', ''],
    ])
  })
})

describe('rules of a custom resource', () => {
  const definition = customResourceDefinition(crdWith([version({ subresources: { status: {}, scale } })]))
  const { strategy } = definition
  const [statusPart] = definition.subresources
  const statusStrategy = statusPart?.type === 'status' ? statusPart.strategy : undefined

  function errorsOf(fields: JsonObject, previous?: JsonObject): string[] {
    const object = { metadata: { name: 'x' }, ...fields }
    const before = previous && { metadata: { name: 'x' }, ...previous }
    return (strategy.validate?.(object, context(), before) ?? []).map(({ field, message }) => `${field}: ${message}`)
  }

  it('validates by the schema of the version, and lets pass what has not changed', () => {
    const long = 'spec.s: Too long: may not be more than 5 bytes'
    expect(errorsOf({ spec: { s: 'longer' } })).toEqual([long])
    expect(errorsOf({ spec: { s: 'longer', i: 1 } }, { spec: { s: 'longer' } })).toEqual([])
    expect(errorsOf({ spec: { s: 'longest' } }, { spec: { s: 'longer' } })).toEqual([long])
  })

  // In the words of kube-apiserver 1.36.1.
  it.each<[JsonObject, string[]]>([
    [{ spec: { replicas: -1 } }, ['.spec.replicas: Invalid value: -1: should be a non-negative integer']],
    [
      { spec: { replicas: 99_999_999_999 } },
      ['.spec.replicas: Invalid value: 99999999999: should be less than or equal to 2147483647'],
    ],
    [
      { spec: { replicas: 'x' } },
      [
        'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
        '.spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64',
      ],
    ],
  ])('judges the scale of %j', (fields, expected) => {
    expect(errorsOf(fields)).toEqual(expected)
  })

  it.each<[unknown, string[]]>([
    [{ replicas: -1 }, ['.status.replicas: Invalid value: -1: should be a non-negative integer']],
    [
      { selector: 5 },
      [
        'status.selector: Invalid value: "integer": selector in body must be of type string: "integer"',
        '.status.selector: Invalid value: "": .status.selector accessor error: 5 is of the type int64, expected string',
      ],
    ],
    [
      5,
      [
        'status: Invalid value: "integer":  in body must be of type object: "integer"',
        '.status.replicas: Invalid value: 0: .status.replicas accessor error: 5 is of the type int64, expected map[string]interface{}',
        '.status.selector: Invalid value: "": .status.selector accessor error: 5 is of the type int64, expected map[string]interface{}',
      ],
    ],
  ])('judges the status %j by itself', (status, expected) => {
    const previous = { metadata: { name: 'x' }, spec: { s: 'longer' } }
    const errors = statusStrategy?.validateUpdate?.({ ...previous, status }, previous, context()) ?? []
    expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected)
  })

  it('warns of finalizers without a domain', () => {
    const object: KubeObject = { metadata: { finalizers: ['foo', 'a.b', 'a.b/c', 'orphan', 'old'] } }
    const reason = 'to avoid accidental conflicts with other finalizer writers'
    expect(strategy.warnings?.(object, { metadata: { finalizers: ['old'] } })).toEqual([
      `metadata.finalizers: "a.b": prefer a domain-qualified finalizer name including a path (/) ${reason}`,
      `metadata.finalizers: "foo": prefer a domain-qualified finalizer name ${reason}`,
    ])
  })
})

describe('versions of a custom resource', () => {
  const narrow: JsonObject = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { s: { type: 'string', default: 'd' } } } },
  }
  const wide: JsonObject = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { s: { type: 'string' }, t: { type: 'string' } } } },
  }
  const of = (name: string, openAPIV3Schema: JsonObject, storage = false) =>
    version({ name, storage, schema: { openAPIV3Schema } })

  it('read and write what they know', () => {
    const [v2, v1] = customResourceDefinition(crdWith([of('v1', narrow, true), of('v2', wide)])).versions
    const stored: KubeObject = { metadata: { name: 'x' }, spec: { s: 'a' } }
    expect(v1?.fromStorage).toBe(undefined)
    expect(v2?.toStorage?.({ metadata: { name: 'x' }, spec: { s: 'a', t: 'b' } })).toEqual(stored)
    expect(v2?.fromStorage?.(stored)).toEqual(stored)
    const back = customResourceDefinition(crdWith([of('v1', narrow), of('v2', wide, true)])).versions[1]
    const wideObject: KubeObject = { metadata: { name: 'x' }, spec: { t: 'b' } }
    expect(back?.fromStorage?.(wideObject)).toEqual({ metadata: { name: 'x' }, spec: { s: 'd' } })
    expect(wideObject).toEqual({ metadata: { name: 'x' }, spec: { t: 'b' } })
  })

  it('show the defaults of a changed schema for what was stored before, and cost nothing otherwise', () => {
    const stored: KubeObject = { metadata: { name: 'x' }, spec: {} }
    const evolved = only(customResourceDefinition(crdWith([of('v1', narrow, true)], { generation: 2 })))
    expect(evolved.fromStorage?.(stored)).toEqual({ metadata: { name: 'x' }, spec: { s: 'd' } })
    expect(only(customResourceDefinition(crdWith([of('v1', narrow, true)]))).fromStorage).toBe(undefined)
    expect(only(customResourceDefinition(crdWith([of('v1', wide, true)], { generation: 2 }))).fromStorage).toBe(
      undefined,
    )
  })
})
