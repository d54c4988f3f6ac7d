import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../base/sleep.ts'
import { isAlreadyExists, isForbidden, ignoreNotFound, isNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { CliError } from '../cli-error.ts'
import { type HubSession, openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'
import { type OutputFormat, parseOutputFormat, printObjects, type TableView } from '../print-objects.ts'
import { printTable } from '../print-table.ts'

const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
const currentContext = 'workspace.kcp.io/current'
const previousContext = 'workspace.kcp.io/previous'
const pollMs = 100

interface Workspace extends KubeObject {
  spec: { type?: { name: string; path?: string }; cluster?: string; URL?: string }
  status?: { phase?: string; conditions?: { type: string; status: string; message?: string }[] }
}

const view: TableView<Workspace> = {
  header: ['NAME', 'TYPE', 'PHASE', 'URL'],
  row: ({ metadata, spec, status }) => [
    metadata.name ?? '',
    spec.type?.name ?? '',
    status?.phase ?? '',
    spec.URL ?? '',
  ],
  empty: 'No workspaces found.',
}

/** `atoll workspace …` (alias ws), in the words of kcp's plugin. */
export function addWorkspaceCommand(program: Command, print: (text: string) => void): void {
  const command = program.command('workspace').alias('ws').description('create, list, enter and delete workspaces')
  const run = <A extends unknown[]>(action: (session: HubSession, ...rest: A) => Promise<void>) =>
    async function runInSession(this: Command, ...rest: A): Promise<void> {
      const session = openHubSession(this.optsWithGlobals<SessionOptions>())
      try {
        await action(session, ...rest)
      } finally {
        session.close()
      }
    }

  command
    .command('create <name>')
    .description('create a workspace below the current one; a path such as root:acme:payments names the parent too')
    .option('--type <type>', 'workspace type, as name or path:name')
    .option('--enter', 'make it the current workspace')
    .option('--ignore-existing', 'succeed when it exists already')
    .action(run((session, name: string, options: CreateOptions) => create(session, name, options, print)))
  command
    .command('list [path]')
    .alias('ls')
    .description('list the workspaces below the current one, or below a path')
    .option('-o, --output <format>', 'table, json, yaml or name', parseOutputFormat, 'table')
    .action(
      run((session, path: string | undefined, options: { output: OutputFormat }) =>
        list(session, path, options.output, print),
      ),
    )
  command
    .command('tree [path]')
    .description('show all workspaces below the current one, or below a path')
    .action(run((session, path: string | undefined) => tree(session, path, print)))
  command
    .command('use <path>')
    .description('enter a workspace: a name, a path, . .. - ~')
    .action(run((session, path: string) => use(session, path, print)))
  command
    .command('current')
    .description('print the current workspace')
    .action(run((session) => Promise.resolve(print(`Current workspace is "${session.currentPath}".\n`))))
  command
    .command('describe <name>')
    .description('show one workspace with what it waits for')
    .action(run((session, name: string) => describe(session, name, print)))
  command
    .command('delete <name>')
    .description('delete a workspace and everything in it')
    .option('--wait', 'wait until it is gone', false)
    .action(run((session, name: string, options: { wait: boolean }) => remove(session, name, options.wait, print)))
}

interface CreateOptions {
  type?: string
  enter?: boolean
  ignoreExisting?: boolean
}

function locate(session: HubSession, name: string): { client: Client; parent: string; name: string; path: string } {
  const path = resolveWorkspacePath(name, session.currentPath)
  const cut = path.lastIndexOf(':')
  if (cut < 0) throw new CliError('"root" is made by the hub itself: name a workspace below it', 2)
  const parent = path.slice(0, cut)
  return { client: session.clientOf(parent), parent, name: path.slice(cut + 1), path }
}

async function create(
  session: HubSession,
  given: string,
  options: CreateOptions,
  print: (text: string) => void,
): Promise<void> {
  const { client, name, path } = locate(session, given)
  const objects = client.resource<Workspace>(workspaces)
  const type = options.type === undefined ? {} : { type: parseType(options.type) }
  let workspace: Workspace
  try {
    workspace = await objects.create({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name },
      spec: type,
    })
    print(`Workspace "${name}" (type ${typeText(workspace)}) created.\n`)
  } catch (error) {
    if (!isAlreadyExists(error) || !options.ignoreExisting) throw error
    workspace = await objects.get({ name })
    print(`Workspace "${name}" (type ${typeText(workspace)}) already exists.\n`)
  }
  while (workspace.status?.phase !== 'Ready') {
    await sleep(pollMs)
    workspace = await objects.get({ name })
  }
  print(`Workspace "${name}" (type ${typeText(workspace)}) is ready to use.\n`)
  if (options.enter) await use(session, `:${path}`, print)
}

function parseType(text: string): { name: string; path?: string } {
  const cut = text.lastIndexOf(':')
  return cut < 0 ? { name: text } : { name: text.slice(cut + 1), path: text.slice(0, cut).replace(/^:/, '') }
}

function typeText({ spec }: Workspace): string {
  return spec.type?.path === undefined ? (spec.type?.name ?? '') : `${spec.type.path}:${spec.type.name}`
}

async function list(
  session: HubSession,
  path: string | undefined,
  format: OutputFormat,
  print: (text: string) => void,
): Promise<void> {
  const client = session.clientOf(resolveWorkspacePath(path ?? '.', session.currentPath))
  const found: Workspace[] = []
  for await (const workspace of client.resource<Workspace>(workspaces).listAll()) found.push(workspace)
  print(printObjects(found, format, view))
}

async function tree(session: HubSession, path: string | undefined, print: (text: string) => void): Promise<void> {
  const top = resolveWorkspacePath(path ?? '.', session.currentPath)
  print(`${top}\n`)
  await printBelow(session, top, '', print)
}

async function printBelow(
  session: HubSession,
  path: string,
  indent: string,
  print: (text: string) => void,
): Promise<void> {
  const children: Workspace[] = []
  try {
    for await (const workspace of session.clientOf(path).resource<Workspace>(workspaces).listAll())
      children.push(workspace)
  } catch (error) {
    if (!isForbidden(error) && !isNotFound(error)) throw error // what one may not see is not part of one's tree
  }
  for (const [index, { metadata }] of children.entries()) {
    const last = index === children.length - 1
    print(`${indent}${last ? '└── ' : '├── '}${metadata.name ?? ''}\n`)
    await printBelow(session, `${path}:${metadata.name ?? ''}`, `${indent}${last ? '    ' : '│   '}`, print)
  }
}

/** Points the kubeconfig's current context at another workspace and remembers the one before. */
async function use(session: HubSession, given: string, print: (text: string) => void): Promise<void> {
  const { config, selected } = session
  const before = config.clusters.find(({ name }) => name === previousContext)
  const target = given === '-' ? before?.cluster.server : undefined
  if (given === '-' && target === undefined) throw new CliError('there is no previous workspace')
  const path =
    target === undefined ? resolveWorkspacePath(given, session.currentPath) : target.slice(target.lastIndexOf('/') + 1)
  await ensureUsable(session, path)
  const server = `${session.hubUrl}/clusters/${path}`
  const others = <T extends { name: string }>(entries: readonly T[]) =>
    entries.filter(({ name }) => name !== currentContext && name !== previousContext)
  const user = selected.context.user
  session.save({
    ...config,
    'current-context': currentContext,
    clusters: [
      ...others(config.clusters),
      { name: currentContext, cluster: { ...selected.cluster, server } },
      { name: previousContext, cluster: { ...selected.cluster } },
    ],
    contexts: [
      ...others(config.contexts),
      { name: currentContext, context: { cluster: currentContext, user } },
      { name: previousContext, context: { cluster: previousContext, user } },
    ],
  })
  print(`Current workspace is "${path}".\n`)
}

async function ensureUsable(session: HubSession, path: string): Promise<void> {
  const { status } = await session.clientOf(path).raw({ method: 'GET', path: '/api' })
  if (status === 403 || status === 404)
    throw new CliError(`workspace "${path}" does not exist, or you have no access to it`)
}

async function describe(session: HubSession, given: string, print: (text: string) => void): Promise<void> {
  const { client, name, path } = locate(session, given)
  const workspace = await client.resource<Workspace>(workspaces).get({ name })
  const { spec, status, metadata } = workspace
  const lines: [string, string][] = [
    ['Name', name],
    ['Path', path],
    ['Type', typeText(workspace)],
    ['Phase', status?.phase ?? ''],
    ['URL', spec.URL ?? ''],
    ['Logical cluster', spec.cluster ?? ''],
    ['Created', metadata.creationTimestamp ?? ''],
  ]
  print(lines.map(([label, value]) => `${`${label}:`.padEnd(18)}${value}\n`).join(''))
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return
  print(
    `Conditions:\n${printTable(
      ['  TYPE', 'STATUS', 'MESSAGE'],
      conditions.map((one) => [`  ${one.type}`, one.status, one.message ?? '']),
    )}`,
  )
}

async function remove(session: HubSession, given: string, wait: boolean, print: (text: string) => void): Promise<void> {
  const { client, name } = locate(session, given)
  const objects = client.resource<Workspace>(workspaces)
  await objects.delete({ name })
  print(`Workspace "${name}" is being deleted.\n`)
  let told = ''
  while (wait) {
    await sleep(pollMs)
    const left = await objects.get({ name }).catch(ignoreNotFound)
    if (!left) return print(`Workspace "${name}" is gone.\n`)
    const message = left.status?.conditions?.find(({ type }) => type === 'WorkspaceContentDeleted')?.message ?? ''
    if (message !== '' && message !== told) print(`${message}\n`)
    told = message
  }
}
