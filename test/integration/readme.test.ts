import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareCheckout, readmeChapters, runInShell, startReadmeHub } from '../support/readme.ts'

const notBuilt = 'the hub is not built: run "npm run build"'

test('the README starts with the two commands that do everything', () => {
  const { start, test: testing } = readmeChapters()
  expect([start, testing]).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n'])
})

test(
  'the tour, types for every workspace included, can be pasted line by line',
  { timeout: 120_000 },
  async ({ skip }) => {
    if (!existsSync('dist/bin/atoll.js')) skip(notBuilt)
    const { tour, publishing } = readmeChapters()
    const folder = mkdtempSync(join(tmpdir(), 'atoll-readme-'))
    prepareCheckout(folder)
    const hub = await startReadmeHub(folder)
    try {
      const { code, output } = await runInShell(`${tour}\n${publishing}`, folder)
      expect(output).toContain('Workspace "acme" (type root:universal) is ready to use.')
      expect(output).toContain('deployment.apps/web created')
      expect(output).toContain('No resources found in default namespace.')
      expect(output).toContain('Workspace "beta" is gone.')
      expect(output).toContain('crontab.example.com/nightly created')
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
    } finally {
      await hub.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('the demo ends well', { timeout: 180_000 }, async ({ skip }) => {
  if (!existsSync('dist/bin/atoll.js')) skip(notBuilt)
  const { demo } = readmeChapters()
  const folder = mkdtempSync(join(tmpdir(), 'atoll-readme-'))
  prepareCheckout(folder)
  try {
    const { code, output } = await runInShell(demo, folder)
    expect(output).toMatch(/That was the whole story, in \d+ s\./)
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
