import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { addClusterCommands } from './clusters.ts'
import { addJoinCommand } from './join.ts'
import { addKubeconfigCommand } from './kubeconfig.ts'
import { addPublishCommand } from './publish.ts'

/** There is neither a kubeconfig nor a hub: whoever looks for one has not read the flags first. */
function run(...words: string[]): Promise<unknown> {
  const program = new Command().option('--kubeconfig <file>').exitOverride()
  for (const add of [addJoinCommand, addClusterCommands, addKubeconfigCommand, addPublishCommand])
    add(program, () => {})
  return program.parseAsync(['--kubeconfig', '/nowhere', ...words], { from: 'user' })
}

const commands = [
  ['join', 'east', '--child-kubeconfig', '/nowhere'],
  ['join', 'east', '--mode', 'agent'],
  ['unjoin', 'east'],
]

describe.each(commands)('a wrong flag is refused before anything is done by %s %s %s %s', (...words) => {
  test.each(['abc', '0', '-1', '', 'Infinity'])('--timeout %j', async (timeout) => {
    await expect(run(...words, '--timeout', timeout)).rejects.toMatchObject({
      exitCode: 2,
      message: `--timeout ${timeout} is not a number of seconds`,
    })
  })
})

test.each([
  [['unjoin', 'east', '--workloads', 'move'], '--workloads move is unknown: keep or delete'],
  [['join', 'east', '--mode', 'ssh'], '--mode ssh is unknown: use kubeconfig or agent'],
  [['join', 'east', '--mode', 'agent', '--labels', 'zone'], '"zone" is not a label: write key=value'],
  [['join', 'east', '-o', 'wide'], 'unknown output format "wide": use yaml or json'],
  [['clusters', '-o', 'wide'], 'unknown output format "wide": use one of table, json, yaml, name'],
  [['publish', '-f', 'x', '--to-clusters', 'zone'], '"zone" is not a label: write key=value'],
  [['publish', '-f', 'x', '--conflict', 'Win'], '--conflict Win is unknown: use Refuse, AdoptIfEqual, Overwrite'],
  [
    ['kubeconfig', 'acme', '--ttl', '30m'],
    '--ttl is for the token of a ServiceAccount: name one with --as-service-account',
  ],
])('%j is wrong usage, whether there is a hub or not', async (words, message) => {
  await expect(run(...words)).rejects.toMatchObject({ exitCode: 2, message })
})

test.each(['1', 'garbage', '-5m', '0', '0s', ''])('kubeconfig --ttl %j is wrong usage', async (ttl) => {
  const message = `"${ttl}" is not a duration: write 30m, 12h or 7d`
  await expect(run('kubeconfig', 'acme', '--ttl', ttl)).rejects.toMatchObject({ exitCode: 2, message })
})
