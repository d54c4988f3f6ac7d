import { Command, CommanderError } from 'commander'
import { KubeconfigError } from '../client/node/kubeconfig.ts'
import { TransportError } from '../client/client.ts'
import { isApiStatusError } from '../meta/api-errors.ts'
import { CliError } from './cli-error.ts'
import { addAgentCommand } from './commands/agent.ts'
import { addClusterCommands } from './commands/clusters.ts'
import { addJoinCommand } from './commands/join.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addKubeconfigCommand } from './commands/kubeconfig.ts'
import { addPublishCommand } from './commands/publish.ts'
import { addServeCommand } from './commands/serve.ts'
import { addWorkspaceCommand } from './commands/workspace.ts'
import { atollVersion } from './version.ts'

/** Runs one command line; answers the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(text)
  const program = new Command('atoll')
    .description('many Kubernetes workspaces in one server, placed onto real clusters')
    .version(atollVersion(), '--version', 'print the version')
    .option(
      '--kubeconfig <file>',
      'kubeconfig of the hub (default: $KUBECONFIG, .atoll/admin.kubeconfig, ~/.kube/config)',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .showHelpAfterError('(add --help for what can be given)')
    .exitOverride()
  addServeCommand(program, print)
  addWorkspaceCommand(program, print)
  addKubeconfigCommand(program, print)
  addJoinCommand(program, print)
  addClusterCommands(program, print)
  addPublishCommand(program, print)
  addAgentCommand(program, print)
  addDemoCommand(program, print)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    return report(error)
  }
}

function report(error: unknown): number {
  // Commander has said what is wrong itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(`error: ${explain(error)}\n`)
  return error instanceof CliError ? error.exitCode : 1
}

/** One sentence for the person at the terminal. */
export function explain(error: unknown): string {
  if (isApiStatusError(error)) return `the server answered: ${error.message}`
  if (error instanceof TransportError) return `${error.message}; is the hub running?`
  if (error instanceof CliError || error instanceof KubeconfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  if (process.env['ATOLL_DEBUG']) return error.stack ?? error.message
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') return `${address}:${port} is in use already: choose another address with --listen`
  return error.message
}
