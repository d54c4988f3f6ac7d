import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../object.ts'
import type { SchemaNode } from '../schema.ts'
import { describeProblems, fieldSetOf, readApplied } from './read-applied.ts'
import { configMapSchema, workloadSchema } from './testing/workload-schema.ts'

const problemsOf = (spec: JsonObject) => readApplied({ spec }, workloadSchema).problems

describe('an applied configuration', () => {
  it('speaks about leaves, list items and keys of maps, not about named fields that lead there', () => {
    const applied = {
      metadata: { name: 'x', labels: { a: 'b' }, finalizers: ['f'], ownerReferences: [{ uid: 'u', name: 'n' }] },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: 'b' } },
        containers: [{ name: 'c', args: ['1'], ports: [{ containerPort: 80 }], resources: {} }],
        volumes: [],
        strategy: {},
        paused: null,
      },
    }
    expect(fieldSetOf(applied, workloadSchema)).toEqual({
      'f:metadata': {
        'f:finalizers': { 'v:"f"': {} },
        'f:labels': { 'f:a': {} },
        'f:name': {},
        'f:ownerReferences': { 'k:{"uid":"u"}': {} },
      },
      'f:spec': {
        'f:containers': {
          'k:{"name":"c"}': {
            '.': {},
            'f:args': {},
            'f:name': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            'f:resources': {},
          },
        },
        'f:paused': {},
        'f:replicas': {},
        'f:selector': {},
        'f:strategy': {},
      },
    })
  })

  it('of a kind without a schema has every object on the way as a field', () => {
    expect(
      fieldSetOf({ spec: { a: { b: 1 }, l: [{ c: 1 }] } }, { type: 'object', preserveUnknownFields: true }),
    ).toEqual({
      'f:spec': { '.': {}, 'f:a': { '.': {}, 'f:b': {} }, 'f:l': {} },
    })
  })

  it('knows ObjectMeta although schemas of custom resources do not', () => {
    const schema: SchemaNode = { type: 'object', properties: new Map([['metadata', { type: 'object' }]]) }
    expect(fieldSetOf({ metadata: { finalizers: ['a'], ownerReferences: [{ uid: 'u' }] } }, schema)).toEqual({
      'f:metadata': { 'f:finalizers': { 'v:"a"': {} }, 'f:ownerReferences': { 'k:{"uid":"u"}': {} } },
    })
  })

  it.each<[string, JsonObject, string]>([
    ['an unknown field', { nope: 1 }, '.spec.nope: field not declared in schema'],
    ['a text for a number', { replicas: 'x' }, '.spec.replicas: expected numeric (int or float), got string'],
    ['a number for a flag', { paused: 1 }, '.spec.paused: expected boolean, got &{1}'],
    [
      'a number for a text',
      { settings: { level: 1 } },
      '.spec.settings.level: expected string, got &value.valueUnstructured{Value:1}',
    ],
    ['a list for an object', { settings: ['x'] }, '.spec.settings: expected map, got &{[x]}'],
    ['an object for a list', { containers: { a: 1 } }, '.spec.containers: expected list, got &{map[a:1]}'],
    [
      'an item twice',
      { containers: [{ name: 'a' }, { name: 'a' }] },
      '.spec.containers: duplicate entries for key [name="a"]',
    ],
    [
      'an item twice by a defaulted key',
      { containers: [{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }] },
      '.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
    ],
    [
      'an item without a key',
      { containers: [{ image: 'x' }] },
      '.spec.containers: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
    ],
    [
      'an item that is null',
      { containers: [null] },
      '.spec.containers: element 0: associative list with keys may not have a null element',
    ],
    [
      'an item that is text',
      { containers: ['x'] },
      '.spec.containers: element 0: associative list with keys may not have non-map elements',
    ],
    [
      'a wrong type in an atomic list',
      { containers: [{ name: 'a', args: [1] }] },
      '.spec.containers[name="a"].args[0]: expected string, got &value.valueUnstructured{Value:1}',
    ],
  ])('is refused for %s', (_, spec, problem) => {
    expect(problemsOf(spec)).toEqual([problem])
  })

  it('is refused for several reasons at once', () => {
    const { problems } = readApplied({ data: { a: 1, b: true } }, configMapSchema)
    expect(describeProblems(problems)).toBe(
      'errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n' +
        '  .data.b: expected string, got &value.valueUnstructured{Value:true}',
    )
  })

  it('may have null anywhere, and any scalar where a format is said', () => {
    expect(problemsOf({ replicas: null, containers: null, selector: null })).toEqual([])
    expect(problemsOf({ containers: [{ name: 'a', resources: { limits: { cpu: 1 } } }] })).toEqual([])
    expect(problemsOf({ strategy: { rollingUpdate: { maxSurge: 1 } } })).toEqual([])
  })

  it('keeps unknown fields below x-kubernetes-preserve-unknown-fields', () => {
    const inner: SchemaNode = { type: 'object', properties: new Map([['known', { type: 'string' }]]) }
    const spec: SchemaNode = { type: 'object', preserveUnknownFields: true, properties: new Map([['inner', inner]]) }
    const schema: SchemaNode = { type: 'object', properties: new Map([['spec', spec]]) }
    expect(readApplied({ spec: { inner: { other: 1 }, more: 1 } }, schema).problems).toEqual([])
  })
})
