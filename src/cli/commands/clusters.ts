import type { Command } from 'commander'
import { sleep } from '../../base/sleep.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { agentNamespace, forgetAnnotation } from '../../meta/fleet/fleet-names.ts'
import { childClusters } from '../child-clusters.ts'
import { CliError } from '../cli-error.ts'
import { type HubSession, openHubSession, resolveWorkspacePath, type SessionOptions } from '../hub-session.ts'
import { parseTimeoutSeconds } from '../parse-timeout-seconds.ts'
import { type OutputFormat, parseOutputFormat, printObjects, type TableView } from '../print-objects.ts'

interface ClusterFlags extends SessionOptions {
  workspace?: string
  output: OutputFormat
  workloads: Workloads
  timeout: number
}

type Workloads = 'keep' | 'delete'

const pollMs = 200
const leftovers = `What joining made in it goes with its namespace ${agentNamespace}. Should that still be there in a minute, run in the cluster:
  kubectl delete namespace ${agentNamespace}
`
const forgotten = `If the cluster still runs, it keeps what was placed there. To free it for another join, run in the cluster:
  kubectl delete namespace ${agentNamespace}
`

const view: TableView<ChildCluster> = {
  header: ['NAME', 'MODE', 'READY', 'VERSION', 'NODES', 'DELIVERIES', 'LABELS'],
  row: ({ metadata, spec, status }) => [
    metadata.name ?? '',
    spec.mode,
    status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    status?.kubernetesVersion ?? '',
    String(status?.nodes ?? ''),
    status?.deliveries ? `${status.deliveries.applied}/${status.deliveries.total}` : '',
    Object.entries(metadata.labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  ],
  empty: 'No child clusters found.',
}

/** `atoll clusters`, `cordon`, `uncordon`, `unjoin`, `forget`. */
export function addClusterCommands(program: Command, print: (text: string) => void): void {
  const run = (action: (session: HubSession, name: string, flags: ClusterFlags) => Promise<void>) =>
    async function runInSession(this: Command, name?: string): Promise<void> {
      const flags = this.optsWithGlobals<ClusterFlags>()
      const session = openHubSession(flags)
      try {
        await action(session, name ?? '', flags)
      } finally {
        session.close()
      }
    }
  const objectsOf = (session: HubSession, { workspace }: ClusterFlags) =>
    session.clientOf(resolveWorkspacePath(workspace ?? '.', session.currentPath)).resource<ChildCluster>(childClusters)
  const inWorkspace = (command: Command) =>
    command.option('--workspace <path>', 'workspace of the cluster (default: the current one)')

  inWorkspace(program.command('clusters').description('list the registered clusters'))
    .option('-o, --output <format>', 'table, json, yaml or name', parseOutputFormat, 'table')
    .action(
      run(async (session, _, flags) => {
        const found: ChildCluster[] = []
        for await (const childCluster of objectsOf(session, flags).listAll()) found.push(childCluster)
        print(printObjects(found, flags.output, view))
      }),
    )
  for (const [verb, unschedulable] of [
    ['cordon', true],
    ['uncordon', false],
  ] as const)
    inWorkspace(
      program
        .command(`${verb} <name>`)
        .description(unschedulable ? 'place nothing new on a cluster' : 'place on a cluster again'),
    ).action(
      run(async (session, name, flags) => {
        await objectsOf(session, flags).patch(
          { name },
          { type: 'merge', body: { spec: { unschedulable: unschedulable || null } } },
        )
        print(`Child cluster "${name}" ${verb}ed.\n`)
      }),
    )
  inWorkspace(program.command('unjoin <name>').description('let a cluster go'))
    .option('--workloads <what>', 'keep the workloads in the cluster, or delete them', parseWorkloads, 'keep')
    .option('--timeout <seconds>', 'how long to wait', parseTimeoutSeconds, 120)
    .action(
      run(async (session, name, flags) => {
        const { workloads, timeout } = flags
        const objects = objectsOf(session, flags)
        await objects.patch({ name }, { type: 'merge', body: { spec: { leaving: { workloads } } } })
        await objects.delete({ name })
        print(`Child cluster "${name}" is leaving, its workloads are ${workloads === 'keep' ? 'kept' : 'deleted'}.\n`)
        const endMs = Date.now() + timeout * 1_000
        while (Date.now() < endMs) {
          const left = await objects.get({ name }).catch(ignoreNotFound)
          if (!left) return print(`Child cluster "${name}" is gone.\n${leftovers}`)
          await sleep(pollMs)
        }
        throw new CliError(
          `child cluster "${name}" has not left after ${timeout} s: when it will never come back, use "atoll forget ${name}"`,
        )
      }),
    )
  inWorkspace(
    program
      .command('forget <name>')
      .description('give up a cluster that will never come back; what is in it stays there'),
  ).action(
    run(async (session, name, flags) => {
      const objects = objectsOf(session, flags)
      await objects.patch(
        { name },
        { type: 'merge', body: { metadata: { annotations: { [forgetAnnotation]: 'true' } } } },
      )
      await objects.delete({ name })
      print(`Child cluster "${name}" is forgotten.\n${forgotten}`)
    }),
  )
}

function parseWorkloads(text: string): Workloads {
  if (text !== 'keep' && text !== 'delete') throw new CliError(`--workloads ${text} is unknown: keep or delete`, 2)
  return text
}
