import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cpuSeconds, residentMiB } from './cpu-time.ts'
import { openSession, openStream, runLoad, send, type Target } from './http2-load.ts'
import { percentile } from './percentile.ts'
import { createReport, type Report } from './report.ts'
import { readAdminTarget, startHubProcess } from './servers.ts'

const callers = 16
const namespaces = 10
const settleMs = 3_000
const pageOfKubectl = 500
const rounds = 5
const budget = '256MiB'
const payload = 'x'.repeat(900) // with its metadata, an object of about 1 KB

/** Starts a hub, tells what that took and needs, lets it work, and ends it. */
async function withHub<T>(
  folder: string,
  work: (target: Target, readyMs: number, pid: number) => Promise<T>,
): Promise<T> {
  const hub = await startHubProcess(folder, ['--memory-budget', budget])
  try {
    return await work(readAdminTarget(folder, hub.pid), hub.readyMs, hub.pid)
  } finally {
    await hub.stop()
  }
}

const median = (values: number[]): number =>
  percentile(
    values.sort((a, b) => a - b),
    0.5,
  )

async function measureStarts(report: Report, folder: string, what: string, goalMs: number): Promise<void> {
  const ready: number[] = []
  const cpu: number[] = []
  const resident: number[] = []
  for (let round = 0; round < rounds; round++)
    await withHub(folder, async (_, readyMs, pid) => {
      ready.push(readyMs)
      cpu.push(cpuSeconds([pid]))
      await pause(settleMs)
      resident.push(residentMiB(pid))
    })
  const most = Math.max(...ready)
  report.row(
    `ready, ${what}`,
    `median ${median(ready).toFixed(0)} ms, most ${most.toFixed(0)} ms, ${median(cpu).toFixed(2)} CPU-s`,
    `< ${goalMs} ms`,
  )
  report.row(`resident, ${what}`, `${median(resident).toFixed(0)} MiB`, goalMs < 2_000 ? '≤ 120 MiB' : '≤ 400 MiB')
}

async function fill(folder: string, count: number): Promise<void> {
  await withHub(folder, async (target) => {
    const session = await openSession(target)
    for (let n = 0; n < namespaces; n++) {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `ns-${n}` } })
      await send(session, target, { method: 'POST', path: '/api/v1/namespaces', body })
    }
    session.close()
    let next = 0
    const { errors } = await runLoad(target, {
      callers: callers * 4,
      seconds: 3_600,
      next() {
        if (next >= count) return undefined
        const n = next++
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `config-${n}` }, data: { payload } }
        const path = `/api/v1/namespaces/ns-${n % namespaces}/configmaps`
        return { method: 'POST', path, body: JSON.stringify(object) }
      },
    })
    if (errors > 0) throw new Error(`${errors} creates failed`)
  })
}

/** Lists all ConfigMaps; the answers are counted, not kept. */
async function list(target: Target, limit?: number): Promise<{ objects: number; seconds: number }> {
  const session = await openSession(target)
  const startedMs = performance.now()
  let objects = 0
  let more: string | undefined = ''
  do {
    const query: string = limit === undefined ? '' : `?limit=${limit}&continue=${encodeURIComponent(more)}`
    const page: { objects: number; more: string | undefined } = await new Promise((resolve, reject) => {
      const stream = openStream(session, target, { method: 'GET', path: `/api/v1/configmaps${query}` })
      let found = 0
      let head = ''
      let rest = ''
      stream.on('data', (chunk: Buffer) => {
        if (head.length < 2_000) head += chunk.toString('latin1', 0, 2_000)
        const text = rest + chunk.toString('latin1')
        found += text.split('"payload":"').length - 1
        rest = text.slice(-10)
      })
      stream.on('end', () => resolve({ objects: found, more: /"continue":"([^"]+)"/.exec(head)?.[1] }))
      stream.on('error', reject)
    })
    objects += page.objects
    more = page.more
  } while (more !== undefined && limit !== undefined)
  session.close()
  return { objects, seconds: (performance.now() - startedMs) / 1_000 }
}

/** How long a hub takes to be ready, and what it needs, empty and with many objects. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { objects: { type: 'string', default: '100000' } } })
  const count = Number(values.objects)
  const report = createReport('start', `Start: \`--memory-budget ${budget}\`, ConfigMaps of 1 KB`)
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-'))
  try {
    await withHub(folder, async (_, readyMs) =>
      report.row('ready, first start', `${readyMs.toFixed(0)} ms`, '< 1500 ms'),
    )
    await measureStarts(report, folder, 'empty', 1_500)
    await fill(folder, count)
    await measureStarts(report, folder, `${count} objects`, 2_000)
    await withHub(folder, async (target, _, pid) => {
      const tell = async (what: string, limit?: number) => {
        const { objects, seconds } = await list(target, limit)
        await pause(settleMs)
        report.row(what, `${objects} in ${seconds.toFixed(1)} s, ${residentMiB(pid).toFixed(0)} MiB`, '≤ 400 MiB')
      }
      await tell(`listed by pages of ${pageOfKubectl}`, pageOfKubectl)
      await tell('listed as a whole')
      for (let round = 0; round < 3; round++) await tell('and again')
      await tell(`again by pages of ${pageOfKubectl}`, pageOfKubectl)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  report.save()
  return 0
}
