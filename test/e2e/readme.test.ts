import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { startKubeCluster } from '../support/kube-cluster.ts'
import { prepareCheckout, readmeChapters, runInShell, startReadmeHub } from '../support/readme.ts'

test("the README's way to place workloads on a real cluster works as written", async ({ skip }) => {
  const binaries = kubeBinaries()
  if (!binaries.available) skip(binaries.reason)
  const { tour, placing, agent } = readmeChapters()
  const folder = mkdtempSync(join(tmpdir(), 'atoll-readme-'))
  prepareCheckout(folder)
  const child = await startKubeCluster({ name: 'readme', nodes: 2 })
  const hub = await startReadmeHub(folder, ['--allow-local-dial'])
  try {
    mkdirSync(join(folder, '.kube'))
    copyFileSync(child.kubeconfigPath, join(folder, '.kube', 'config'))
    const { code, output } = await runInShell(`${tour}\n${placing}\n${agent}`, folder)
    expect(output).toContain('Child cluster "east" is ready.')
    expect(output).toContain('deployment "web" successfully rolled out')
    expect(output).toContain('Child cluster "east" is gone.')
    expect(output).toMatch(/atoll agent --hub https:.* --join-token \S+/s)
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
    const kept = await child.request('/apis/apps/v1/deployments')
    expect(kept.text).toContain('"name":"web"')
  } finally {
    await hub.close()
    await child.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
