import { describe, expect, it } from 'vitest'
import type { JsonObject, ManagedFieldsEntry } from '../object.ts'
import { fromScaleManagedFields, toScaleManagedFields } from './scale.ts'

const paths = new Map([['apps/v1', ['spec', 'replicas']]])
const entry = (manager: string, spec: JsonObject, more: object = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  apiVersion: 'apps/v1',
  time: '2020-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:spec': spec },
  ...more,
})
const replicas = { 'f:replicas': {} }
const onScale = { apiVersion: 'autoscaling/v1' }
const creator = entry('creator', { 'f:paused': {}, ...replicas })

describe('ownership of the replicas', () => {
  it('is shown by the scale of the object', () => {
    const other = entry('other', { 'f:paused': {} })
    expect(toScaleManagedFields([creator, other], paths)).toEqual([entry('creator', replicas, onScale)])
    expect(toScaleManagedFields([entry('old', replicas, { apiVersion: 'apps/v0' })], paths)).toBeUndefined()
    expect(toScaleManagedFields(undefined, paths)).toBeUndefined()
  })

  it('goes to who scales', () => {
    const scale = [entry('scaler', replicas, { ...onScale, subresource: 'scale' })]
    expect(fromScaleManagedFields({ object: [creator], scale, paths, apiVersion: 'apps/v1' })).toEqual([
      entry('creator', { 'f:paused': {} }),
      entry('scaler', replicas, { subresource: 'scale' }),
    ])
  })

  it('stays where it is when nothing changed', () => {
    const scale = toScaleManagedFields([creator], paths)
    expect(fromScaleManagedFields({ object: [creator], scale, paths, apiVersion: 'apps/v1' })).toEqual([creator])
  })

  it('is taken from one who owned nothing else', () => {
    const object = [entry('only', replicas)]
    const scale = [entry('scaler', replicas, { ...onScale, operation: 'Apply', subresource: 'scale' })]
    expect(fromScaleManagedFields({ object, scale, paths, apiVersion: 'apps/v1' })).toEqual([
      entry('scaler', replicas, { operation: 'Apply', subresource: 'scale' }),
    ])
  })
})
