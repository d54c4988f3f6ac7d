import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that runs in the background, its output in a file. */
export interface Service {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Undefined while it runs, then how it ended: "exit code 1", "SIGKILL". */
  ended(): string | undefined
  /** The last lines of its output, for error messages. */
  logTail(): string
}

const gracefulStopMs = 10_000

/**
 * Reads "+PID" and "-PID" lines; at the end of its input, which comes when the process that holds the other end is gone for
 * whatever reason, kills what is left and removes the folder.
 */
const reaperScript = `
folder=$1
pids=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) pids="$pids$pid " ;;
    -*) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
`

/**
 * Background programs that share a folder and never outlive this process: closing kills them and removes the folder,
 * and a small shell does the same when this process dies without closing.
 */
export class ProcessGroup implements AsyncDisposable {
  readonly #folder: string
  readonly #reaper: ChildProcess
  readonly #running = new Map<Service, ChildProcess>()
  #closed = false

  /** Owns `folder` from now on; the logs of the programs go there. */
  constructor(folder: string) {
    this.#folder = folder
    // A session of its own, so that Ctrl-C in a terminal does not end it before its work begins.
    this.#reaper = spawn('sh', ['-c', reaperScript, 'reaper', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#reaper.stdin?.on('error', () => {})
  }

  /** Starts a program; the same name again appends to the same log. */
  start(name: string, program: string, args: readonly string[]): Service {
    if (this.#closed) throw new Error(`${name}: the group is closed`)
    const logFile = join(this.#folder, `${name}.log`)
    const log = openSync(logFile, 'a')
    const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true, cwd: this.#folder })
    closeSync(log)
    const { pid } = child
    let ended: string | undefined
    const service: Service = {
      name,
      pid: pid ?? 0,
      logFile,
      ended: () => ended,
      logTail: () => readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n'),
    }
    child.on('error', (error) => {
      ended = error.message
      this.#running.delete(service)
    })
    child.on('exit', (code, signal) => {
      ended = signal ?? `exit code ${code}`
      this.#running.delete(service)
      this.#tellReaper(`-${pid}`)
    })
    if (pid !== undefined) {
      this.#running.set(service, child)
      this.#tellReaper(`+${pid}`)
    }
    return service
  }

  /** SIGTERM, and SIGKILL when that does not end it in ten seconds. Returns when it is gone. */
  async stop(service: Service): Promise<void> {
    const child = this.#running.get(service)
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const patience = new AbortController()
    await Promise.race([exited, sleep(gracefulStopMs, undefined, { signal: patience.signal }).catch(() => {})])
    patience.abort()
    await this.kill(service)
  }

  /** SIGKILL. Returns when it is gone. */
  async kill(service: Service): Promise<void> {
    const child = this.#running.get(service)
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Freezes it where it is: it answers nobody and notices nothing, until `resume`. */
  pause(service: Service): void {
    this.#running.get(service)?.kill('SIGSTOP')
  }

  resume(service: Service): void {
    this.#running.get(service)?.kill('SIGCONT')
  }

  /** Kills what still runs, the latest first, and removes the folder. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const service of [...this.#running.keys()].reverse()) await this.kill(service)
    const reaped = once(this.#reaper, 'exit')
    this.#reaper.stdin?.end()
    await reaped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #tellReaper(line: string): void {
    this.#reaper.stdin?.write(`${line}\n`)
  }
}
