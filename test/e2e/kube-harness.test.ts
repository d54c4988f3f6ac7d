import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { startKubeCluster, type KubeCluster } from '../support/kube-cluster.ts'
import { createKubectl, createStrictKubectl, type Kubectl } from '../support/kubectl.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly image: string }[] }
    readonly status: { readonly phase: string }
  }[]
}

describe.skipIf(!binaries.available)('a real cluster with fake nodes', () => {
  let cluster: KubeCluster
  let kubectl: Kubectl
  let must: ReturnType<typeof createStrictKubectl>

  beforeAll(async () => {
    const began = performance.now()
    cluster = await startKubeCluster({ name: 'harness', nodes: 2, users: [{ name: 'visitor' }] })
    console.log(`cluster ready after ${Math.round(performance.now() - began)} ms`)
    kubectl = createKubectl(cluster)
    must = createStrictKubectl(cluster)
  })
  afterAll(async () => {
    await cluster?.close()
  })

  const pods = async () => JSON.parse(await must(['get', 'pods', '-l', 'app=web', '-o', 'json'])) as PodList

  it('runs the pods of a Deployment', async () => {
    await must(['create', 'deployment', 'web', '--image=registry.invalid/web:1', '--replicas=3'])
    await must(['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeoutMs: 90_000 })
    const { items } = await pods()
    expect(items.map((pod) => pod.status.phase)).toEqual(['Running', 'Running', 'Running'])
    expect(items.every((pod) => pod.spec.nodeName?.startsWith('node-'))).toBe(true)
  })

  it('does not finish a rollout while kwok is stopped, and finishes it afterwards', async () => {
    cluster.stopKwok()
    await must(['set', 'image', 'deployment/web', '*=registry.invalid/web:2'])
    const waiting = await eventually(
      async () => (await pods()).items.find((pod) => pod.spec.containers[0]?.image.endsWith(':2') && pod.spec.nodeName),
      { what: 'a pod of the new image is scheduled' },
    )
    expect(waiting.status.phase).toBe('Pending')
    const stuck = await kubectl(['rollout', 'status', 'deployment/web', '--timeout=2s'])
    expect(stuck.code).not.toBe(0)
    expect(stuck.stderr).toContain('timed out')

    cluster.startKwok()
    await must(['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeoutMs: 90_000 })
    const { items } = await eventually(
      async () => {
        const list = await pods()
        return list.items.length === 3 && list
      },
      { what: 'the old pods are gone' },
    )
    expect(items.map((pod) => pod.spec.containers[0]?.image)).toEqual(Array(3).fill('registry.invalid/web:2'))
  })

  it('says in the audit log who deleted what', async () => {
    await must(['delete', 'deployment', 'web', '--wait'])
    const deletions = await cluster.auditEntries({ verb: 'delete', group: 'apps', resource: 'deployments' })
    expect(deletions).toMatchObject([{ user: 'admin', namespace: 'default', name: 'web', code: 200 }])
    expect(deletions[0]?.userAgent).toMatch(/^kubectl/)

    const byController = 'system:serviceaccount:kube-system:replicaset-controller'
    const podDeletions = await cluster.auditEntries({ verb: 'delete', resource: 'pods', user: byController })
    expect(podDeletions).toHaveLength(3)
    expect(await cluster.auditEntries({ verb: 'get' })).toEqual([])
  })

  it('keeps a user without RBAC objects out, and lets the user in whom a binding names', async () => {
    const visitor = createKubectl({ kubeconfigPath: await cluster.writeKubeconfig('visitor') })
    expect(await visitor(['get', 'configmaps'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Forbidden'),
    })
    await must(['create', 'rolebinding', 'visitor', '--clusterrole=view', '--user=visitor'])
    await eventually(async () => (await visitor(['get', 'configmaps'])).code === 0, { what: 'the binding works' })
  })

  it('comes back at the same address with the same data after its API server was stopped or killed', async () => {
    await must(['create', 'configmap', 'keep', '--from-literal=a=1'])
    for (const end of [cluster.stopApiServer, cluster.killApiServer]) {
      await end()
      await expect(cluster.request('/readyz')).rejects.toThrow('ECONNREFUSED')
      await cluster.startApiServer()
      expect(await must(['get', 'configmap', 'keep', '-o', 'jsonpath={.data.a}'])).toBe('1')
    }
    // The controllers have found it again, too.
    await must(['create', 'deployment', 'again', '--image=registry.invalid/again'])
    await must(['rollout', 'status', 'deployment/again', '--timeout=60s'], { timeoutMs: 90_000 })
  })
})

describe.skipIf(!binaries.available)('the judge on the command line', () => {
  const ends: [string, (child: ChildProcess) => void][] = [
    ['Ctrl-C', (child) => child.kill('SIGINT')],
    ['a sudden death', (child) => child.kill('SIGKILL')],
  ]

  it.each(ends)('answers kubectl and leaves neither process nor folder behind after %s', async (_, end) => {
    const { child, kubeconfig, folder, pids } = await startJudgeProcess()
    const kubectl = createStrictKubectl({ kubeconfigPath: kubeconfig })
    await kubectl(['run', 'alone', '--image=registry.invalid/alone'])
    expect(await kubectl(['get', 'pod', 'alone', '-o', 'jsonpath={.status.phase}'])).toBe('Pending')

    const ended = once(child, 'exit')
    end(child)
    await ended
    await eventually(() => !isAlive(pids.etcd) && !isAlive(pids.apiServer), { what: 'the processes are gone' })
    await eventually(() => !existsSync(folder), { what: 'the folder is gone' })
  })
})

/** Starts the command and waits for the line that says how to reach the server. */
async function startJudgeProcess() {
  const script = fileURLToPath(new URL('../support/judge-cli.mjs', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) {
    const told = JSON.parse(line) as { kubeconfig: string; folder: string; pids: { etcd: number; apiServer: number } }
    return { child, ...told }
  }
  throw new Error('the judge ended before it was ready')
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
