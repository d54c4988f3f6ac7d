import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cpuSeconds, residentMiB } from './cpu-time.ts'
import { type Call, openSession, openStream, runLoad, send, type Target } from './http2-load.ts'
import { startHubServer } from './servers.ts'

const callers = 16
const collection = '/apis/tenancy.kcp.io/v1alpha1/workspaces'
const settleMs = 3_000 // before resident memory is read: what the work left behind is collected
const budget = '256MiB'

const nameOf = (n: number): string => `many-${n}`

function creation(n: number): Call {
  const body = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name: nameOf(n) }, spec: {} }
  return { method: 'POST', path: collection, body: JSON.stringify(body) }
}

/** As many calls as there are workspaces; throws when one is refused. */
async function each(target: Target, count: number, call: (n: number) => Call): Promise<number> {
  let next = 0
  const { calls, errors, seconds } = await runLoad(target, {
    callers,
    seconds: 600,
    next: () => (next < count ? call(next++) : undefined),
  })
  if (calls !== count || errors > 0) throw new Error(`${errors} of ${calls} calls failed, ${count} were wanted`)
  return seconds
}

async function read(target: Target, path: string): Promise<unknown> {
  const session = await openSession(target)
  try {
    return await new Promise((resolve, reject) => {
      const stream = openStream(session, target, { method: 'GET', path })
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      stream.on('error', reject)
    })
  } finally {
    session.close()
  }
}

interface Listed {
  items: { metadata: { name: string }; status?: { phase?: string } }[]
  metadata: { remainingItemCount?: number }
}

async function countLeft(target: Target): Promise<number> {
  const { items, metadata } = (await read(target, `${collection}?limit=1`)) as Listed
  return items.length + (metadata.remainingItemCount ?? 0)
}

/** Deletes one workspace that holds an object with a finalizer that nobody removes, and tells what it says of it. */
async function stuckWorkspace(target: Target, prefix: string): Promise<void> {
  const session = await openSession(target)
  const inside = { ...target, basePath: `${prefix}:${nameOf(0)}` }
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'held', finalizers: ['example.com/hold'] },
  })
  const status = await send(session, inside, { method: 'POST', path: '/api/v1/namespaces/default/configmaps', body })
  session.close()
  if (status !== 201) throw new Error(`the ConfigMap with a finalizer was answered ${status}`)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Many workspaces made through the API, each asked for its discovery, then left alone, then deleted. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { count: { type: 'string', default: '10000' } } })
  const count = Number(values.count)
  const server = await startHubServer(['--memory-budget', budget])
  const target = server.admin
  const { basePath, pids } = target
  const [pid = 0] = pids
  const rows: string[] = []
  const row = (what: string, measured: string, goal: string): void => {
    rows.push(`| ${what} | ${measured} | ${goal} |`)
    console.log(rows.at(-1))
  }
  try {
    row('resident, empty hub', `${residentMiB(pid).toFixed(0)} MiB`, '≤ 120 MiB')
    const cpuBefore = cpuSeconds(pids)
    const createSeconds = await each(target, count, creation)
    const cpuEach = ((cpuSeconds(pids) - cpuBefore) * 1_000) / count
    row(
      `${count} workspaces created`,
      `${(count / createSeconds).toFixed(0)}/s, ${cpuEach.toFixed(2)} CPU-ms each`,
      '≥ 200/s',
    )
    row('resident right after', `${residentMiB(pid).toFixed(0)} MiB`, '< 400 MiB')

    const discoverySeconds = await each(target, count, (n) => ({
      method: 'GET',
      // A path of its own: the load generator puts the base path in front.
      path: `:${nameOf(n)}/apis`,
    }))
    row('each asked for /apis', `${(count / discoverySeconds).toFixed(0)}/s`, 'all 200')
    await pause(settleMs)
    row('resident, idle', `${residentMiB(pid).toFixed(0)} MiB`, '< 400 MiB')

    await stuckWorkspace(target, basePath)
    const startedMs = performance.now()
    const deleteSeconds = await each(target, count, (n) => ({ method: 'DELETE', path: `${collection}/${nameOf(n)}` }))
    row('all asked to go', `${(count / deleteSeconds).toFixed(0)}/s`, '')
    const lastMs = startedMs + 300_000
    let left = await countLeft(target)
    while (left > 1 && performance.now() < lastMs) {
      await pause(250)
      left = await countLeft(target)
    }
    const goneSeconds = (performance.now() - startedMs) / 1_000
    row(`${count - left} of them gone`, `${goneSeconds.toFixed(1)} s`, '< 60 s for 10,000')
    const { status } = (await read(target, `${collection}/${nameOf(0)}`)) as {
      status?: { conditions?: { type: string; message?: string }[] }
    }
    const why = status?.conditions?.find(({ type }) => type === 'WorkspaceContentDeleted')?.message ?? 'nothing'
    row('what the stuck one says', why, 'names the finalizer')
    await pause(settleMs)
    row('resident afterwards', `${residentMiB(pid).toFixed(0)} MiB`, '< 400 MiB')
  } finally {
    await server.close()
  }
  const when = new Date().toISOString()
  mkdirSync('bench/results', { recursive: true })
  const head = `Workspaces, ${when}, Node ${process.version}, ${callers} callers, \`--memory-budget ${budget}\`.`
  const text = [head, '', '| what | measured | goal |', '|---|---|---|', ...rows, ''].join('\n')
  writeFileSync(`bench/results/workspaces-${when.slice(0, 10)}.md`, text)
  return 0
}
