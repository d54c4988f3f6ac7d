import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { isExecutable, kubeBinaries } from './kube-binaries.ts'
import { runCommand, type CommandOptions, type CommandResult } from './run-command.ts'

export interface KubectlBinary {
  readonly path: string
  /** "1.32.4" */
  readonly version: string
}

/** Runs kubectl with the given words. */
export type Kubectl = (
  args: readonly string[],
  options?: Pick<CommandOptions, 'stdin' | 'timeoutMs' | 'cwd'>,
) => Promise<CommandResult>

export interface KubectlOptions {
  /** Path of the program; default `newestKubectl()`. */
  readonly binary?: string
  readonly kubeconfigPath: string
  /**
   * Where it caches discovery. Default is a folder beside the kubeconfig: never the user's own, and a second server on
   * the same port never sees the discovery of the first.
   */
  readonly home?: string
  /** The command that `kubectl edit` runs on its file, such as "sed -i s/blue/green/". */
  readonly editor?: string
}

/** A kubectl that knows one kubeconfig and nothing of the user's settings. */
export function createKubectl(options: KubectlOptions): Kubectl {
  const { kubeconfigPath, binary = newestKubectl() } = options
  if (binary === undefined) throw new Error('no kubectl: neither built by scripts/build-kube.sh nor on PATH')
  const home = options.home ?? `${kubeconfigPath}.home`
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    KUBECACHEDIR: join(home, 'cache'),
    KUBECONFIG: kubeconfigPath,
    KUBERC: 'off',
    ...(options.editor === undefined ? {} : { KUBE_EDITOR: options.editor }),
  }
  return (args, run = {}) => runCommand(binary, args, { cwd: dirname(kubeconfigPath), ...run, env })
}

/** Like `createKubectl`, but a failure is an error that says what kubectl said, and the answer is its standard output. */
export function createStrictKubectl(options: KubectlOptions): (...parameters: Parameters<Kubectl>) => Promise<string> {
  const kubectl = createKubectl(options)
  return async (args, run) => {
    const { code, stdout, stderr } = await kubectl(args, run)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}${stdout}`)
    return stdout
  }
}

/** The kubectl that was built with the control plane, else the newest numbered one, else the one on PATH. */
export function newestKubectl(): string | undefined {
  const built = kubeBinaries(['kubectl'])
  if (built.available) return join(built.folder, 'kubectl')
  return kubectlsOnPath()[0]
}

/** Every kubectl that is there, the newest first, one for each version: built, on PATH, and `kubectl.1.NN` beside that. */
export async function installedKubectls(): Promise<KubectlBinary[]> {
  const built = kubeBinaries(['kubectl'])
  const found = new Map<string, KubectlBinary>()
  for (const path of [...(built.available ? [join(built.folder, 'kubectl')] : []), ...kubectlsOnPath()]) {
    const version = await kubectlVersion(path)
    if (version !== undefined && !found.has(version)) found.set(version, { path, version })
  }
  return [...found.values()].sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
}

async function kubectlVersion(path: string): Promise<string | undefined> {
  const { code, stdout } = await runCommand(path, ['version', '--client', '--output=json'])
  return code === 0 ? /"gitVersion": "v([\d.]+)/.exec(stdout)?.[1] : undefined
}

/**
 * `kubectl.1.NN`, the newest first, then `kubectl`. Some distributions install a dispatcher by that name, and the programs
 * that it chooses from beside it, where its symbolic link leads.
 */
function kubectlsOnPath(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && existsSync(folder))
  const plain = folders.map((folder) => join(folder, 'kubectl')).filter(isExecutable)
  const real = plain.map((path) => dirname(realpathSync(path)))
  const numbered = [...new Set([...folders, ...real])]
    .flatMap((folder) => readdirSync(folder).map((name) => ({ name, path: join(folder, name) })))
    .filter(({ name, path }) => /^kubectl\.1\.\d+$/.test(name) && isExecutable(path))
    .sort((a, b) => b.name.localeCompare(a.name, 'en', { numeric: true }))
  return [...numbered.map(({ path }) => path), ...plain]
}
