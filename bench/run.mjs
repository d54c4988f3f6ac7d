// Measures the hub; what it can measure, `npm run bench -- --help` says.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite' // comes with vitest; reads TypeScript where Node cannot yet

const usage = `npm run bench -- [--suite <name>] [options]: prints a table and keeps it below bench/results.

  side-by-side  beside kube-apiserver and etcd, per CPU-second (needs scripts/build-kube.sh)
                [--rounds 3] [--seconds 3] [--warm-up 5] [--only get,list500,create,…]
  workspaces    makes, keeps and deletes many workspaces   [--count 10000] [--idle 30000]
  start         starts hubs, empty and full, and lists everything   [--objects 100000]
  placement     Deployments on their way to a real child (needs scripts/build-kube.sh)   [--count 3000] [--rate 50]
`
if (process.argv.includes('--help')) {
  process.stdout.write(usage)
  process.exit(0)
}
const suites = ['side-by-side', 'workspaces', 'start', 'placement']
const { tokens } = parseArgs({ strict: false, tokens: true, options: { suite: { type: 'string' } } })
const chosen = tokens.find(({ kind, name }) => kind === 'option' && name === 'suite')
const suite = chosen?.value ?? suites[0]
if (!suites.includes(suite)) {
  process.stderr.write(`--suite is one of ${suites.join(', ')}\n`)
  process.exit(2)
}
const others = process.argv.slice(2)
if (chosen) others.splice(chosen.index, chosen.inlineValue ? 1 : 2)
const { module } = await runnerImport(fileURLToPath(new URL(`${suite}.ts`, import.meta.url)), { logLevel: 'error' })
process.exitCode = await module.main(others)
