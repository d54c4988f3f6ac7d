import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cpuSeconds } from './cpu-time.ts'
import type { ClientHttp2Session } from 'node:http2'
import { type Call, openSession, openStream, runLoad, send, type Target } from './http2-load.ts'
import { type BenchServer, startHubServer, startPeer } from './servers.ts'

/** What one kind of work cost one server in one round. */
interface Measure {
  calls: number
  perCpuSecond: number
  cpuMsEach: number
  p50Ms: number
  p99Ms: number
  errors: number
  /** Of a list: the first one, when nobody has asked for the collection before. A row of its own. */
  cold?: Measure
}

interface Work {
  name: string
  label: string
  /** The ratio of work per CPU-second to reach; absent where it is only told. */
  goal: number | undefined
  /** Calls that it takes, besides the time, until a server is warm: a busy machine makes few in five seconds. */
  warmUpCalls?: number
  run(target: Target, round: number, seconds: number): Promise<Measure>
}

const callers = 16
const payload = 'x'.repeat(900) // with its metadata, a ConfigMap of about 1 KB
const namespace = '/api/v1/namespaces/default/configmaps'

const configMap = (name: string, value = payload, extra: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...extra }, data: { payload: value } })

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** `begin` says that the preparations are over, connecting above all; without it all of the work counts. */
async function measured(
  target: Target,
  work: (begin: () => void) => Promise<{ calls: number; errors: number; latenciesMs: number[] }>,
): Promise<Measure> {
  let before = cpuSeconds(target.pids)
  const begin = (): void => void (before = cpuSeconds(target.pids))
  const { calls, errors, latenciesMs } = await work(begin)
  const used = Math.max(0.01, cpuSeconds(target.pids) - before)
  const sorted = latenciesMs.sort((a, b) => a - b)
  return {
    calls,
    perCpuSecond: calls / used,
    cpuMsEach: (used * 1_000) / Math.max(1, calls),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    errors,
  }
}

function load(target: Target, seconds: number, next: () => Call | undefined): Promise<Measure> {
  return measured(target, (onStart) => runLoad(target, { callers, seconds, next, onStart }))
}

async function seed(target: Target, collection: string, prefix: string, count: number): Promise<void> {
  let made = 0
  await runLoad(target, {
    callers,
    seconds: 120,
    next: () =>
      made < count ? { method: 'POST', path: collection, body: configMap(`${prefix}-${made++}`) } : undefined,
  })
}

/** Takes a round's objects away again: a collection of 10,000 is what is asked for, not of all rounds'. */
async function clear(target: Target, collection: string): Promise<void> {
  const session = await openSession(target)
  await send(session, target, { method: 'DELETE', path: collection })
  session.close()
}

async function makeNamespace(target: Target, name: string): Promise<string> {
  const session = await openSession(target)
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await send(session, target, { method: 'POST', path: '/api/v1/namespaces', body })
  session.close()
  return `/api/v1/namespaces/${name}/configmaps`
}

const works: Work[] = [
  {
    name: 'get',
    label: 'GET',
    goal: 4.5,
    warmUpCalls: 4_000,
    async run(target, round, seconds) {
      await seed(target, namespace, `get-${round}`, 64)
      let n = 0
      return load(target, seconds, () => ({ method: 'GET', path: `${namespace}/get-${round}-${n++ % 64}` }))
    },
  },
  listWork('list500', 'LIST 500', 500, 4),
  listWork('list10000', 'LIST 10,000', 10_000, 2.5),
  {
    name: 'create',
    label: 'CREATE',
    goal: 3,
    warmUpCalls: 4_000,
    run(target, round, seconds) {
      let n = 0
      return load(target, seconds, () => ({
        method: 'POST',
        path: namespace,
        body: configMap(`create-${round}-${n++}`),
      }))
    },
  },
  {
    name: 'update',
    label: 'UPDATE',
    goal: 3,
    warmUpCalls: 4_000,
    async run(target, round, seconds) {
      await seed(target, namespace, `update-${round}`, 256)
      let n = 0
      return load(target, seconds, () => {
        const name = `update-${round}-${n++ % 256}`
        return { method: 'PUT', path: `${namespace}/${name}`, body: configMap(name, `${n}${payload}`) }
      })
    },
  },
  {
    name: 'patch',
    label: 'merge PATCH',
    goal: 3,
    warmUpCalls: 4_000,
    async run(target, round, seconds) {
      await seed(target, namespace, `patch-${round}`, 256)
      let n = 0
      return load(target, seconds, () => ({
        method: 'PATCH',
        path: `${namespace}/patch-${round}-${n++ % 256}`,
        body: JSON.stringify({ data: { extra: String(n) } }),
        contentType: 'application/merge-patch+json',
      }))
    },
  },
  {
    name: 'apply',
    label: 'server-side apply',
    goal: 2,
    warmUpCalls: 4_000,
    async run(target, round, seconds) {
      let n = 0
      return load(target, seconds, () => {
        const name = `apply-${round}-${n++ % 256}`
        return {
          method: 'PATCH',
          path: `${namespace}/${name}?fieldManager=bench&force=true`,
          body: configMap(name, `${n}${payload}`),
          contentType: 'application/apply-patch+yaml',
        }
      })
    },
  },
  {
    name: 'delete',
    label: 'DELETE',
    goal: 3,
    async run(target, round, seconds) {
      const count = 4_000
      await seed(target, namespace, `delete-${round}`, count)
      let n = 0
      return load(target, seconds * 4, () =>
        n < count ? { method: 'DELETE', path: `${namespace}/delete-${round}-${n++}` } : undefined,
      )
    },
  },
  watchWork('watch', 'watch events, 1,000 watchers on 10 connections', 10, 2.5),
  watchWork('watch1000', 'watch events, 1,000 watchers on 1,000 connections', 1_000, undefined),
]

function listWork(name: string, label: string, count: number, goal: number): Work {
  return {
    name,
    label,
    goal,
    async run(target, round, seconds) {
      const collection = await makeNamespace(target, `${name}-${round}`)
      await seed(target, collection, name, count)
      const call = { method: 'GET', path: collection }
      const cold = await measured(target, (onStart) => {
        const first = [call]
        return runLoad(target, { callers: 1, seconds: 60, next: () => first.pop(), onStart })
      })
      const warm = await load(target, Math.max(seconds, count / 1_000), () => call)
      await clear(target, collection)
      // The clock of CPU time ticks every 10 ms: a short list by itself cannot be seen on it.
      return count >= 10_000 ? { ...warm, cold } : warm
    },
  }
}

/** One writer, a thousand watchers: what counts is events delivered. */
function watchWork(name: string, label: string, connections: number, goal: number | undefined): Work {
  return {
    name,
    label,
    goal,
    async run(target, round, seconds) {
      const collection = await makeNamespace(target, `${name}-${round}`)
      const audience = await openAudience(target, collection, connections)
      const writer = await openSession(target)
      const result = await measured(target, async () => {
        const writes = await writeAhead(target, writer, collection, seconds, audience)
        const lateMs = performance.now() + 10_000
        const isIn = (): boolean => audience.delivered === writes * watchers || performance.now() > lateMs
        while (!isIn()) await new Promise((resolve) => setTimeout(resolve, 5))
        const { delivered, latenciesMs } = audience
        return { calls: delivered, errors: writes * watchers - delivered, latenciesMs }
      })
      for (const session of [writer, ...audience.sessions]) session.destroy()
      return result
    },
  }
}

const watchers = 1_000
const watchersTimed = 100 // reading the time out of every event would cost more than receiving it
const eventsAhead = 8 // the writer waits for the watchers: who is too slow for a watch is cut off, which is no delivery

interface Audience {
  sessions: ClientHttp2Session[]
  /** Lines that have come: an event each. */
  delivered: number
  latenciesMs: number[]
}

async function openAudience(target: Target, collection: string, connections: number): Promise<Audience> {
  const audience: Audience = { sessions: [], delivered: 0, latenciesMs: [] }
  const { sessions, latenciesMs } = audience
  for (let n = 0; n < connections; n += 1) sessions.push(await openSession(target))
  const path = `${collection}?watch=true&resourceVersion=${await settledRevision(target, collection)}`
  const open = (_: unknown, n: number): Promise<void> => {
    const session = sessions[n % connections]
    if (!session) throw new Error('no session')
    const stream = openStream(session, target, { method: 'GET', path })
    stream.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) audience.delivered += 1
      if (n % (watchers / watchersTimed) !== 0) return
      // The event's name is the time of its write; one that is cut in two is left out.
      const stamp = /"name":"sent-(\d+)-(\d+)-x"/.exec(chunk.toString('latin1'))
      if (stamp) latenciesMs.push(performance.now() - Number(`${stamp[1]}.${stamp[2]}`))
    })
    return new Promise((resolve) => stream.once('response', () => resolve()))
  }
  await Promise.all(Array.from({ length: watchers }, open))
  return audience
}

/** Where nothing comes any more that nobody wrote: a new namespace gets its kube-root-ca.crt. */
async function settledRevision(target: Target, collection: string): Promise<string> {
  const session = await openSession(target)
  const lateMs = performance.now() + 1_000
  while ((await send(session, target, { method: 'GET', path: `${collection}/kube-root-ca.crt` })) !== 200) {
    if (performance.now() > lateMs) break // a lone kube-apiserver has nobody who makes one
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stream = openStream(session, target, { method: 'GET', path: collection })
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  session.close()
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}

/** Writes one object after the other; answers how many. */
async function writeAhead(
  target: Target,
  writer: ClientHttp2Session,
  collection: string,
  seconds: number,
  audience: Audience,
): Promise<number> {
  const endMs = performance.now() + seconds * 1_000
  let writes = 0
  while (performance.now() < endMs) {
    const stamp = performance.now().toFixed(3).replace('.', '-')
    await send(writer, target, { method: 'POST', path: collection, body: configMap(`sent-${stamp}-x`) })
    writes += 1
    while (audience.delivered < (writes - eventsAhead) * watchers && performance.now() < endMs)
      await new Promise((resolve) => setImmediate(resolve))
  }
  return writes
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function coldOf({ cold }: Measure): Measure[] {
  return cold ? [cold] : []
}

function toRow(
  { label, goal }: { label: string; goal: number | undefined },
  ours: readonly Measure[],
  theirs: readonly Measure[],
): string | undefined {
  if (ours.length === 0) return undefined
  const medianOf = (of: readonly Measure[], field: Exclude<keyof Measure, 'cold'>) =>
    median(of.map((one) => one[field]))
  const pair = (field: 'p50Ms' | 'p99Ms') =>
    `${medianOf(ours, field).toFixed(1)} / ${medianOf(theirs, field).toFixed(1)}`
  const [us, them] = [medianOf(ours, 'perCpuSecond'), medianOf(theirs, 'perCpuSecond')]
  const errors = [medianOf(ours, 'errors'), medianOf(theirs, 'errors')]
  const cells = [
    label,
    perSecond(us),
    perSecond(them),
    `${(us / them).toFixed(2)}×`,
    goal === undefined ? '' : `${goal}×`,
  ]
  const noted = errors.some((count) => count > 0) ? ` errors: ${errors.join(' / ')}` : ''
  return `| ${[...cells, pair('p50Ms'), pair('p99Ms')].join(' | ')} |${noted}`
}

function perSecond(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0)
}

const longestWarmUpMs = 120_000

/** Rounds that do not count, numbered from the first one behind those that do. */
async function warmUp(work: Work, target: Target, firstRound: number, seconds: number): Promise<void> {
  const endMs = performance.now() + longestWarmUpMs
  let calls = 0
  for (let round = firstRound; round === firstRound || performance.now() < endMs; round += 1) {
    calls += (await work.run(target, round, seconds)).calls
    if (calls >= (work.warmUpCalls ?? 0)) return
  }
}

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  })
  const chosen = works.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))
  const servers: BenchServer[] = [await startHubServer(), await startPeer()]
  const rows: string[] = []
  const header = '| work | atoll, per CPU-s | kube-apiserver + etcd, per CPU-s | ratio | goal | p50 ms | p99 ms |'
  console.log(header)
  try {
    for (const work of chosen) {
      const results = servers.map((): Measure[] => [])
      // A server runs for weeks: what the first seconds cost, compiling above all, is not what is asked for.
      const warmUpSeconds = Number(values['warm-up'])
      if (warmUpSeconds > 0)
        for (const { target } of servers) await warmUp(work, target, Number(values.rounds), warmUpSeconds)
      for (let round = 0; round < Number(values.rounds); round += 1)
        for (const [index, { target }] of servers.entries())
          results[index]?.push(await work.run(target, round, Number(values.seconds)))
      const [ours = [], theirs = []] = results
      const cold = { label: `${work.label}, the first one`, goal: undefined }
      for (const row of [toRow(work, ours, theirs), toRow(cold, ours.flatMap(coldOf), theirs.flatMap(coldOf))]) {
        if (row === undefined) continue
        rows.push(row)
        console.log(row)
      }
    }
  } finally {
    for (const server of servers) await server.close()
  }
  const when = new Date().toISOString()
  mkdirSync('bench/results', { recursive: true })
  const text = [
    `Side by side, ${when}, Node ${process.version}, median of ${values.rounds} rounds of ${values.seconds} s after ${values['warm-up']} s of warm-up, ${callers} callers; p50 and p99: atoll / peer.`,
    '',
    header,
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
  const part = values.only === undefined ? '' : `-${values.only.replaceAll(',', '-')}`
  writeFileSync(`bench/results/side-by-side-${when.slice(0, 10)}${part}.md`, text)
  return 0
}
