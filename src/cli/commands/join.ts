import type { Command } from 'commander'
import { stringify } from 'yaml'
import { createJoinToken, toPortableToken } from '../../agent/join-token.ts'
import { type JoinedChild, JoinError, joinChildCluster, mintAgentToken } from '../../agent/join-child-cluster.ts'
import { readJoinContext } from '../../agent/join-kubeconfig.ts'
import { joinManifests } from '../../agent/join-manifests.ts'
import { sleep } from '../../base/sleep.ts'
import type { Client } from '../../client/client.ts'
import { createHttpTransport, type HttpTransportOptions } from '../../client/node/http-transport.ts'
import { readKubeconfig, selectContext } from '../../client/node/kubeconfig.ts'
import { ignoreNotFound, isAlreadyExists } from '../../meta/api-errors.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { fleetApiVersion, forgetAnnotation, hubIdAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { childClusters } from '../child-clusters.ts'
import { CliError } from '../cli-error.ts'
import { type HubSession, openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'
import { parseTimeoutSeconds } from '../parse-timeout-seconds.ts'
import { storeCredentials } from '../store-credentials.ts'
import { alreadyThere, findJoined, joinAgain } from './join-again.ts'

interface JoinFlags extends SessionOptions {
  childKubeconfig?: string
  childContext?: string
  workspace?: string
  labels?: Record<string, string>
  mode: Mode
  publishedGroups?: string[]
  dryRun?: boolean
  output: ManifestFormat
  renewToken?: boolean
  timeout: number
}

type Mode = ChildCluster['spec']['mode']
type ManifestFormat = 'yaml' | 'json'

const pollMs = 200
const goingMs = 10_000 // what a ChildCluster that is being forgotten is given to go

/** `atoll join NAME`: registers a real cluster. */
export function addJoinCommand(program: Command, print: (text: string) => void): void {
  program
    .command('join <name>')
    .description(
      'register a Kubernetes cluster, so that workloads can be placed on it; again: bring what that made up to date',
    )
    .option('--child-kubeconfig <file>', 'kubeconfig of an administrator of the cluster; used once, not kept')
    .option('--child-context <name>', 'context of that kubeconfig')
    .option('--workspace <path>', 'workspace to register it in (default: the current one)')
    .option('--labels <k=v,…>', 'labels that placements select on', parseLabels)
    .option(
      '--mode <mode>',
      'kubeconfig: the hub dials the cluster; agent: an agent beside it dials the hub',
      parseMode,
      'kubeconfig',
    )
    .option(
      '--published-groups <groups>',
      'API groups of published CRDs whose objects workspaces may place there',
      parseGroups,
    )
    .option('--renew-token', 'agent mode: a new token for an agent that has lost its credentials')
    .option('--dry-run', 'print every object that joining makes in the cluster, and change nothing')
    .option('-o, --output <format>', 'how --dry-run prints: yaml or json', parseManifestFormat, 'yaml')
    .option('--timeout <seconds>', 'how long to wait for the cluster to be Ready', parseTimeoutSeconds, 60)
    .action(async function runJoin(this: Command, name: string) {
      await join(name, this.optsWithGlobals<JoinFlags>(), print)
    })
}

async function join(name: string, flags: JoinFlags, print: (text: string) => void): Promise<void> {
  const { publishedGroups = [] } = flags
  if (flags.dryRun) {
    const placeholders = { hubId: '(the hub)', childClusterUid: '(given by the hub)' }
    return print(formatManifests(joinManifests({ ...placeholders, name, publishedGroups }), flags.output))
  }
  if (flags.renewToken && flags.mode !== 'agent') throw new CliError('--renew-token is for --mode agent', 2)
  if (flags.mode === 'agent') return joinByAgent(name, flags, print)
  const child = readChild(flags)
  const childHttp = createHttpTransport(child)
  const session = openHubSession(flags)
  try {
    const client = session.clientOf(resolveWorkspacePath(flags.workspace ?? '.', session.currentPath))
    const known = await findJoined(client, name)
    if (known) return await bringUpToDate(client, known, flags, print)
    const registered = await register(client, name, flags.labels ?? {}, 'kubeconfig')
    const { uid: childClusterUid = '', annotations } = registered.metadata
    const hubId = annotations?.[hubIdAnnotation] ?? ''
    print(`Registered child cluster "${name}".\n`)
    let joined: JoinedChild | undefined
    try {
      joined = await joinChildCluster({
        hubId,
        childClusterUid,
        name,
        publishedGroups,
        childTransport: childHttp.transport,
      })
      print(`Installed ${joined.manifests.length} objects in the cluster (Kubernetes ${joined.kubernetesVersion}).\n`)
      await storeCredentials(client, registered, child, await mintAgentToken(childHttp.transport))
      await waitUntilReady(client, name, flags.timeout, print)
    } catch (error) {
      if (error instanceof NotReadyError) throw error
      // Nothing of a failed attempt stands in the way of the next one.
      await joined?.undo()
      await giveUp(client, name).catch(() => {})
      if (error instanceof JoinError) throw new CliError(error.message, 1, { cause: error })
      throw error
    }
  } finally {
    childHttp.close()
    session.close()
  }
}

function parseGroups(text: string): string[] {
  return text.split(',').filter((group) => group !== '')
}

function parseMode(text: string): Mode {
  if (text !== 'kubeconfig' && text !== 'agent')
    throw new CliError(`--mode ${text} is unknown: use kubeconfig or agent`, 2)
  return text
}

function parseManifestFormat(text: string): ManifestFormat {
  if (text !== 'yaml' && text !== 'json') throw new CliError(`unknown output format "${text}": use yaml or json`, 2)
  return text
}

/** What kubectl reads with `-f`. */
function formatManifests(manifests: readonly KubeObject[], format: ManifestFormat): string {
  if (format === 'yaml') return manifests.map((manifest) => stringify(manifest, { lineWidth: 0 })).join('---\n')
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }, undefined, 2)}\n`
}

/** Registers the cluster and prints the command that is to run beside it. */
async function joinByAgent(name: string, flags: JoinFlags, print: (text: string) => void): Promise<void> {
  const session = openHubSession(flags)
  try {
    const path = resolveWorkspacePath(flags.workspace ?? '.', session.currentPath)
    const workspace = session.clientOf(path)
    const known = flags.renewToken ? undefined : await findJoined(workspace, name)
    if (known) return await bringUpToDate(workspace, known, flags, print)
    const registered = flags.renewToken
      ? await workspace.resource<ChildCluster>(childClusters).get({ name })
      : await register(workspace, name, flags.labels ?? {}, 'agent')
    if (registered.spec.mode !== 'agent') throw new CliError(`child cluster "${name}" was not joined in agent mode`)
    const token = await createJoinToken({
      workspace,
      logicalCluster: await logicalClusterOf(session, path),
      childCluster: { name, uid: registered.metadata.uid ?? '' },
      nowMs: Date.now(),
    })
    print(
      `${flags.renewToken ? 'New token for' : 'Registered'} child cluster "${name}". Within 15 minutes, run beside the cluster:\n\n`,
    )
    const carried = toPortableToken(token, session.hubCaPem)
    const groups = flags.publishedGroups ? ` --published-groups ${flags.publishedGroups.join(',')}` : ''
    print(`  atoll agent --hub ${session.hubUrl} --child-kubeconfig <file>${groups} --join-token ${carried}\n\n`)
    print('The token is good for one use, and says how to know this hub.\n')
  } finally {
    session.close()
  }
}

async function bringUpToDate(
  client: Client,
  known: ChildCluster,
  flags: JoinFlags,
  print: (text: string) => void,
): Promise<void> {
  const { mode, labels = {}, publishedGroups } = flags
  const childHttp = flags.childKubeconfig === undefined ? undefined : createHttpTransport(readChild(flags))
  try {
    const childTransport = childHttp?.transport
    print(await joinAgain(client, known, { mode, labels, publishedGroups, childTransport }))
  } catch (error) {
    throw error instanceof JoinError ? new CliError(error.message, 1, { cause: error }) : error
  } finally {
    childHttp?.close()
  }
}

async function logicalClusterOf(session: HubSession, path: string): Promise<string> {
  const cut = path.lastIndexOf(':')
  if (cut < 0) return path
  const workspaces = { group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' }
  const { spec } = await session
    .clientOf(path.slice(0, cut))
    .resource(workspaces)
    .get({ name: path.slice(cut + 1) })
  return (spec as { cluster?: string }).cluster ?? ''
}

async function giveUp(client: Client, name: string): Promise<void> {
  await client.resource(childClusters).patch({ name }, forgetPatch)
  await client.resource(childClusters).delete({ name })
}

const forgetPatch = { type: 'merge' as const, body: { metadata: { annotations: { [forgetAnnotation]: 'true' } } } }

function readChild({ childKubeconfig: file, childContext }: JoinFlags): HttpTransportOptions {
  if (file === undefined) throw new CliError('name the kubeconfig of the cluster with --child-kubeconfig', 2)
  const selected = selectContext(readKubeconfig(file), file, childContext)
  const options = readJoinContext(selected)
  if (options.caPem === undefined) throw new CliError(`${file} has no certificate authority for the cluster`)
  return options
}

export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const pair of text.split(',')) {
    const [key, value, ...rest] = pair.split('=')
    if (!key || value === undefined || rest.length > 0)
      throw new CliError(`"${pair}" is not a label: write key=value`, 2)
    labels[key] = value
  }
  return labels
}

/** A new ChildCluster, or the one of an attempt that was broken off before anything was heard of its cluster. */
async function register(
  client: Client,
  name: string,
  labels: Record<string, string>,
  mode: 'agent' | 'kubeconfig',
): Promise<ChildCluster> {
  const objects = client.resource<ChildCluster>(childClusters)
  const endMs = Date.now() + goingMs
  for (;;) {
    try {
      return await objects.create({
        apiVersion: fleetApiVersion,
        kind: 'ChildCluster',
        metadata: { name, labels },
        spec: { mode },
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    const known = await objects.get({ name }).catch(ignoreNotFound)
    if (!known) continue
    const { metadata, spec, status } = known
    if (metadata.deletionTimestamp === undefined && spec.mode === mode && status?.lastHeartbeatTime === undefined)
      return objects.patch({ name }, { type: 'merge', body: { metadata: { uid: metadata.uid ?? '', labels } } })
    if (metadata.deletionTimestamp === undefined || Date.now() > endMs) throw alreadyThere(name)
    await sleep(pollMs)
  }
}

async function waitUntilReady(
  client: Client,
  name: string,
  timeoutSeconds: number,
  print: (text: string) => void,
): Promise<void> {
  const endMs = Date.now() + timeoutSeconds * 1_000
  print('Waiting for it to be ready...\n')
  let why = 'nothing has been heard of it'
  while (Date.now() < endMs) {
    const { status } = await client.resource<ChildCluster>(childClusters).get({ name })
    if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
      return print(`Child cluster "${name}" is ready.\n`)
    const joined = status?.conditions?.find(({ type }) => type === 'Joined')
    if (joined?.reason === 'AddressRefused') throw new CliError(joined.message)
    if (joined?.status === 'False') why = joined.message
    await sleep(pollMs)
  }
  throw new NotReadyError(
    `child cluster "${name}" was not ready after ${timeoutSeconds} s (${why}): it stays registered and may yet come; else join it again, or "atoll forget ${name}"`,
  )
}

/** Patience has run out, nothing has failed. */
class NotReadyError extends CliError {}
