import { spawn } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const repository = fileURLToPath(new URL('../..', import.meta.url))

const chapters = ['start', 'test', 'tour', 'publishing', 'placing', 'agent', 'demo'] as const

/** The shell blocks of the README: all of them, each by the name that its tests call it. */
export function readmeChapters(): Record<(typeof chapters)[number], string> {
  const text = readFileSync(join(repository, 'README.md'), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  if (blocks.length !== chapters.length) throw new Error(`the README has ${blocks.length} shell blocks: test every one`)
  return Object.fromEntries(chapters.map((name, index) => [name, blocks[index] ?? ''])) as ReturnType<
    typeof readmeChapters
  >
}

/** Puts what the README's commands start from into a folder: a checkout that is built. */
export function prepareCheckout(folder: string): void {
  for (const name of ['dist', 'node_modules', 'workspaces', 'package.json'])
    symlinkSync(join(repository, name), join(folder, name))
}

export interface ShellResult {
  code: number | null
  output: string
}

/** Runs what a person would paste, line by line, in one shell that stops at the first failure. */
export function runInShell(
  script: string,
  folder: string,
  environment: Record<string, string> = {},
): Promise<ShellResult> {
  return new Promise((resolve) => {
    const shell = spawn('bash', ['-c', `set -euo pipefail\nshopt -s expand_aliases\n${script}`], {
      cwd: folder,
      env: { ...process.env, HOME: folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    shell.once('close', (code) => resolve({ code, output }))
  })
}

export interface RunningHub {
  url: string
  close(): Promise<void>
}

/** `atoll serve` with the data directory that the README speaks of, on a free port. */
export function startReadmeHub(folder: string, flags: readonly string[] = []): Promise<RunningHub> {
  const args = ['dist/bin/atoll.js', 'serve', '--listen', '127.0.0.1:0', ...flags]
  const hub = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => hub.once('exit', () => resolve()))
  return new Promise((resolve, reject) => {
    hub.once('exit', (code) => reject(new Error(`the hub ended with ${String(code)}`)))
    hub.stdout.once('data', (line: Buffer) => {
      const url = /https:\/\/\S+/.exec(line.toString())?.[0] ?? ''
      resolve({
        url,
        async close() {
          hub.kill('SIGTERM')
          await ended
        },
      })
    })
  })
}
