import { expect, test } from 'vitest'
import { createTargetTable, listTargets } from './target-table.ts'

test('a status stays within the size of an object, however much there is to say', () => {
  const targets = createTargetTable().of('root', 'all')
  for (let index = 0; index < 2_000; index++) {
    const path = `root:${index}`
    const message = 'x'.repeat(100_000)
    const refused = { type: 'Workspace' as const, name: path, crd: 'a.x.io', ready: false, reason: 'Refused', message }
    targets.workspaces.set(`lc${index}`, { path, total: 1, notReady: [refused] })
  }
  const publication = { metadata: { name: 'all' }, spec: { customResourceDefinitions: ['a.x.io'] } }
  const listed = listTargets(targets, publication)
  expect(listed).toMatchObject({ total: 2_000, ready: 0 })
  expect(listed.targets).toHaveLength(500)
  expect(JSON.stringify(listed).length).toBeLessThan(300_000)
})
