import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import { namespaceKind } from './namespace.ts'

const { strategy, parts, statusStrategy } = namespaceKind
const context = {} as never

function created(fields: object = {}): KubeObject {
  const namespace: KubeObject = { metadata: { name: 'n' }, ...fields }
  strategy?.applyDefaults?.(namespace, 'v1')
  strategy?.prepareForCreate?.(namespace, context)
  return namespace
}

describe('a Namespace', () => {
  it('is born active, with its name as label and held by its own finalizer', () => {
    expect(created({ status: { phase: 'Terminating' } })).toEqual({
      metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  })

  it('gets its label when a generated name becomes known', () => {
    const namespace: KubeObject = { metadata: { generateName: 'n-' } }
    strategy?.applyDefaults?.(namespace, 'v1')
    expect(namespace.metadata.labels).toBeUndefined()
    namespace.metadata.name = 'n-abc'
    strategy?.canonicalize?.(namespace)
    expect(namespace.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'n-abc' })
  })

  it('loses its finalizer through the finalize subresource alone', () => {
    const before = created()
    const wish = (): KubeObject => ({ metadata: { name: 'n' }, spec: {}, status: {} })
    const updated = wish()
    strategy?.prepareForUpdate?.(updated, before, context)
    expect(strategy?.holdsDeletion?.(updated)).toBe(true)
    const finalized = wish()
    parts?.['finalize']?.prepareForUpdate?.(finalized, before, context)
    expect(strategy?.holdsDeletion?.(finalized)).toBe(false)
    expect(finalized['status']).toEqual(before['status'])
  })

  it('terminates when it is marked, and its status cannot say otherwise', () => {
    const namespace = created()
    strategy?.onMarkedForDeletion?.(namespace)
    expect(namespace['status']).toEqual({ phase: 'Terminating' })
    expect(statusStrategy?.validate?.(namespace, context)).toHaveLength(1)
    namespace.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    expect(statusStrategy?.validate?.(namespace, context)).toHaveLength(0)
  })

  it.each(['default', 'kube-system', 'kube-public'])('cannot be deleted when it is %s', (name) => {
    expect(() => strategy?.beforeDelete?.({ metadata: { name } }, context)).toThrow(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    )
  })
})
