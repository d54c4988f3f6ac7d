import { describe, expect, it } from 'vitest'
import type { ResourceClient } from '../client/client.ts'
import { conflict } from '../meta/api-errors.ts'
import { claimObjects, ownerRequests } from './claim-objects.ts'
import { createFakeInformer } from './testing/fake-informer.ts'
import { samplePod, sampleReplicaSet } from './testing/sample-objects.ts'
import type { Pod, ReplicaSet } from './workload-types.ts'

const owner = sampleReplicaSet('set', 2, 0)
const reference = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'set',
  uid: 'uid-set',
  controller: true,
  blockOwnerDeletion: true,
}
const foreign = { ...reference, name: 'other', uid: 'uid-other' }
const labels = { app: 'web' }

function claim(pods: readonly Pod[], patch: (name: string, body: unknown) => Pod, from = owner) {
  const client = {
    patch: (name: { name: string }, { body }: { body: unknown }) =>
      Promise.resolve().then(() => patch(name.name, body)),
  } as unknown as ResourceClient<Pod>
  return claimObjects({ owner: from, kind: 'ReplicaSet', informer: createFakeInformer(...pods), client })
}
const never = () => {
  throw new Error('nothing to write')
}

describe('claimObjects', () => {
  it('leaves alone what belongs to others', async () => {
    const own = samplePod('own', { metadata: { labels, ownerReferences: [reference] } })
    const others = samplePod('others', { metadata: { labels, ownerReferences: [foreign] } })
    const unrelated = samplePod('unrelated', { metadata: { labels: { app: 'db' } } })
    expect(await claim([own, others, unrelated], never)).toEqual([own])
  })

  it('adopts an orphan that the selector matches', async () => {
    const orphan = samplePod('orphan', { metadata: { labels, resourceVersion: '7' } })
    const adopted = samplePod('orphan', { metadata: { labels, ownerReferences: [reference] } })
    const claimed = await claim([orphan], (name, body) => {
      expect([name, body]).toEqual([
        'orphan',
        { metadata: { uid: 'uid-orphan', resourceVersion: '7', ownerReferences: [reference] } },
      ])
      return adopted
    })
    expect(claimed).toEqual([adopted])
  })

  it('adopts nothing that is going, and nothing when the owner itself is going', async () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z'
    const going = samplePod('going', { metadata: { labels, deletionTimestamp } })
    expect(await claim([going], never)).toEqual([])
    const ending = sampleReplicaSet('set', 2, 0, { metadata: { deletionTimestamp } })
    expect(await claim([samplePod('orphan', { metadata: { labels } })], never, ending)).toEqual([])
  })

  it('lets go of what the selector no longer matches', async () => {
    const lost = samplePod('lost', { metadata: { labels: {}, ownerReferences: [reference] } })
    const bodies: unknown[] = []
    expect(await claim([lost], (_, body) => (bodies.push(body), lost))).toEqual([])
    expect(bodies).toEqual([{ metadata: { uid: 'uid-lost', ownerReferences: null } }])
  })

  it('leaves a lost race to the next look', async () => {
    const orphan = samplePod('orphan', { metadata: { labels } })
    const refuse = () => {
      throw conflict({ group: '', resource: 'pods' }, 'orphan', 'too late')
    }
    expect(await claim([orphan], refuse)).toEqual([])
  })
})

describe('ownerRequests', () => {
  const toRequests = ownerRequests<Pod, ReplicaSet>('ReplicaSet', createFakeInformer(owner))
  const key = { logicalCluster: '', namespace: 'default', name: 'p' }
  const request = (name: string) => ({ logicalCluster: '', namespace: 'default', name })

  it('asks both owners when an object changes hands', () => {
    const previous = samplePod('p', { metadata: { ownerReferences: [reference] } })
    const object = samplePod('p', { metadata: { ownerReferences: [foreign] } })
    expect(toRequests({ type: 'updated', key, object, previous })).toEqual([request('set'), request('other')])
  })

  it('asks whoever could adopt an orphan, unless it is gone', () => {
    const object = samplePod('p', { metadata: { labels } })
    expect(toRequests({ type: 'added', key, object })).toEqual([request('set')])
    expect(toRequests({ type: 'deleted', key, object })).toEqual([])
  })
})
