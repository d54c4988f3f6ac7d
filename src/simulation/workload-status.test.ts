import { describe, expect, it } from 'vitest'
import type { ResourceClient } from '../client/client.ts'
import type { KubeObject } from '../meta/object.ts'
import { hashTemplate, isSameTemplate, shortHash } from './template-hash.ts'
import type { WorkloadCondition } from './workload-types.ts'
import { withCondition, writeStatus } from './workload-status.ts'

describe('writeStatus', () => {
  async function write(current: object, wanted: object): Promise<object[]> {
    const written: object[] = []
    const client = {
      update: (object: KubeObject) => {
        written.push(object['status'] as object)
        return Promise.resolve(object)
      },
    } as unknown as ResourceClient<KubeObject>
    await writeStatus(client, { metadata: { name: 'a' }, status: current }, wanted)
    return written
  }

  it('writes only what is new', async () => {
    expect(
      await write({ replicas: 1, conditions: [{ a: 1, b: 2 }] }, { conditions: [{ b: 2, a: 1 }], replicas: 1 }),
    ).toEqual([])
    expect(await write({ replicas: 1 }, { replicas: 2 })).toEqual([{ replicas: 2 }])
  })

  it('takes zero, empty and missing for the same, as servers do', async () => {
    expect(await write({ replicas: 0 }, { replicas: 0, readyReplicas: 0, conditions: [] })).toEqual([])
    expect(await write({ readyReplicas: 2 }, {})).toEqual([{}])
  })
})

it('the transition time of a condition changes only with its status', () => {
  const condition = (status: 'True' | 'False', reason: string) => ({ type: 'Available', status, reason, message: '' })
  const first = withCondition<WorkloadCondition>([], condition('True', 'A'), 'one')
  const second = withCondition(first, condition('True', 'B'), 'two')
  expect(second).toEqual([{ ...condition('True', 'B'), lastTransitionTime: 'one' }])
  expect(withCondition(second, condition('False', 'B'), 'three')[0]?.lastTransitionTime).toBe('three')
  expect(withCondition(second, condition('True', 'B'), 'four')).toEqual(second)
})

describe('templates', () => {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }

  it('are the same whatever the order of their fields and their hash label', () => {
    const labels = { 'pod-template-hash': 'x', app: 'web' }
    const other = { spec: { containers: [{ image: 'i', name: 'c' }] }, metadata: { creationTimestamp: null, labels } }
    expect(isSameTemplate(template, other)).toBe(true)
    expect(hashTemplate(template)).toBe(hashTemplate(other))
  })

  it('have another hash when they differ or collide', () => {
    const other = { ...template, spec: { containers: [{ name: 'c', image: 'j' }] } }
    expect(isSameTemplate(template, other)).toBe(false)
    expect(new Set([hashTemplate(template), hashTemplate(other), hashTemplate(template, 1)]).size).toBe(3)
  })

  it('have hashes that may stand in a name', () => {
    for (const text of ['', 'a', 'ab', '\u{1F600}'])
      expect(shortHash(text)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
  })
})
