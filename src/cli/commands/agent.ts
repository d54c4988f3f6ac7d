import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { createCertificateRequest } from '../../access/pki/certificate-request.ts'
import { createFileCredentials } from '../../agent/agent-credentials.ts'
import { runAgent } from '../../agent/run-agent.ts'
import { systemClock } from '../../base/clock.ts'
import { readKubeconfig, selectContext, toTransportOptions } from '../../client/node/kubeconfig.ts'
import { createPinoLogger, logLevels } from '../../hub/pino-logger.ts'
import { CliError } from '../cli-error.ts'
import { stopSignal } from '../stop-signal.ts'
import { atollVersion } from '../version.ts'

interface AgentFlags {
  hub: string
  hubCa?: string
  joinToken?: string
  childKubeconfig: string
  childContext?: string
  stateDir: string
  publishedGroups?: string
  logLevel: string
}

/** `atoll agent`: runs beside a child cluster and dials out to the hub. */
export function addAgentCommand(program: Command, print: (text: string) => void): void {
  program
    .command('agent')
    .description('serve a child cluster from beside it: dials out to the hub, nothing dials in')
    .requiredOption('--hub <url>', 'https://host:port of the hub')
    .requiredOption('--child-kubeconfig <file>', 'kubeconfig of the cluster')
    .option('--child-context <name>', 'context of that kubeconfig')
    .option(
      '--hub-ca <file>',
      "certificate authority of the hub (default: what the join token says, else the machine's)",
    )
    .option('--join-token <token>', 'what "atoll join --mode agent" printed; needed once')
    .option('--state-dir <folder>', "where the agent's key and certificate are kept", '.atoll-agent')
    .option('--published-groups <groups>', 'API groups of published CRDs whose objects workspaces may place here')
    .option('--log-level <level>', 'error, warn, info, debug or silent', 'info')
    .action(async (flags: AgentFlags) => {
      const logLevel = logLevels.find((level) => level === flags.logLevel)
      if (!logLevel)
        throw new CliError(`--log-level ${flags.logLevel} is unknown: use one of ${logLevels.join(', ')}`, 2)
      const child = selectContext(readKubeconfig(flags.childKubeconfig), flags.childKubeconfig, flags.childContext)
      const agent = await runAgent({
        hubUrl: flags.hub.replace(/\/$/, ''),
        ...(flags.hubCa === undefined ? {} : { hubCaPem: readFileSync(flags.hubCa, 'utf8') }),
        ...(flags.joinToken === undefined ? {} : { joinToken: flags.joinToken }),
        child: toTransportOptions(child),
        credentials: createFileCredentials(flags.stateDir),
        createCertificateRequest: ({ commonName, organizations }) =>
          createCertificateRequest({ commonName, organizations: [...organizations] }),
        publishedGroups: flags.publishedGroups?.split(',').filter((group) => group !== '') ?? [],
        agentVersion: atollVersion(),
        clock: systemClock,
        logger: createPinoLogger(logLevel),
      })
      print(`The agent of child cluster ${agent.childClusterUid} is running.\n`)
      const left = agent.left.then(() => print('The cluster has left the hub, the agent ends.\n'))
      await Promise.race([stopSignal(), left])
      await agent.close()
    })
}
