import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { ClientHttp2Session } from 'node:http2'
import { cpuSeconds, residentMiB } from './cpu-time.ts'
import { type Call, openSession, openStream, read, runLoad, send, type Target } from './http2-load.ts'
import { createReport } from './report.ts'
import { startHubServer } from './servers.ts'

const callers = 16
const tenancy = 'tenancy.kcp.io/v1alpha1'
const fleet = 'fleet.atoll.dev/v1alpha1'
const collection = `/apis/${tenancy}/workspaces`
const settleMs = 5_000 // before resident memory is read: what the work left behind is collected
const patienceMs = 300_000
const budget = '256MiB'
const below = '< 400 MiB'

const nameOf = (n: number): string => `many-${n}`
/** One holds an object whose finalizer nobody removes, the other one's is placed on a child cluster that never answers. */
const stuck = 17
const placed = 42

function creation(n: number): Call {
  const body = { apiVersion: tenancy, kind: 'Workspace', metadata: { name: nameOf(n) }, spec: {} }
  return { method: 'POST', path: collection, body: JSON.stringify(body) }
}

/** One call for each number; throws when one is refused. */
async function each(target: Target, from: number, to: number, call: (n: number) => Call): Promise<number> {
  let next = from
  const { calls, errors, seconds } = await runLoad(target, {
    callers,
    seconds: 600,
    next: () => (next < to ? call(next++) : undefined),
  })
  if (calls !== to - from || errors > 0) throw new Error(`${errors} of ${calls} calls failed, ${to - from} were wanted`)
  return seconds
}

interface Workspace {
  metadata: { name: string }
  status?: { phase?: string; conditions?: { type: string; reason?: string; message?: string }[] }
}
interface Listed {
  items: Workspace[]
  metadata: { resourceVersion: string; continue?: string }
}

/** Counts the workspaces that go, from now on: a watch costs the hub less than to ask again and again. */
async function countDeleted(session: ClientHttp2Session, target: Target): Promise<{ deleted: number; close(): void }> {
  const { metadata } = (await read(session, target, `${collection}?limit=1`)) as Listed
  const path = `${collection}?watch=1&resourceVersion=${metadata.resourceVersion}`
  const stream = openStream(session, target, { method: 'GET', path })
  const counted = { deleted: 0, close: () => stream.close() }
  const mark = '"type":"DELETED"'
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1')
    counted.deleted += text.split(mark).length - 1
    rest = text.slice(1 - mark.length)
  })
  stream.on('error', () => {})
  await new Promise((resolve) => stream.once('response', resolve))
  return counted
}

async function inPhase(session: ClientHttp2Session, target: Target, phase: string): Promise<Workspace[]> {
  const found: Workspace[] = []
  let more: string | undefined = ''
  do {
    const query = `labelSelector=tenancy.kcp.io%2Fphase%3D${phase}&limit=500&continue=${encodeURIComponent(more)}`
    const { items, metadata } = (await read(session, target, `${collection}?${query}`)) as Listed
    found.push(...items)
    more = metadata.continue
  } while (more)
  return found
}

async function make(session: ClientHttp2Session, target: Target, path: string, object: object): Promise<void> {
  const status = await send(session, target, { method: 'POST', path, body: JSON.stringify(object) })
  if (status !== 201) throw new Error(`${path} was answered ${status}`)
}

/** What keeps two of the workspaces from going. */
async function holdTwo(session: ClientHttp2Session, target: Target): Promise<void> {
  const inside = (n: number): Target => ({ ...target, basePath: `${target.basePath}:${nameOf(n)}` })
  const configMaps = '/api/v1/namespaces/default/configmaps'
  const held = { name: 'held', finalizers: ['example.com/hold'] }
  await make(session, inside(stuck), configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: held })
  const childCluster = { apiVersion: fleet, kind: 'ChildCluster', metadata: { name: 'dead' }, spec: { mode: 'agent' } }
  await make(session, target, `/apis/${fleet}/childclusters`, childCluster)
  // It has joined, as far as the hub knows, and is never heard of again.
  const conditions = [
    { type: 'Joined', status: 'True', reason: 'Joined', lastTransitionTime: new Date().toISOString() },
  ]
  const path = `/apis/${fleet}/childclusters/dead/status`
  const body = JSON.stringify({ status: { conditions } })
  await send(session, target, { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
  const placement = { apiVersion: fleet, kind: 'Placement', metadata: { name: 'there' }, spec: {} }
  await make(session, inside(placed), `/apis/${fleet}/placements`, placement)
  const labelled = { name: 'placed', labels: { 'fleet.atoll.dev/placement': 'there' } }
  await make(session, inside(placed), configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: labelled })
  for (;;) {
    const object = (await read(session, inside(placed), `${configMaps}/placed`)) as {
      metadata: { finalizers?: string[] }
    }
    if (object.metadata.finalizers?.length) return
    await pause(50)
  }
}

/** Many workspaces made through the API, each asked for its discovery, then left alone, then more, then many deleted. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { count: { type: 'string', default: '10000' }, idle: { type: 'string', default: '30000' } },
  })
  const count = Number(values.count)
  const idle = Math.max(count, Number(values.idle))
  const report = createReport('workspaces', `Workspaces: ${callers} callers, \`--memory-budget ${budget}\``)
  const server = await startHubServer(['--memory-budget', budget])
  const target = server.admin
  const { pids } = target
  const [pid = 0] = pids
  const session = await openSession(target)
  const resident = async (what: string, goal = below, waitMs = settleMs) => {
    await pause(waitMs)
    report.row(what, `${residentMiB(pid).toFixed(0)} MiB`, goal)
  }
  // A path of its own: the load generator puts the base path in front.
  const discovery = (n: number): Call => ({ method: 'GET', path: `:${nameOf(n)}/apis` })
  const fill = async (from: number, to: number) => {
    const made = to - from
    const cpuBefore = cpuSeconds(pids)
    const seconds = await each(target, from, to, creation)
    const cpuEach = ((cpuSeconds(pids) - cpuBefore) * 1_000) / made
    report.row(
      `${made} workspaces created`,
      `${(made / seconds).toFixed(0)}/s, ${cpuEach.toFixed(2)} CPU-ms each`,
      '≥ 200/s',
    )
    await resident('resident right after', below, 0)
    const discoverySeconds = await each(target, from, to, discovery)
    report.row('each asked for /apis', `${(made / discoverySeconds).toFixed(0)}/s`, 'all 200')
    await resident(`resident, ${to} idle`)
  }
  try {
    await resident('resident, empty hub', '≤ 120 MiB')
    await fill(0, count)
    report.row('in phase Ready', String((await inPhase(session, target, 'Ready')).length), `≥ ${count}`)
    if (idle > count) await fill(count, idle)

    await holdTwo(session, target)
    const gone = await countDeleted(session, target)
    const cpuBefore = cpuSeconds(pids)
    const startedMs = performance.now()
    const deleteSeconds = await each(target, 0, count, (n) => ({
      method: 'DELETE',
      path: `${collection}/${nameOf(n)}`,
    }))
    report.row('all asked to go', `${(count / deleteSeconds).toFixed(0)}/s`)
    while (gone.deleted < count - 2 && performance.now() < startedMs + patienceMs) await pause(50)
    const goneSeconds = (performance.now() - startedMs) / 1_000
    const cpuEach = ((cpuSeconds(pids) - cpuBefore) * 1_000) / count
    report.row(
      `${gone.deleted} of ${count} gone`,
      `${goneSeconds.toFixed(1)} s, ${cpuEach.toFixed(2)} CPU-ms each`,
      '< 60 s for 10,000',
    )
    gone.close()
    // A reconcile may be under way that says why.
    await pause(500)
    for (const { metadata, status } of await inPhase(session, target, 'Deleting')) {
      const why = status?.conditions?.find(({ type }) => type === 'WorkspaceContentDeleted')
      report.row(`what ${metadata.name} says`, why ? `${why.reason}: ${why.message}` : 'nothing', 'what holds it')
    }
    await resident('resident afterwards')
  } finally {
    session.close()
    await server.close()
  }
  report.save()
  return 0
}
