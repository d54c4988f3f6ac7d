// Measures the hub. `npm run bench -- [--suite side-by-side] [--rounds 3] [--seconds 3] [--warm-up 5] [--only get,create]`
// compares it with kube-apiserver and etcd and needs the real binaries (scripts/build-kube.sh);
// `npm run bench -- --suite workspaces [--count 10000] [--idle 30000]` makes, keeps and deletes many workspaces;
// `npm run bench -- --suite start [--objects 100000]` starts hubs, empty and full, and lists everything;
// `npm run bench -- --suite placement [--count 3000]` times Deployments on their way to a real child (real binaries).
// Prints a table and keeps it below bench/results.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite' // comes with vitest; reads TypeScript where Node cannot yet

const suites = ['side-by-side', 'workspaces', 'start', 'placement']
const { tokens } = parseArgs({ strict: false, tokens: true, options: { suite: { type: 'string' } } })
const chosen = tokens.find(({ kind, name }) => kind === 'option' && name === 'suite')
const suite = chosen?.value ?? suites[0]
if (!suites.includes(suite)) throw new Error(`--suite is one of ${suites.join(', ')}`)
const others = process.argv.slice(2)
if (chosen) others.splice(chosen.index, chosen.inlineValue ? 1 : 2)
const { module } = await runnerImport(fileURLToPath(new URL(`${suite}.ts`, import.meta.url)), { logLevel: 'error' })
process.exitCode = await module.main(others)
