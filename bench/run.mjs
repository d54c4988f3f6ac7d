// Measures the hub side by side with kube-apiserver and etcd: `npm run bench -- [--rounds 3] [--seconds 3] [--only get,create]`.
// Needs the real binaries (scripts/build-kube.sh). Prints a table of ratios and keeps it below bench/results.
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite' // comes with vitest; reads TypeScript where Node cannot yet

const { module } = await runnerImport(fileURLToPath(new URL('side-by-side.ts', import.meta.url)), { logLevel: 'error' })
process.exitCode = await module.main(process.argv.slice(2))
