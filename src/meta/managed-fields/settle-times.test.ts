import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../object.ts'
import { settleTimes } from './settle-times.ts'

const object = (time: string, data: object = {}, manager = 'm'): KubeObject => ({
  metadata: {
    name: 'x',
    managedFields: [{ manager, operation: 'Apply', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1: {} }],
  },
  data,
})
const [then, now] = ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z']
const timeAfter = (live: KubeObject, updated: KubeObject) => {
  settleTimes(live, updated)
  return updated.metadata.managedFields?.[0]?.time
}

describe('a new time in managedFields', () => {
  it('is taken back when nothing else has changed', () => {
    expect(timeAfter(object(then), object(now))).toBe(then)
  })

  it('stays when the object, or who owns it, has changed', () => {
    expect(timeAfter(object(then), object(now, { a: 1 }))).toBe(now)
    expect(timeAfter(object(then), object(now, {}, 'other'))).toBe(now)
    expect(timeAfter({ metadata: { name: 'x' }, data: {} }, object(now))).toBe(now)
  })
})
