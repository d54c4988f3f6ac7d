import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HubProcess } from './hub-process.ts'
import { createKubectl, installedKubectls, type Kubectl, type KubectlBinary } from './kubectl.ts'

/**
 * The kubectls that the hub is held to: the newest, and 1.32, with which bodies became protobuf. With `ATOLL_ALL_KUBECTLS`
 * every one that is installed from 1.29 on: those before it ask for OpenAPI v2 where these ask for v3.
 */
export async function supportedKubectls(): Promise<KubectlBinary[]> {
  const found = await installedKubectls()
  const newestOfMinor = found.filter(
    ({ version }, index) => minorOf(version) !== minorOf(found[index - 1]?.version ?? ''),
  )
  if (process.env['ATOLL_ALL_KUBECTLS']) return newestOfMinor.filter(({ version }) => minorOf(version) >= 29)
  return newestOfMinor.filter(({ version }, index) => index === 0 || minorOf(version) === 32)
}

/** "1.32.4" as a part of a workspace's name: "k32". */
export function shortVersion(version: string): string {
  return `k${minorOf(version)}`
}

function minorOf(version: string): number {
  return Number(version.split('.')[1])
}

export interface WorkspaceKubectl {
  readonly kubeconfigPath: string
  /** A failure is a result. */
  readonly kubectl: Kubectl
  /** Standard output; a failure is an error. */
  readonly run: (...args: string[]) => Promise<string>
  /** The same with something on its standard input. */
  readonly runOn: (stdin: string, ...args: string[]) => Promise<string>
  /** What it prints on standard error when it fails; success is an error. */
  readonly refused: (...args: string[]) => Promise<string>
}

/**
 * `kubectl get --raw` of a path in a workspace. Older ones forget the path of their server, newer ones put it in front: so
 * it is named in full, on a server without one.
 */
export function rawPath(hub: HubProcess, workspacePath: string, path: string): string[] {
  return ['get', '--raw', `/clusters/${workspacePath}${path}`, `--server=${hub.url}`]
}

export interface WorkspaceKubectlOptions {
  readonly hub: HubProcess
  /** Path of the program. */
  readonly binary: string
  /** A name below `root`, or a path. */
  readonly workspace: string
  /** `namespace/name`, for a token of that account instead of the administrator's certificate. */
  readonly serviceAccount?: string
  readonly editor?: string
}

/** kubectl with what `atoll kubeconfig` prints for a workspace, and caches that it shares with nobody. */
export async function kubectlInWorkspace(options: WorkspaceKubectlOptions): Promise<WorkspaceKubectl> {
  const { hub, binary, workspace, serviceAccount, editor } = options
  const account = serviceAccount === undefined ? [] : ['--as-service-account', serviceAccount]
  const kubeconfig = await hub.mustAtoll(['kubeconfig', workspace, ...account])
  const folder = join(hub.folder, [workspace, serviceAccount ?? 'admin', binary].join('.').replaceAll(/[/:]/g, '-'))
  await mkdir(folder, { recursive: true })
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 })
  const kubectl = createKubectl({ binary, kubeconfigPath, ...(editor === undefined ? {} : { editor }) })
  const mustRun = async (args: readonly string[], stdin = '') => {
    const { code, stdout, stderr } = await kubectl(args, { stdin })
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}${stdout}`)
    return stdout
  }
  return {
    kubeconfigPath,
    kubectl,
    run: (...args) => mustRun(args),
    runOn: (stdin, ...args) => mustRun(args, stdin),
    refused: async (...args) => {
      const { code, stdout, stderr } = await kubectl(args)
      if (code === 0) throw new Error(`kubectl ${args.join(' ')} was to fail\n${stdout}`)
      return stderr
    },
  }
}
