import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Written to its standard input, which is empty otherwise. */
  readonly stdin?: string
  /** Default 60 seconds; then SIGKILL. */
  readonly timeoutMs?: number
}

export interface CommandResult {
  /** The exit code; -1 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Rejects when it cannot start or takes too long, not when it fails. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { env = process.env, cwd, stdin = '', timeoutMs = 60_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, ...(cwd === undefined ? {} : { cwd }) })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${program} ${args.join(' ')}: no end after ${timeoutMs} ms\n${output.stdout}${output.stderr}`))
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, ...output })
    })
    // A program that ends without reading is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
  })
}
