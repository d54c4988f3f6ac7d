import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../../../meta/object.ts'
import type { DeleteRequest, ObjectStore, UpdateRequest } from '../../../generic/object-store.ts'
import type { OperationContext } from '../../../resource-definition.ts'
import { builtinDefinitions } from '../../builtin-definitions.ts'
import { podCreates } from './pod-creates.ts'

const definition = builtinDefinitions().find(({ resource }) => resource === 'pods')!

function setUp(pod: KubeObject) {
  const deletes: DeleteRequest[] = []
  const updates: KubeObject[] = []
  const store = {
    update: async (_scope: unknown, request: UpdateRequest) => updates.push(await request.next(pod)),
    delete: (_scope: unknown, request: DeleteRequest) => Promise.resolve(deletes.push(request)),
  } as unknown as ObjectStore
  const creates = podCreates({ store: () => store, definition: () => definition })
  const context = {
    namespace: 'n',
    nowMs: 0,
    dryRun: false,
    user: { name: 'u', groups: [] },
  } as unknown as OperationContext
  const create = (subresource: string, name: string, object: KubeObject) =>
    creates.subresourceCreate.get(`/pods/${subresource}`)!(name, object, context)
  return { create, creates, context, deletes, updates }
}

const binding: KubeObject = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'node-1' } }

describe('binding a pod', () => {
  it('gives it a node and says that it is scheduled', async () => {
    const pod: KubeObject = { metadata: { name: 'p' }, spec: {}, status: { nominatedNodeName: 'x' } }
    const { create, updates } = setUp(pod)
    const annotations = { a: 'b' }
    const answer = await create('binding', 'p', { ...binding, metadata: { name: 'p', annotations } })
    expect(answer).toMatchObject({ kind: 'Status', status: 'Success', code: 201 })
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: '1970-01-01T00:00:00Z' }
    expect(updates).toMatchObject([
      { metadata: { annotations }, spec: { nodeName: 'node-1' }, status: { conditions: [scheduled] } },
    ])
    expect(pod['spec']).toEqual({})
  })

  it.each([
    ['already assigned to node "other"', { spec: { nodeName: 'other' } }],
    ['is being deleted', { metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } }],
    ['has non-empty .spec.schedulingGates', { spec: { schedulingGates: [{ name: 'g' }] } }],
  ])('is a conflict when the pod %s', async (text, fields) => {
    const { create } = setUp({ metadata: { name: 'p' }, ...fields })
    await expect(create('binding', 'p', binding)).rejects.toMatchObject({
      code: 409,
      message: expect.stringContaining(text),
    })
  })

  it('takes a node only, and the name that the URL says', async () => {
    const { create } = setUp({ metadata: { name: 'p' } })
    await expect(create('binding', 'q', binding)).rejects.toMatchObject({ code: 400 })
    await expect(create('binding', 'p', { ...binding, target: { kind: 'Moon' } })).rejects.toMatchObject({ code: 422 })
  })

  it('works through the old collection too', async () => {
    const { creates, context, updates } = setUp({ metadata: { name: 'p' }, spec: {} })
    await creates.virtualCreate.get('/bindings')!(binding, context)
    expect(updates).toHaveLength(1)
  })
})

describe('evicting a pod', () => {
  it('deletes it with the options of the eviction', async () => {
    const { create, deletes } = setUp({ metadata: { name: 'p' } })
    const deleteOptions = { gracePeriodSeconds: 5, dryRun: ['All'], preconditions: { uid: 'u' } }
    await create('eviction', 'p', { metadata: { name: 'p' }, deleteOptions })
    expect(deletes).toMatchObject([
      {
        namespace: 'n',
        name: 'p',
        context: { dryRun: true },
        options: { gracePeriodSeconds: 5, preconditions: { uid: 'u' } },
      },
    ])
  })
})
