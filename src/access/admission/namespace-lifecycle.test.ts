import { describe, expect, it } from 'vitest'
import { admissionAttributes, admit } from '../testing/admission-request.ts'
import { MemoryReader } from '../testing/memory-reader.ts'
import { createNamespaceLifecycle } from './namespace-lifecycle.ts'

function setUp() {
  const reader = new MemoryReader()
  const put = (name: string, fields: object) =>
    reader.put(
      { logicalCluster: 'one', group: '', resource: 'namespaces', namespace: '', name },
      { metadata: { name }, ...fields },
    )
  put('web', { status: { phase: 'Active' } })
  put('going', { status: { phase: 'Terminating' } })
  put('marked', { metadata: { name: 'marked', deletionTimestamp: '2026-11-21T00:00:00Z' } })
  return createNamespaceLifecycle(reader)
}

describe('NamespaceLifecycle', () => {
  it('lets objects into a namespace that is there, and cluster-scoped ones through', async () => {
    await expect(admit(setUp(), { object: { metadata: { name: 'x' } } })).resolves.toBeDefined()
    await expect(admit(setUp(), { namespace: '', object: { metadata: { name: 'x' } } })).resolves.toBeDefined()
  })

  it.each(['going', 'marked'])('refuses creates in a namespace that is %s', async (namespace) => {
    await expect(admit(setUp(), { namespace, object: { metadata: { name: 'x' } } })).rejects.toMatchObject({
      code: 403,
      message: `configmaps "x" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      status: {
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      },
    })
  })

  it('calls a missing namespace by its name, also one of another workspace', async () => {
    const missing = { code: 404, message: 'namespaces "none" not found' }
    await expect(admit(setUp(), { namespace: 'none', object: { metadata: {} } })).rejects.toMatchObject(missing)
    await expect(admit(setUp(), { logicalCluster: 'two', object: { metadata: {} } })).rejects.toMatchObject({
      code: 404,
    })
  })

  it('leaves updates, deletes, namespaces themselves and local access reviews alone', () => {
    const plugin = setUp()
    expect(plugin.handles(admissionAttributes({ operation: 'UPDATE' }))).toBe(false)
    expect(plugin.handles(admissionAttributes({ operation: 'DELETE' }))).toBe(false)
    expect(plugin.handles(admissionAttributes({ resource: 'namespaces' }))).toBe(false)
    expect(
      plugin.handles(admissionAttributes({ group: 'authorization.k8s.io', resource: 'localsubjectaccessreviews' })),
    ).toBe(false)
  })
})
