import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createNarrator } from '../../src/cli/demo/narrator.ts'
import { type Stage, startStage } from '../../src/cli/demo/stage.ts'
import { tellStory } from '../../src/cli/demo/story.ts'
import { createStrictKubectl, newestKubectl } from '../support/kubectl.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

let folder: TempDir
let stage: Stage
let told = ''

beforeAll(async () => {
  folder = await createTempDir('demo')
  stage = await startStage(folder.path, 'silent')
  // The story checks what it claims, and throws when something is not so.
  await tellStory(
    stage,
    createNarrator((text) => (told += text)),
  )
}, 120_000)
afterAll(async () => {
  await stage?.close()
  await folder?.remove()
})

it('the demo tells its story to the end', () => {
  const chapters = told.match(/^\d+\. .*$/gm)
  expect(chapters).toHaveLength(7)
  expect(told).toMatch(/web +3\/3 .*\n.*kubectl --context west .*\n.*\n.*web +2\/2 /)
  expect(told).toMatch(/Put back after \d+ ms/)
  expect(told).toContain('Child cluster "east" is gone.')
})

it('what the demo prints can be typed afterwards', async () => {
  expect(existsSync(stage.kubeconfigPath)).toBe(true)
  if (newestKubectl() === undefined) return console.warn('SKIPPED in part: no kubectl on PATH')
  const kubectl = createStrictKubectl(stage)
  expect(await kubectl(['--context', 'payments', 'get', 'deployments'])).toMatch(/^web +5\/5 /m)
  expect(await kubectl(['--context', 'shop', 'get', 'databases'])).toMatch(/^orders +postgres/m)
  expect(await kubectl(['--context', 'west', 'get', 'nodes', '--no-headers'])).toMatch(/^node-1 +Ready /m)
})
