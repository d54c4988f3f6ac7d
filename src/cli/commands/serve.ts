import type { Command } from 'commander'
import type { HubFlags } from '../../hub/hub-options.ts'
import { atollVersion } from '../version.ts'
import { stopSignal } from '../stop-signal.ts'
import { CliError } from '../cli-error.ts'

/** `atoll serve`: runs a hub until SIGTERM or SIGINT. */
export function addServeCommand(program: Command, print: (text: string) => void): void {
  program
    .command('serve')
    .description('run a hub')
    .option('--data-dir <folder>', 'where the store and admin.kubeconfig live', '.atoll')
    .option('--listen <host:port>', 'address to serve on; port 0 picks a free one', '127.0.0.1:6443')
    .option('--storage <driver>', 'leveldb or memory', 'leveldb')
    .option('--external-url <url>', 'how clients reach the hub, when that is not the address it listens on')
    .option('--hub-domain <domain>', 'serve each workspace also as <name>.<domain>')
    .option(
      '--memory-budget <size>',
      'what the caches and the garbage of using them may take, such as 256MiB',
      '256MiB',
    )
    .option('--allow-local-dial', 'dial child clusters also at loopback, link-local and cloud metadata addresses')
    .option('--audit-log <file>', 'append an audit event for each write and each refusal, one line of JSON')
    .option('--log-level <level>', 'error, warn, info, debug or silent', 'info')
    .action(async (flags: Omit<HubFlags, 'version'>) => {
      const { limitGarbage } = await import('../../hub/limit-garbage.ts')
      limitGarbage()
      const { startHub } = await import('../../hub/hub.ts')
      const { parseHubOptions } = await import('../../hub/hub-options.ts')
      const hub = await startHub(parseHubOptions({ ...flags, version: atollVersion() }, (why) => new CliError(why, 2)))
      print(`Atoll is ready at ${hub.url} (kubeconfig: ${hub.kubeconfigPath})\n`)
      await stopSignal()
      await hub.close()
    })
}
