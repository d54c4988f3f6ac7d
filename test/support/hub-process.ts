import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { whileRunning } from './control-plane.ts'
import { freePorts } from './free-port.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { ProcessGroup, type Service } from './process-group.ts'
import { runCommand, type CommandResult } from './run-command.ts'
import { createTempDir } from './temp-dir.ts'

export interface HubProcessOptions {
  /** In the names of folders; default "hub". */
  readonly name?: string
  /** A data directory of another hub, of which this one starts with a copy. */
  readonly dataFrom?: string
  /** More flags for `atoll serve`. */
  readonly args?: readonly string[]
}

type RunOptions = Parameters<Kubectl>[1]

/** `atoll serve` as a user runs it: a process with a data directory, on a port that it keeps over restarts. */
export interface HubProcess extends AsyncDisposable {
  /** Holds the data directory, logs and kubeconfigs; goes away at the end. */
  readonly folder: string
  readonly dataDir: string
  readonly url: string
  /** The administrator's. */
  readonly kubeconfigPath: string
  /** Programs beside the hub, such as agents; closed with it. */
  readonly processes: ProcessGroup
  /** Runs `atoll` as the administrator; a failure is a result. */
  atoll: (args: readonly string[], options?: RunOptions) => Promise<CommandResult>
  /** The same, but a failure is an error, and the answer is its standard output. */
  mustAtoll: (args: readonly string[], options?: RunOptions) => Promise<string>
  /** Runs kubectl as the administrator in a logical cluster, by workspace path or name. */
  kubectl: (logicalCluster: string, args: readonly string[], options?: RunOptions) => Promise<CommandResult>
  mustKubectl: (logicalCluster: string, args: readonly string[], options?: RunOptions) => Promise<string>
  /** What `kubectl get … -o json` answers. */
  getJson: <T>(logicalCluster: string, args: readonly string[]) => Promise<T>
  logTail: () => string
  /** Everything that the hub has written to its log. */
  log: () => Promise<string>
  /** As if its machine lost power. */
  kill9: () => Promise<void>
  /** SIGTERM, and the end of draining. */
  stop: () => Promise<void>
  start: () => Promise<void>
  restart: () => Promise<void>
  close: () => Promise<void>
}

/** The program under test: what `npm run build` made, or another installation of it. */
export const atollProgram = process.env['ATOLL_PROGRAM'] || join(import.meta.dirname, '../../dist/bin/atoll.js')

export async function startHubProcess(options: HubProcessOptions = {}): Promise<HubProcess> {
  const { name = 'hub', args = [] } = options
  const [port = 0] = await freePorts(1)
  const { path: folder } = await createTempDir(name)
  const processes = new ProcessGroup(folder)
  const dataDir = join(folder, 'data')
  const kubeconfigPath = join(dataDir, 'admin.kubeconfig')
  const url = `https://127.0.0.1:${port}`
  const home = join(folder, 'home')
  let service: Service | undefined

  const start = async () => {
    if (service !== undefined) return
    const serve = ['serve', '--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, ...args]
    const starts = countOf('Atoll is ready at', await readLog())
    const started = processes.start('atoll-serve', process.execPath, [atollProgram, ...serve])
    service = started
    await whileRunning([started], 'the hub is ready', async () => {
      return countOf('Atoll is ready at', await readLog()) > starts
    })
  }
  const readLog = () => readFile(join(folder, 'atoll-serve.log'), 'utf8').catch(() => '')
  const end = async (how: 'stop' | 'kill') => {
    const ending = service
    service = undefined
    if (ending !== undefined) await processes[how](ending)
  }
  const atoll: HubProcess['atoll'] = (words, run = {}) =>
    runCommand(process.execPath, [atollProgram, ...words], {
      cwd: folder,
      ...run,
      env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfigPath },
    })
  const plainKubectl = createKubectl({ kubeconfigPath, home })
  const kubectl: HubProcess['kubectl'] = (logicalCluster, words, run) =>
    plainKubectl([`--server=${url}/clusters/${logicalCluster}`, ...words], run)
  const must = async (what: string, words: readonly string[], result: Promise<CommandResult>) => {
    const { code, stdout, stderr } = await result
    if (code !== 0) throw new Error(`${what} ${words.join(' ')}: exit code ${code}\n${stderr}${stdout}`)
    return stdout
  }
  const mustKubectl: HubProcess['mustKubectl'] = (logicalCluster, words, run) =>
    must(`kubectl (${logicalCluster})`, words, kubectl(logicalCluster, words, run))

  try {
    if (options.dataFrom !== undefined) await cp(options.dataFrom, dataDir, { recursive: true })
    await start()
  } catch (error) {
    await processes.close()
    throw error
  }
  return {
    folder,
    dataDir,
    url,
    kubeconfigPath,
    processes,
    atoll,
    mustAtoll: (words, run) => must('atoll', words, atoll(words, run)),
    kubectl,
    mustKubectl,
    getJson: async <T>(logicalCluster: string, words: readonly string[]) =>
      JSON.parse(await mustKubectl(logicalCluster, ['get', ...words, '-o', 'json'])) as T,
    logTail: () => service?.logTail() ?? '',
    log: readLog,
    kill9: () => end('kill'),
    stop: () => end('stop'),
    start,
    restart: async () => {
      await end('stop')
      await start()
    },
    close: () => processes.close(),
    [Symbol.asyncDispose]: () => processes.close(),
  }
}

function countOf(needle: string, text: string): number {
  return text.split(needle).length - 1
}
