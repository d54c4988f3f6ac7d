import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareCheckout, readmeBlocks, runInShell, startReadmeHub } from '../support/readme.ts'

test('the README starts with the two commands that do everything', () => {
  expect(readmeBlocks().slice(0, 2)).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n'])
})

test('the tour can be pasted line by line', { timeout: 120_000 }, async ({ skip }) => {
  if (!existsSync('dist/bin/atoll.js')) skip('the hub is not built: run "npm run build"')
  const tour = readmeBlocks()[2] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'atoll-readme-'))
  prepareCheckout(folder)
  const hub = await startReadmeHub(folder)
  try {
    const { code, output } = await runInShell(tour, folder)
    expect(output).toContain('Workspace "acme" (type root:universal) is ready to use.')
    expect(output).toContain('deployment.apps/web created')
    expect(output).toContain('No resources found in default namespace.')
    expect(output).toContain('Workspace "beta" is gone.')
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  } finally {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
