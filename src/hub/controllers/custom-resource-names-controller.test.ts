import { expect, test } from 'vitest'
import type { FeedEvent } from '../../storage/backend.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import { toRequests } from './custom-resource-names-controller.ts'

const key = 'o/one/apiextensions.k8s.io/customresourcedefinitions//foos.ex.io'
const group = [{ logicalCluster: 'one', namespace: '', name: 'ex.io' }]
const crd = (reason: string) =>
  encodeStoredValue(JSON.stringify({ metadata: { name: 'foos.ex.io' }, status: { conditions: [{ reason }] } }))
const put = (reason: string, before?: string): FeedEvent => ({
  type: 'put',
  key,
  revision: 9,
  createRevision: before ? 5 : 9,
  value: crd(reason),
  previous: before === undefined ? undefined : { value: crd(before), revision: 5 },
})

test('the group is looked at when one of its CRDs changes or goes', () => {
  expect(toRequests(put('NoConflicts', 'NoConflicts'))).toEqual(group)
  const previous = { value: crd('NoConflicts'), revision: 5 }
  const gone: FeedEvent = { type: 'delete', key, revision: 9, createRevision: 5, value: undefined, previous }
  expect(toRequests(gone)).toEqual(group)
})

test('a new CRD is looked at only when it has lost a name', () => {
  expect(toRequests(put('KindConflict'))).toEqual(group)
  expect(toRequests(put('NoConflicts'))).toEqual([])
})

test('other objects are not looked at', () => {
  expect(toRequests({ ...put('KindConflict'), key: 'o/one//configmaps/app/customresourcedefinitions' })).toEqual([])
})
