import { rmSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addPublishCommand } from './publish.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-publish-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** There is no hub: this ends before one is asked, or by saying that there is none. */
function publish(groups: readonly string[], ...flags: string[]): Promise<unknown> {
  const file = join(folder, 'types.json')
  const items = groups.map((group) => ({ kind: 'CustomResourceDefinition', metadata: { name: 'a' }, spec: { group } }))
  writeFileSync(file, items.map((item) => JSON.stringify(item)).join('\n---\n'))
  const program = new Command().option('--kubeconfig <file>').exitOverride()
  addPublishCommand(program, () => {})
  return program.parseAsync(['--kubeconfig', '/nowhere', 'publish', '-f', file, ...flags], { from: 'user' })
}

const everywhere = ['--to-workspaces', 'root:*']
const noHub = { exitCode: 1, message: expect.stringContaining('there is no kubeconfig') as string }

describe('the name of a Publication', () => {
  test.each([[['a.io']], [['a.io', 'a.io']], [['a.io', 'x.a.io']], [['y.a.io', 'x.a.io']], [['x.y.a.io', 'y.a.io']]])(
    'comes from what the API groups %j have in common',
    async (groups) => {
      await expect(publish(groups, ...everywhere)).rejects.toMatchObject(noHub)
    },
  )

  test.each([[['a.io', 'b.io']], [['a.io', 'xa.io']], [['a.io', '']]])(
    'is asked for when the API groups %j have no domain in common',
    async (groups) => {
      const message = 'the API groups of the CRDs have no domain in common: name the Publication with --name'
      await expect(publish(groups, ...everywhere)).rejects.toMatchObject({ exitCode: 2, message })
      await expect(publish(groups, ...everywhere, '--name', 'types')).rejects.toMatchObject(noHub)
    },
  )
})

test('where to publish to has to be said', async () => {
  const message = 'say where to: --to-workspaces, --to-clusters, or both'
  await expect(publish(['a.io'])).rejects.toMatchObject({ exitCode: 2, message })
})
