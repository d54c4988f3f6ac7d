import { describe, expect, it } from 'vitest'
import type { Node, NodeSelectorTerm, Pod, Toleration } from '../workload-types.ts'
import { sampleNode, samplePod } from '../testing/sample-objects.ts'
import { whyNot } from './node-fit.ts'

const container = { name: 'c', image: 'registry.invalid/c' }
const pod = (spec: Partial<Pod['spec']> = {}) => samplePod('p', { spec: { containers: [container], ...spec } })
const asking = (requests: Record<string, string>) => pod({ containers: [{ ...container, resources: { requests } }] })
const affinity = (term: NodeSelectorTerm) =>
  pod({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
  })
const tainted = (effect: string): Partial<Node> => ({ spec: { taints: [{ key: 'k', value: 'v', effect }] } })
const tolerating = (toleration: Toleration) => pod({ tolerations: [toleration] })

describe('whyNot', () => {
  const cases: [string, Pod, Partial<Node>, string | undefined][] = [
    ['an ordinary pod fits', pod(), {}, undefined],
    ['a cordon keeps it away', pod(), { spec: { unschedulable: true } }, 'unschedulable'],
    ['a taint keeps it away', pod(), tainted('NoSchedule'), 'untolerated taint'],
    ['a preference does not', pod(), tainted('PreferNoSchedule'), undefined],
    [
      'a toleration lets it in',
      tolerating({ key: 'k', operator: 'Equal', value: 'v' }),
      tainted('NoExecute'),
      undefined,
    ],
    ['one of another value does not', tolerating({ key: 'k', value: 'w' }), tainted('NoSchedule'), 'untolerated taint'],
    ['one of everything does', tolerating({ operator: 'Exists' }), tainted('NoSchedule'), undefined],
    ['a selector matches labels', pod({ nodeSelector: { zone: 'a' } }), {}, undefined],
    ['and refuses others', pod({ nodeSelector: { zone: 'b' } }), {}, 'affinity/selector'],
    ['In', affinity({ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }), {}, undefined],
    ['NotIn', affinity({ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }), {}, 'affinity'],
    ['Exists', affinity({ matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }), {}, 'affinity'],
    [
      'no label of the prototype',
      affinity({ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }),
      {},
      'affinity',
    ],
    ['a name', affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }), {}, undefined],
    ['an empty term matches nothing', affinity({}), {}, 'affinity'],
    ['requests that fit', asking({ cpu: '1500m', memory: '1Gi' }), {}, undefined],
    ['too much memory', asking({ memory: '5Gi' }), {}, 'Insufficient memory'],
    ['what the node does not have', asking({ 'example.com/gpu': '1' }), {}, 'Insufficient example.com/gpu'],
  ]
  it.each(cases)('%s', (_, wanted, change, reason) => {
    const answer = whyNot(wanted, sampleNode('n', change), [])
    if (reason === undefined) expect(answer).toBeUndefined()
    else expect(answer).toContain(reason)
  })

  it('counts what is there already', () => {
    const others = [asking({ cpu: '1' })]
    expect(whyNot(asking({ cpu: '1' }), sampleNode('n'), others)).toBeUndefined()
    expect(whyNot(asking({ cpu: '1001m' }), sampleNode('n'), others)).toBe('Insufficient cpu')
    expect(whyNot(pod(), sampleNode('n'), Array<Pod>(10).fill(pod()))).toBe('Too many pods')
  })
})
