import { expect, test } from 'vitest'
import type { ObjectMeta } from '../../meta/object.ts'
import type { FeedEvent } from '../../storage/backend.ts'
import { encodeStoredValue } from '../../storage/stored-value.ts'
import { toRequests } from './garbage-collector-controller.ts'

const address = { logicalCluster: 'one', group: '', resource: 'configmaps', namespace: 'app', name: 'a' }
const key = 'o/one//configmaps/app/a'
const store = (metadata: ObjectMeta) => encodeStoredValue(JSON.stringify({ metadata: { name: 'a', ...metadata } }))
const change = (metadata: ObjectMeta, previous?: ObjectMeta): FeedEvent => ({
  type: 'put',
  key,
  revision: 9,
  createRevision: previous ? 5 : 9,
  value: store(metadata),
  previous: previous && { value: store(previous), revision: 5 },
})
const look = [{ logicalCluster: 'one', namespace: 'app', name: 'object//configmaps/a' }]
const deletionTimestamp = '2026-01-01T00:00:00Z'
const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '1-2-3' }]

test.each(['foregroundDeletion', 'orphan'])('an object that is deleted with %s is looked at', (finalizer) => {
  const finalizers = ['example.com/hold', finalizer]
  expect(toRequests(change({ deletionTimestamp, finalizers }, { finalizers }), address)).toEqual(look)
  expect(toRequests(change({ finalizers }, { finalizers }), address)).toEqual([])
})

test('an object that waits for the finalizers of others is not looked at, owned or not', () => {
  const finalizers = ['example.com/hold', 'example.com/orphan', 'orphans']
  expect(toRequests(change({ deletionTimestamp, finalizers }, { finalizers }), address)).toEqual([])
  const metadata = { deletionTimestamp, finalizers, ownerReferences }
  expect(toRequests(change(metadata, { finalizers, ownerReferences }), address)).toEqual([])
})

test('an object that comes with owners is looked at, one that keeps them is not', () => {
  expect(toRequests(change({ ownerReferences }), address)).toEqual(look)
  expect(toRequests(change({ ownerReferences }, { ownerReferences }), address)).toEqual([])
  expect(toRequests(change({}), address)).toEqual([])
})

test('when an object is gone, its dependents are looked for by its uid; what never was an object has none', () => {
  const gone = (value: Uint8Array): FeedEvent => ({
    type: 'delete',
    key,
    revision: 9,
    createRevision: 5,
    value: undefined,
    previous: { value, revision: 5 },
  })
  const request = { logicalCluster: 'one', namespace: '', name: 'uid/4-5-6' }
  expect(toRequests(gone(store({ uid: '4-5-6' })), address)).toEqual([request])
  expect(toRequests(gone(Buffer.from('not an object')), address)).toEqual([])
})
