import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { createClient } from '../src/client/create-client.ts'
import { createHttpTransport } from '../src/client/node/http-transport.ts'
import { readKubeconfig, selectContext, toTransportOptions } from '../src/client/node/kubeconfig.ts'
import { managedLabel, placementLabel } from '../src/meta/fleet/fleet-names.ts'
import { startControlPlane } from '../test/support/control-plane.ts'
import { cpuSeconds, residentMiB } from './cpu-time.ts'
import { openSession, send, type Target } from './http2-load.ts'
import { percentile } from './percentile.ts'
import { createReport } from './report.ts'
import { startHubServer } from './servers.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const warmUp = 250 // deployments before those that count: programs are compiled, connections made
const run = promisify(execFile)

function deployment(name: string): string {
  const labels = { app: name }
  const container = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] }
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { ...labels, [placementLabel]: 'child' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  })
}

/** When each deployment was seen on the child, by its name. */
async function followChild(kubeconfig: string, signal: AbortSignal): Promise<Map<string, number>> {
  const http = createHttpTransport(toTransportOptions(selectContext(readKubeconfig(kubeconfig), kubeconfig)))
  const client = createClient({ transport: http.transport })
  const resource = client.resource({ group: 'apps', version: 'v1', resource: 'deployments' })
  const { metadata } = await resource.list({ labelSelector: managedLabel })
  const seen = new Map<string, number>()
  const { resourceVersion = '' } = metadata
  const follow = async () => {
    for await (const { type, object } of resource.watch({ labelSelector: managedLabel, resourceVersion, signal }))
      if (type === 'ADDED') seen.set(object.metadata.name ?? '', performance.now())
  }
  void follow().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return seen
}

/** Labelled Deployments at a steady rate, from the request to the hub until a watch on a real child shows them. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { count: { type: 'string', default: '3000' }, rate: { type: 'string', default: '50' } },
  })
  const count = Number(values.count)
  const perSecond = Number(values.rate)
  const report = createReport('placement', `Placement: ${count} labelled Deployments, ${perSecond} a second`)
  report.note(
    'The child is kube-apiserver and a durable etcd on the same machine, without controllers, scheduler and kubelets; the time ends when a watch on the child shows the Deployment.',
  )
  const child = await startControlPlane({ name: 'placement', durable: true })
  const hub = await startHubServer(['--allow-local-dial'])
  const watching = new AbortController()
  try {
    const { admin, folder } = hub
    const inside: Target = { ...admin, basePath: '/clusters/root:bench' }
    const session = await openSession(admin)
    await run(process.execPath, [
      'dist/bin/atoll.js',
      '--kubeconfig',
      join(folder, 'admin.kubeconfig'),
      'join',
      'child',
      '--child-kubeconfig',
      child.kubeconfigPath,
    ])
    const placement = {
      apiVersion: 'fleet.atoll.dev/v1alpha1',
      kind: 'Placement',
      metadata: { name: 'child' },
      spec: {},
    }
    const path = '/apis/fleet.atoll.dev/v1alpha1/placements'
    const made = await send(session, inside, { method: 'POST', path, body: JSON.stringify(placement) })
    if (made !== 201) throw new Error(`the Placement was answered ${made}`)
    const seen = await followChild(child.kubeconfigPath, watching.signal)

    const sent = new Map<string, { askedMs: number; answeredMs: number }>()
    const create = async (name: string) => {
      const askedMs = performance.now()
      const status = await send(session, inside, { method: 'POST', path: deployments, body: deployment(name) })
      if (status !== 201) throw new Error(`${name} was answered ${status}`)
      sent.set(name, { askedMs, answeredMs: performance.now() })
    }
    const steadily = async (prefix: string, many: number) => {
      const startedMs = performance.now()
      const creating: Promise<void>[] = []
      for (let n = 0; n < many; n++) {
        await pause(Math.max(0, startedMs + (n * 1_000) / perSecond - performance.now()))
        creating.push(create(`${prefix}-${n}`))
      }
      await Promise.all(creating)
    }
    const pids = { hub: admin.pids, child: Object.values(child.pids()).filter((pid) => pid !== undefined) }
    await steadily('warm', warmUp)
    sent.clear()
    const before = { hub: cpuSeconds(pids.hub), child: cpuSeconds(pids.child) }
    const startedMs = performance.now()
    await steadily('web', count)
    const seconds = (performance.now() - startedMs) / 1_000
    const endMs = performance.now() + 60_000
    while ([...sent.keys()].some((name) => !seen.has(name)) && performance.now() < endMs) await pause(100)
    const used = { hub: cpuSeconds(pids.hub) - before.hub, child: cpuSeconds(pids.child) - before.child }

    const arrived = [...sent].flatMap(([name, at]) => {
      const seenMs = seen.get(name)
      return seenMs === undefined ? [] : [{ ...at, seenMs }]
    })
    const tell = (what: string, took: number[], goal = '') => {
      took.sort((a, b) => a - b)
      const at = (share: number) => `${percentile(took, share).toFixed(1)} ms`
      report.row(what, `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, most ${at(1)}`, goal)
    }
    report.row(
      'arrived',
      `${arrived.length} of ${count}, ${(count / seconds).toFixed(1)}/s sent`,
      `all, ${perSecond}/s`,
    )
    tell(
      'from the answer of the hub to the child',
      arrived.map(({ answeredMs, seenMs }) => seenMs - answeredMs),
      'p50 < 30 ms, p99 < 300 ms',
    )
    tell(
      'from the request to the hub to the child',
      arrived.map(({ askedMs, seenMs }) => seenMs - askedMs),
    )
    tell(
      'the answer of the hub',
      arrived.map(({ askedMs, answeredMs }) => answeredMs - askedMs),
    )
    report.row('CPU of the hub, syncer within', `${((used.hub * 1_000) / count).toFixed(1)} ms each`)
    report.row('CPU of the child', `${((used.child * 1_000) / count).toFixed(1)} ms each`)
    report.row('resident, hub', `${residentMiB(pids.hub[0] ?? 0).toFixed(0)} MiB`)
    session.close()
  } finally {
    watching.abort()
    await hub.close()
    await child.close()
  }
  report.save()
  return 0
}
