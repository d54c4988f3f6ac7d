import type { Command } from 'commander'
import type { KubeObject } from '../../meta/object.ts'
import { printKubeconfig } from '../../client/node/kubeconfig.ts'
import { CliError } from '../cli-error.ts'
import { openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'

interface KubeconfigOptions extends SessionOptions {
  asServiceAccount?: string
  ttl?: number
}

/** `atoll kubeconfig WORKSPACE`: a kubeconfig for one workspace on standard output. */
export function addKubeconfigCommand(program: Command, print: (text: string) => void): void {
  program
    .command('kubeconfig <workspace>')
    .description('print a kubeconfig for one workspace')
    .option('--as-service-account <namespace/name>', "with a token of one of the workspace's ServiceAccounts")
    .option('--ttl <duration>', 'how long the token is good for, such as 30m (default: 1h)', toSeconds)
    .action(async function printWorkspaceKubeconfig(this: Command, workspace: string) {
      print(await workspaceKubeconfig(workspace, this.optsWithGlobals<KubeconfigOptions>()))
    })
}

async function workspaceKubeconfig(given: string, options: KubeconfigOptions): Promise<string> {
  if (options.ttl !== undefined && options.asServiceAccount === undefined)
    throw new CliError('--ttl is for the token of a ServiceAccount: name one with --as-service-account', 2)
  const session = openHubSession(options)
  try {
    const path = resolveWorkspacePath(given, session.currentPath)
    const client = session.clientOf(path)
    const { status } = await client.raw({ method: 'GET', path: '/api' })
    if (status === 403 || status === 404)
      throw new CliError(`workspace "${path}" does not exist, or you have no access to it`)
    const user =
      options.asServiceAccount === undefined
        ? session.selected.user
        : { token: await requestToken(client, options.asServiceAccount, options.ttl ?? defaultSeconds) }
    const name = path.replaceAll(':', '-')
    return printKubeconfig({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { ...session.selected.cluster, server: `${session.hubUrl}/clusters/${path}` } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    })
  } finally {
    session.close()
  }
}

async function requestToken(
  client: ReturnType<ReturnType<typeof openHubSession>['clientOf']>,
  account: string,
  expirationSeconds: number,
): Promise<string> {
  const [namespace, name, ...rest] = account.split('/')
  if (!namespace || !name || rest.length > 0)
    throw new CliError(`"${account}" does not name a ServiceAccount: write namespace/name`, 2)
  const request: KubeObject = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name, namespace },
    spec: { expirationSeconds },
  }
  const accounts = client.resource({ group: '', version: 'v1', resource: 'serviceaccounts' })
  const { status } = await accounts.create(request, { subresource: 'token', namespace })
  return (status as { token: string }).token
}

const defaultSeconds = 3_600
const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 }

function toSeconds(text: string): number {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (unitSeconds[unit] ?? 1)
  if (!(seconds > 0)) throw new CliError(`"${text}" is not a duration: write 30m, 12h or 7d`, 2)
  return seconds
}
