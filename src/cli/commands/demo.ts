import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'

interface DemoFlags {
  keep?: boolean
  logLevel: string
}

const endSignals = ['SIGTERM', 'SIGINT'] as const

/** `atoll demo`: a hub, two simulated child clusters and a story, with nothing but Node. */
export function addDemoCommand(program: Command, print: (text: string) => void): void {
  program
    .command('demo')
    .description('tell the whole story on this machine: a hub, two simulated child clusters, no Kubernetes at hand')
    .option('--keep', 'leave everything running afterwards, for your own kubectl, until Ctrl-C')
    .option('--log-level <level>', 'what the hub and the clusters log: error, warn, info, debug or silent', 'silent')
    .action((flags: DemoFlags) => demo(flags, print))
}

async function demo({ keep = false, logLevel: givenLevel }: DemoFlags, print: (text: string) => void): Promise<void> {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const { logLevels } = await import('../../hub/pino-logger.ts')
  const { createNarrator } = await import('../demo/narrator.ts')
  const { startStage } = await import('../demo/stage.ts')
  const { tellStory } = await import('../demo/story.ts')
  const logLevel = logLevels.find((level) => level === givenLevel)
  if (!logLevel) throw new CliError(`--log-level ${givenLevel} is unknown: use one of ${logLevels.join(', ')}`, 2)
  const narrator = createNarrator(print)
  const startedMs = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'atoll-demo-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  const giveUp = () => {
    removeFolder()
    process.exit(130)
  }
  for (const signal of endSignals) process.once(signal, giveUp)
  try {
    print('Atoll demo: a real hub and two SIMULATED child clusters in this process.\n')
    print('Simulated means: a real API server whose nodes, scheduler and kubelets are played. No container runs.\n')
    const stage = await startStage(folder, logLevel)
    try {
      narrator.say(`The hub serves at ${stage.hubUrl}, everything is kept in ${folder}.`)
      narrator.command(`cd ${folder}`)
      narrator.command('export KUBECONFIG=kubeconfig')
      await tellStory(stage, narrator)
      print(`\nThat was the whole story, in ${Math.round((performance.now() - startedMs) / 1_000)} s.\n`)
      for (const signal of endSignals) process.off(signal, giveUp)
      if (keep) await keepRunning(stage.kubeconfigPath, print)
    } finally {
      await stage.close()
    }
  } finally {
    removeFolder()
  }
}

/** Until somebody ends it. */
function keepRunning(kubeconfigPath: string, print: (text: string) => void): Promise<void> {
  print(`Everything keeps running until Ctrl-C. In another terminal:\n`)
  print(`  export KUBECONFIG=${kubeconfigPath}\n`)
  print('  kubectl config get-contexts      (root, payments, shop: workspaces; east, west: simulated clusters)\n')
  print('  kubectl --context payments get deployments\n')
  return new Promise((resolve) => {
    for (const signal of endSignals) process.once(signal, () => resolve())
  })
}
