import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FieldError } from '../../meta/field-error.ts'
import { nameIsDnsSubdomain } from '../../meta/names.ts'
import { validateObjectMeta } from '../../meta/object-meta-validation.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { OperationContext } from '../resource-definition.ts'
import { applySchemaDefaults } from '../schema/apply-schema-defaults.ts'
import { builtinSchema } from '../schema/builtin-schemas.ts'
import { checkTypes } from '../schema/check-types.ts'
import { pruneUnknownFields } from '../schema/prune-unknown-fields.ts'
import { settleNames } from './accept-names.ts'
import { customResourceDefinitionsDefinition } from './crd-definition.ts'
import type { CrdObject } from './crd-object.ts'
import { crdStrategy } from './crd-strategy.ts'

interface Verdict {
  change: string
  crd: KubeObject
  errors: [string, string, string][]
  warnings?: string[]
}

/** CRDs as they were sent to kube-apiserver 1.36.1, and what it answered. */
const verdicts = JSON.parse(readFileSync(new URL('./testing/crd-verdicts.json', import.meta.url), 'utf8')) as Verdict[]

const nowMs = Date.UTC(2026, 0, 1)

function contextWith(others: readonly KubeObject[] = []): OperationContext {
  return {
    logicalCluster: 'root',
    user: { name: 'admin', groups: [] },
    namespace: '',
    version: 'v1',
    dryRun: false,
    nowMs,
    warn: () => {},
    reader: { get: () => undefined, list: () => others },
  }
}

function decoded(crd: KubeObject): KubeObject {
  const object = structuredClone(crd)
  const schema = builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')
  pruneUnknownFields(object, schema)
  expect(checkTypes(object, schema)).toBe(undefined)
  applySchemaDefaults(object, schema)
  crdStrategy.applyDefaults?.(object, 'v1')
  return object
}

function created(crd: KubeObject, others: readonly KubeObject[] = []): KubeObject {
  const object = decoded(crd)
  crdStrategy.prepareForCreate?.(object, contextWith(others))
  return object
}

function errorsOfCreate(crd: KubeObject): readonly FieldError[] {
  const object = created(crd)
  return [
    ...validateObjectMeta(object.metadata, { namespaced: false, checkName: nameIsDnsSubdomain }),
    ...(crdStrategy.validate?.(object, contextWith()) ?? []),
  ]
}

/** Values that upstream prints in its internal form are not compared. */
function comparable([reason, field, message]: readonly [string, string, string]): string {
  return `${reason} ${field}: ${message.replace(/^Invalid value: \{.*\}: only/, 'Invalid value: {…}: only')}`
}

describe('creating a CustomResourceDefinition', () => {
  for (const { change, crd, errors, warnings } of verdicts) {
    it(`judges ${change} as kube-apiserver does`, () => {
      const found = errorsOfCreate(crd).map(({ reason, field, message }) => comparable([reason, field, message]))
      expect([...found].sort()).toEqual(errors.map(comparable).sort())
      const expected = warnings ?? []
      const texts = crdStrategy.warnings?.(decoded(crd), undefined) ?? []
      expect(texts.filter((text) => expected.includes(text))).toEqual(expected)
    })
  }
})

const crd: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'foos.ex.io', uid: 'u' },
  spec: {
    group: 'ex.io',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo', shortNames: ['fo'], categories: ['all'] },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

const acceptedAt = '2026-01-01T00:00:00Z'

describe('the status of a CustomResourceDefinition', () => {
  it('is established by the write that creates it', () => {
    expect(created(crd)['status']).toEqual({
      conditions: [
        {
          type: 'NamesAccepted',
          status: 'True',
          lastTransitionTime: acceptedAt,
          reason: 'NoConflicts',
          message: 'no conflicts found',
        },
        {
          type: 'Established',
          status: 'True',
          lastTransitionTime: acceptedAt,
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        },
      ],
      acceptedNames: {
        plural: 'foos',
        singular: 'foo',
        kind: 'Foo',
        listKind: 'FooList',
        shortNames: ['fo'],
        categories: ['all'],
      },
      storedVersions: ['v1'],
    })
  })

  it('says which name another CRD of the group has', () => {
    const other = structuredClone(crd) as CrdObject
    other.metadata.name = 'foo2s.ex.io'
    other.spec.names = { plural: 'foo2s', kind: 'Foo', shortNames: ['foo'] }
    // What kube-apiserver 1.36.1 says of such a CRD.
    expect(created(other, [created(crd)])['status']).toEqual({
      conditions: [
        {
          type: 'NamesAccepted',
          status: 'False',
          lastTransitionTime: acceptedAt,
          reason: 'ListKindConflict',
          message: '"FooList" is already in use',
        },
        {
          type: 'Established',
          status: 'False',
          lastTransitionTime: acceptedAt,
          reason: 'NotAccepted',
          message: 'not all names are accepted',
        },
      ],
      acceptedNames: { plural: 'foo2s', kind: '' },
      storedVersions: ['v1'],
    })
  })

  it('gets a name that has become free, and changes for nothing else', () => {
    const first = created(crd) as CrdObject
    const second = structuredClone(crd) as CrdObject
    second.metadata.name = 'foo2s.ex.io'
    second.spec.names = { plural: 'foo2s', kind: 'Foo' }
    const waiting = created(second, [first]) as CrdObject
    const laterMs = nowMs + 60_000
    expect(settleNames(waiting, [first, waiting], laterMs)).toBeUndefined()
    expect(settleNames(first, [first, waiting], laterMs)).toBeUndefined()
    const settled = settleNames(waiting, [waiting], laterMs)
    expect(settled?.acceptedNames).toEqual({ plural: 'foo2s', singular: 'foo', kind: 'Foo', listKind: 'FooList' })
    expect(settled?.conditions?.map(({ status, lastTransitionTime }) => [status, lastTransitionTime])).toEqual([
      ['True', '2026-01-01T00:01:00Z'],
      ['True', '2026-01-01T00:01:00Z'],
    ])
  })

  it('has no conflict with other groups, and none with itself', () => {
    const elsewhere = structuredClone(created(crd)) as CrdObject
    elsewhere.spec.group = 'other.io'
    elsewhere.metadata.name = 'foos.other.io'
    const status = created(crd, [elsewhere, created(crd)])['status'] as CrdObject['status']
    expect(status?.conditions?.every((condition) => condition.status === 'True')).toBe(true)
  })

  function updated(change: (crd: CrdObject) => void, others: readonly KubeObject[] = []) {
    const previous = created(crd)
    const object = structuredClone(previous) as CrdObject
    change(object)
    object.status = previous['status'] as NonNullable<CrdObject['status']>
    const before = JSON.stringify(previous)
    crdStrategy.prepareForUpdate?.(object, previous, contextWith(others))
    expect(JSON.stringify(previous)).toBe(before)
    const errors = crdStrategy.validate?.(object, contextWith(), previous) ?? []
    return { status: object.status, errors: errors.map(({ field, message }) => `${field}: ${message}`) }
  }

  it('stays as it is when nothing changes', () => {
    const { status, errors } = updated(() => {})
    expect(status).toEqual(created(crd)['status'])
    expect(errors).toEqual([])
  })

  it('takes new short names, and keeps the old ones where the new are taken', () => {
    const wish = (object: CrdObject) => (object.spec.names.shortNames = ['f'])
    expect(updated(wish).status.acceptedNames?.shortNames).toEqual(['f'])
    const other = structuredClone(created(crd)) as CrdObject
    other.metadata.name = 'fs.ex.io'
    other.status = { acceptedNames: { plural: 'fs', kind: 'F', shortNames: ['f'] } }
    const { status } = updated(wish, [other])
    expect(status.acceptedNames?.shortNames).toEqual(['fo'])
    expect(status.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['NamesAccepted', 'False', 'ShortNamesConflict'],
      ['Established', 'True', 'InitialNamesAccepted'],
    ])
  })

  it('remembers every version that objects were stored in', () => {
    const v2 = { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }
    const moved = updated(({ spec }) => (spec.versions = [{ ...v2, name: 'v1', storage: false }, v2]))
    expect(moved.status.storedVersions).toEqual(['v1', 'v2'])
    expect(moved.errors).toEqual([])
    expect(updated(({ spec }) => (spec.versions = [v2])).errors).toEqual([
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ])
  })

  it('remembers the version that objects are stored in when a writer of the status names none', () => {
    const forgotten = (storedVersions: string[] | undefined) =>
      (decoded({ ...crd, status: storedVersions && { storedVersions } }) as CrdObject).status?.storedVersions
    expect([undefined, [], ['v0']].map(forgotten)).toEqual([['v1'], ['v1'], ['v0']])
  })

  it('fixes what instances depend on', () => {
    const { errors } = updated(({ spec }) => {
      spec.scope = 'Cluster'
      spec.group = 'other.io'
      spec.names = { ...spec.names, kind: 'Bar', plural: 'bars' }
    })
    expect(errors.filter((error) => error.endsWith('field is immutable')).map((error) => error.split(':')[0])).toEqual([
      'spec.scope',
      'spec.names.kind',
      'spec.group',
      'spec.names.plural',
    ])
  })

  it('says that it is going once it is deleted, and waits for its instances', () => {
    const object = created(crd)
    expect(crdStrategy.holdsDeletion?.(object)).toBe(true)
    object.metadata.deletionTimestamp = '2026-01-02T00:00:00Z'
    crdStrategy.onMarkedForDeletion?.(object)
    crdStrategy.onMarkedForDeletion?.(object)
    expect(crdStrategy.holdsDeletion?.(object)).toBe(false)
    expect(object.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io'])
    expect((object as CrdObject).status?.conditions?.at(-1)).toEqual({
      type: 'Terminating',
      status: 'True',
      lastTransitionTime: '2026-01-02T00:00:00Z',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    })
  })
})

describe('warnings of a CustomResourceDefinition', () => {
  const withRules = structuredClone(crd) as CrdObject
  withRules.spec.versions[0] = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.a > 1' }] } },
  }

  it('say that CEL rules are not enforced, once', () => {
    const warning = 'x-kubernetes-validations rules are stored and published, but this server does not enforce them yet'
    expect(crdStrategy.warnings?.(withRules, undefined)).toEqual([warning])
    expect(crdStrategy.warnings?.(withRules, withRules)).toEqual([])
    expect(crdStrategy.warnings?.(crd, undefined)).toEqual([])
  })
})

it('conversion by webhook is refused for now, in a sentence', () => {
  const webhook = structuredClone(crd) as CrdObject
  webhook.spec.conversion = {
    strategy: 'Webhook',
    webhook: { conversionReviewVersions: ['v1'], clientConfig: { service: { namespace: 'n', name: 's' } } },
  }
  expect(errorsOfCreate(webhook).map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'spec.conversion.strategy: Forbidden: this server cannot convert by webhook yet; use None',
  ])
})

it('a CRD without versions is refused in a sentence', () => {
  const empty = structuredClone(crd)
  empty['spec'] = { group: 'ex.io', scope: 'Namespaced', names: { plural: 'foos', kind: 'Foo' } }
  expect(errorsOfCreate(empty).map(({ field }) => field)).toEqual(['spec.versions', 'status.storedVersions'])
})

it('the definition offers what kube-apiserver offers', () => {
  const { versions, shortNames, categories } = customResourceDefinitionsDefinition
  expect(shortNames).toEqual(['crd', 'crds'])
  expect(categories).toEqual(['api-extensions'])
  expect(
    versions[0]?.columns.map(({ cell }) => cell({ metadata: { name: 'n', creationTimestamp: 't' } }, { nowMs })),
  ).toEqual(['n', 't'])
})
