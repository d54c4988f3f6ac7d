import { describe, expect, test } from 'vitest'
import { nameIsDnsSubdomain } from './names.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from './object-meta-validation.ts'
import type { ObjectMeta, OwnerReference } from './object.ts'

const rules = { namespaced: true, checkName: nameIsDnsSubdomain }
const texts = (errors: readonly { field: string; message: string }[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`)
const good: ObjectMeta = { name: 'web', namespace: 'shop' }

const owner = (name: string): OwnerReference => ({ apiVersion: 'v1', kind: 'Pod', name, uid: name, controller: true })

describe('metadata of a new object', () => {
  test('ordinary metadata is accepted', () => {
    const meta: ObjectMeta = {
      ...good,
      generateName: 'web-',
      labels: { 'app.kubernetes.io/name': 'web', tier: '' },
      annotations: { 'EXAMPLE.com/Note': 'any text\n' },
      finalizers: ['foregroundDeletion', 'example.com/guard'],
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'u', controller: true }],
      managedFields: [{ manager: 'kubectl', operation: 'Update', fieldsType: 'FieldsV1' }],
    }
    expect(validateObjectMeta(meta, rules)).toEqual([])
  })

  test.each<[string, ObjectMeta, string[]]>([
    [
      'no name and no namespace',
      {},
      ['metadata.name: Required value: name or generateName is required', 'metadata.namespace: Required value'],
    ],
    [
      'a dotted namespace',
      { name: 'a', namespace: 'b.c' },
      ['metadata.namespace: Invalid value: "b.c": must not contain dots'],
    ],
    [
      'a negative generation',
      { ...good, generation: -1 },
      ['metadata.generation: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'annotations beyond 256 KiB in bytes',
      { ...good, annotations: { a: 'é'.repeat(131_072) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'an incomplete owner',
      { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    ],
    [
      'an Event as owner',
      { ...good, ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] },
      [
        'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
      ],
    ],
    [
      'both deletion finalizers',
      { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    ],
    [
      'strange managedFields',
      { ...good, managedFields: [{ manager: 'a\u0000', fieldsType: 'V2', subresource: 's'.repeat(257) }] },
      [
        'metadata.managedFields[0].operation: Invalid value: "": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
        String.raw`metadata.managedFields[0].manager: Invalid value: "a\x00": invalid character U+0000 (at position 1)`,
        'metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes',
      ],
    ],
  ])('%s is refused', (_, meta, expected) => {
    expect(texts(validateObjectMeta(meta, rules))).toEqual(expected)
  })

  test('only one owner controls', () => {
    const errors = validateObjectMeta({ ...good, ownerReferences: [owner('a'), owner('b')] }, rules)
    expect(errors).toHaveLength(1)
    expect(errors[0]?.message).toMatch(
      /Only one reference can have Controller set to true. Found "true" in references for Pod\/a and Pod\/b$/,
    )
  })

  test('a cluster-scoped object has no namespace', () => {
    expect(texts(validateObjectMeta(good, { ...rules, namespaced: false }))).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ])
  })

  test('labels and finalizers are reported at their map or list', () => {
    const errors = validateObjectMeta({ ...good, labels: { 'a b': 'c d' }, finalizers: [''] }, rules)
    expect(errors.map(({ field }) => field)).toEqual([
      'metadata.labels',
      'metadata.labels',
      'metadata.finalizers',
      'metadata.finalizers',
    ])
  })
})

describe('metadata of an update', () => {
  const previous: ObjectMeta = {
    ...good,
    uid: 'u',
    resourceVersion: '7',
    generation: 2,
    creationTimestamp: '2024-01-01T00:00:00Z',
  }

  test('labels, annotations, owners and finalizers may change', () => {
    const meta: ObjectMeta = { ...previous, labels: { a: 'b' }, finalizers: ['a.b/c'], generation: 3 }
    expect(validateObjectMetaUpdate(meta, previous)).toEqual([])
  })

  test('identity may not', () => {
    const meta: ObjectMeta = {
      name: 'other',
      uid: 'v',
      generation: 1,
      creationTimestamp: null,
      deletionTimestamp: '2024-01-02T00:00:00Z',
      deletionGracePeriodSeconds: 0,
    }
    expect(texts(validateObjectMetaUpdate(meta, previous))).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
      'metadata.generation: Invalid value: 1: must not be decremented',
      'metadata.name: Invalid value: "other": field is immutable',
      'metadata.namespace: Invalid value: "": field is immutable',
      'metadata.uid: Invalid value: "v": field is immutable',
      'metadata.creationTimestamp: Invalid value: null: field is immutable',
      'metadata.deletionTimestamp: Invalid value: "2024-01-02T00:00:00Z": field is immutable',
      'metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable',
    ])
  })

  test('an object on its way out takes no new finalizers', () => {
    const terminating: ObjectMeta = { ...previous, deletionTimestamp: '2024-01-02T00:00:00Z', finalizers: ['a/b'] }
    expect(validateObjectMetaUpdate({ ...terminating, finalizers: [] }, terminating)).toEqual([])
    expect(texts(validateObjectMetaUpdate({ ...terminating, finalizers: ['x/d', 'a/b', 'x/c'] }, terminating))).toEqual(
      [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/c", "x/d"}',
      ],
    )
  })
})
