import { describe, expect, test } from 'vitest'
import type { LabelSelectorTerms } from '../../meta/fleet/child-cluster.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import { mayBothSelect } from './overlapping-selectors.ts'

type Selector = NonNullable<Placement['spec']['resourceSelectors']>[number]
const placement = (...resourceSelectors: Selector[]): Placement => ({ metadata: {}, spec: { resourceSelectors } })
const labelled = (labelSelector: LabelSelectorTerms): Selector => ({ kind: 'ConfigMap', labelSelector })

describe('selectors that may meet in one object', () => {
  test.each<[string, Selector, Selector]>([
    ['of one kind', { kind: 'ConfigMap' }, { kind: 'ConfigMap' }],
    ['one of which names a namespace', { kind: 'ConfigMap' }, { kind: 'ConfigMap', namespace: 'a' }],
    ['of different labels', labelled({ matchLabels: { app: 'a' } }), labelled({ matchLabels: { tier: 'b' } })],
    [
      'with a value in common',
      labelled({ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }),
      labelled({ matchExpressions: [{ key: 'app', operator: 'In', values: ['b', 'c'] }] }),
    ],
    [
      'one of which excludes another value',
      labelled({ matchLabels: { app: 'a' } }),
      labelled({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['b'] }] }),
    ],
  ])('are those %s', (_, a, b) => {
    expect(mayBothSelect(placement(a), placement(b))).toBe(true)
    expect(mayBothSelect(placement(b), placement(a))).toBe(true)
  })

  test.each<[string, Selector, Selector]>([
    ['kinds', { kind: 'ConfigMap' }, { kind: 'Secret' }],
    ['groups', { kind: 'Ingress', apiGroup: 'a' }, { kind: 'Ingress', apiGroup: 'b' }],
    ['namespaces', { kind: 'ConfigMap', namespace: 'a' }, { kind: 'ConfigMap', namespace: 'b' }],
    ['values of a label', labelled({ matchLabels: { app: 'a' } }), labelled({ matchLabels: { app: 'b' } })],
    [
      'values, one excluded',
      labelled({ matchLabels: { app: 'a' } }),
      labelled({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }),
    ],
    [
      'opinions on whether a label is there',
      labelled({ matchExpressions: [{ key: 'app', operator: 'Exists' }] }),
      labelled({ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }),
    ],
  ])('are none with different %s', (_, a, b) => {
    expect(mayBothSelect(placement(a), placement(b))).toBe(false)
    expect(mayBothSelect(placement(b), placement(a))).toBe(false)
  })

  test('are none where one Placement selects nothing by itself', () => {
    expect(mayBothSelect(placement({ kind: 'ConfigMap' }), { metadata: {}, spec: {} })).toBe(false)
  })
})
