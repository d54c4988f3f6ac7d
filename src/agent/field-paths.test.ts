import { describe, expect, it } from 'vitest'
import type { JsonObject, KubeObject } from '../meta/object.ts'
import { lostPaths, ownedFields, toFieldPaths } from './field-paths.ts'

const container = 'k:{"name":"web"}'
const applied: JsonObject = {
  'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/name': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': { 'f:spec': { 'f:containers': { [container]: { '.': {}, 'f:image': {}, 'f:name': {} } } } },
    'f:finalizers': { 'v:"a/b"': {} },
  },
}
const withFields = (fieldsV1: JsonObject, change = {}): KubeObject => ({
  metadata: {
    managedFields: [
      { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:data': {} } },
      { manager: 'atoll', operation: 'Apply', fieldsV1, ...change },
    ],
  },
})

describe('the fields that our apply owns', () => {
  it('are those of our manager’s apply and of nobody else', () => {
    expect(ownedFields(withFields(applied))).toBe(JSON.stringify(applied))
    expect(ownedFields(withFields(applied, { operation: 'Update' }))).toBe('')
    expect(ownedFields(withFields(applied, { subresource: 'status' }))).toBe('')
    expect(ownedFields({ metadata: {} })).toBe('')
  })

  it('read like the fields of a conflict', () => {
    expect(toFieldPaths(JSON.stringify(applied))).toEqual(
      expect.arrayContaining([
        '.metadata.labels.app.kubernetes.io/name',
        '.spec.replicas',
        '.spec.template.spec.containers[name="web"].image',
        '.spec.finalizers[="a/b"]',
      ]),
    )
  })

  it('that are lost are named by their innermost paths', () => {
    const now = structuredClone(applied) as Record<string, Record<string, unknown>>
    delete now['f:spec']?.['f:replicas']
    delete now['f:metadata']
    expect(lostPaths(JSON.stringify(applied), JSON.stringify(now))).toEqual([
      '.metadata.labels.app.kubernetes.io/name',
      '.spec.replicas',
    ])
    expect(lostPaths(JSON.stringify(applied), JSON.stringify(applied))).toEqual([])
    expect(lostPaths(JSON.stringify({ 'f:data': { 'f:a': {} } }), '')).toEqual(['.data.a'])
  })
})
