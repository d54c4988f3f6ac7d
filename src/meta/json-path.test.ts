import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonPathError } from './json-path-parser.ts'
import { compileJsonPath, formatJsonPathValue } from './json-path.ts'
import type { Json } from './object.ts'

const pod: Json = {
  metadata: { name: 'web', annotations: { 'example.com/note': 'hello', plain: 'x' } },
  spec: {
    replicas: 3,
    containers: [
      { name: 'a', image: 'one', ports: [80, 81] },
      { name: 'b', image: 'two' },
      { name: 'c', image: 'three' },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False', observed: 7 },
    ],
    phase: null,
  },
}

describe('paths of printer columns', () => {
  test.each<[string, Json[]]>([
    ['.metadata.name', ['web']],
    ['{.metadata.name}', ['web']],
    ['$.metadata.name', ['web']],
    ['.spec.replicas', [3]],
    ['.spec.nothing.here', []],
    ['.status.phase', [null]],
    ['.status.phase.x', []],
    [".metadata.annotations['example.com/note']", ['hello']],
    [String.raw`.metadata.annotations['example\.com/note']`, ['hello']],
    [String.raw`.metadata.annotations.example\.com/note`, ['hello']],
    ['.metadata["name"]', ['web']],
    ['.spec.containers[0].name', ['a']],
    ['.spec.containers[-1].name', ['c']],
    ['.spec.containers[9].name', []],
    ['.spec.containers[*].name', ['a', 'b', 'c']],
    ['.spec.containers[0:2].name', ['a', 'b']],
    ['.spec.containers[1:].name', ['b', 'c']],
    ['.spec.containers[::2].name', ['a', 'c']],
    ['.spec.containers[0,2].name', ['a', 'c']],
    [".metadata['name','annotations'].plain", ['x']],
    ['.metadata.annotations.*', ['hello', 'x']],
    ['.spec[0]', []],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Synced')].status", ['False']],
    ['.status.conditions[?(@.type != "Ready")].type', ['Synced']],
    ['.status.conditions[?(@.observed)].type', ['Synced']],
    ['.status.conditions[?(@.observed>6)].type', ['Synced']],
    ['.status.conditions[?(@.observed<=6)].type', []],
    ['.status.conditions[?(@.type=="a)]b")].type', []],
    ['.status.conditions[?(@.type<7)].type', []],
    ['..name', ['web', 'a', 'b', 'c']],
    ['..ports[0]', [80]],
    ['.toString', []],
    ['.__proto__', []],
  ])('%s', (path, values) => {
    expect(compileJsonPath(path)(pod)).toEqual(values)
  })

  test.each([
    ['.a[', 'unterminated array'],
    ['.a[x]', 'invalid array index x'],
    ['.a[]', 'invalid array index '],
    ['.a[::0]', 'step must be > 0'],
    ['.a[?(@.b==1]', 'unterminated filter'],
    ['.a[?(@.b=1)]', 'unrecognized filter operator ='],
    ['spec', 'unrecognized identifier spec'],
    ['.a....b', 'invalid multiple recursive descent'],
    ['.a)', 'unrecognized'],
    ['.'.repeat(10_000), 'the path is too long'],
  ])('%.30s is refused', (path, message) => {
    const compile = (): unknown => compileJsonPath(path)
    if (path === '.a)') expect(compile).not.toThrow()
    else {
      expect(compile).toThrow(JsonPathError)
      expect(compile).toThrow(message)
    }
  })

  test('any text compiles or is a JsonPathError, and any document can be asked', () => {
    const text = fc
      .array(
        fc.constantFrom('.', '..', 'a', '[', ']', '*', '0', ':', ',', "'b'", '[?(', ')]', '@', '==', '"', '\\', ' '),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.jsonValue(), (path, document) => {
        try {
          expect(Array.isArray(compileJsonPath(path)(document as Json))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(JsonPathError)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('depth and repetition end', () => {
    let deep: Json = { name: 'deep' }
    for (let depth = 0; depth < 50_000; depth++) deep = { a: deep }
    expect(compileJsonPath('..name')(deep)).toEqual(['deep'])
    const doubling = `.${'[0,0]'.repeat(60)}`
    let nested: Json = 'x'
    for (let depth = 0; depth < 60; depth++) nested = [nested]
    expect(compileJsonPath(doubling)(nested)).toEqual([])
  })
})

test('found values print as kubectl prints them', () => {
  expect([null, true, 1.5, 12345678901234567n, 'x', { b: [1n] }].map(formatJsonPathValue)).toEqual([
    '<no value>',
    'true',
    '1.5',
    '12345678901234567',
    'x',
    '{"b":[1]}',
  ])
})
