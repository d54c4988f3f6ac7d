import { expect, it } from 'vitest'
import type { ObjectMeta } from '../../meta/object.ts'
import { asksForTheSame } from './spec-source.ts'

const metadata: ObjectMeta = { name: 'a', uid: 'u', generation: 1, resourceVersion: '5', labels: { x: '1' } }
const same = (change: ObjectMeta) => asksForTheSame({ metadata }, { metadata: { ...metadata, ...change } })

it('is blind to the status and to what every write changes', () => {
  const before = { metadata, status: { phase: 'A' } }
  const managedFields = [{ manager: 'm', operation: 'Update' as const }]
  const after = { metadata: { ...metadata, resourceVersion: '6', managedFields }, status: { phase: 'B' } }
  expect(asksForTheSame(before, after)).toBe(true)
})

it.each<ObjectMeta>([
  { uid: 'v' },
  { generation: 2 },
  { deletionTimestamp: '2026-01-01T00:00:00Z' },
  { labels: { x: '2' } },
  { annotations: { a: 'b' } },
  { finalizers: ['example.com/f'] },
])('sees %j', (change) => {
  expect(same(change)).toBe(false)
})
