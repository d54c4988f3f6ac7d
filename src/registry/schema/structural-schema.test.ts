import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../meta/object.ts'
import { objectMetaSchema } from './builtin-schemas.ts'
import { compileStructuralSchema, contentHash } from './structural-schema.ts'

function field(schema: JsonObject) {
  const { node } = compileStructuralSchema({ type: 'object', properties: { f: schema } })
  return node.properties?.get('f')
}

describe('compileStructuralSchema', () => {
  it('compiles equal schemas once', () => {
    const schema: JsonObject = { type: 'object', properties: { a: { type: 'string', description: 'x' } } }
    const first = compileStructuralSchema(schema)
    expect(compileStructuralSchema(structuredClone(schema))).toBe(first)
    expect(first.hash).toBe(contentHash(schema))
    expect(first.hash).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(compileStructuralSchema({ ...schema, description: 'y' }).hash).not.toBe(first.hash)
  })

  it('holds equal parts of a schema once', () => {
    const part = { type: 'object', properties: { a: { type: 'string', maxLength: 5 } } }
    const { node } = compileStructuralSchema({
      type: 'object',
      properties: {
        x: { ...part, description: 'one' },
        y: { ...part, description: 'another' },
        z: { type: 'array', items: part },
      },
    })
    const { x, y, z } = Object.fromEntries(node.properties ?? [])
    expect(x).toBe(y)
    expect(z?.items).toBe(x)
  })

  it('adds what every object has to the root and to embedded objects', () => {
    const { node } = compileStructuralSchema({ type: 'object', properties: { spec: { type: 'object' } } })
    expect([...(node.properties?.keys() ?? [])]).toEqual(['apiVersion', 'kind', 'spec', 'metadata'])
    expect(node.properties?.get('metadata')).toBe(objectMetaSchema())
    const embedded = field({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    })
    expect(embedded?.properties?.get('metadata')).toBe(objectMetaSchema())
  })

  it('keeps the constraints of values', () => {
    expect(
      field({ type: 'integer', format: 'int32', minimum: 1, exclusiveMinimum: true, multipleOf: 2, enum: [1, 3] }),
    ).toMatchObject({
      type: 'integer',
      format: 'int32',
      minimum: 1,
      exclusiveMinimum: true,
      multipleOf: 2,
      enum: [1, 3],
    })
    expect(field({ type: 'string', minLength: 1, maxLength: 2n, pattern: 'x', format: 'unheard-of' })).toMatchObject({
      minLength: 1,
      maxLength: 2,
      pattern: 'x',
      format: undefined,
    })
    const rules = [{ rule: 'self > 1' }]
    expect(field({ type: 'integer', 'x-kubernetes-validations': rules })?.validations).toEqual(rules)
  })

  it('reads both spellings of an integer or a string', () => {
    const anyOf = [{ type: 'integer' }, { type: 'string' }]
    expect(field({ 'x-kubernetes-int-or-string': true, anyOf })).toMatchObject({ type: 'int-or-string' })
    expect(field({ 'x-kubernetes-int-or-string': true, anyOf })?.anyOf).toBe(undefined)
    const allOf = [{ anyOf }, { pattern: 'x' }]
    expect(field({ 'x-kubernetes-int-or-string': true, allOf })?.allOf).toHaveLength(1)
  })

  it('takes properties called __proto__ like others', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"integer"}}}') as JsonObject
    expect(compileStructuralSchema(schema).node.properties?.get('__proto__')?.type).toBe('integer')
  })

  it('refuses schemas that are nested too deeply', () => {
    let schema: JsonObject = { type: 'object' }
    for (let level = 0; level < 1_000; level++) schema = { type: 'object', not: schema }
    expect(() => compileStructuralSchema(schema)).toThrow(expect.objectContaining({ code: 400 }))
  })
})
