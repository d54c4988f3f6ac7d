// Starts the judge (test/support/judge.ts) in the foreground until Ctrl-C:
//   node test/support/judge-cli.mjs [--kube-apiserver-flag=value ...]
// Writes one line to stdout when it is ready: JSON with kubeconfig, serverUrl, token and the processes' ids.
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite' // comes with vitest; reads TypeScript where Node cannot yet

const { module } = await runnerImport(fileURLToPath(new URL('judge.ts', import.meta.url)), { logLevel: 'error' })

const apiServerArgs = process.argv.slice(2)
const began = performance.now()
const judge = await module.startJudge({ apiServerArgs }).catch((error) => {
  console.error(error.message)
  process.exit(1)
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => judge.close())

const { kubeconfigPath: kubeconfig, serverUrl, adminToken: token, folder } = judge
console.log(JSON.stringify({ kubeconfig, serverUrl, token, folder, pids: judge.pids() }))
console.error(`
A real kube-apiserver, ready after ${((performance.now() - began) / 1000).toFixed(1)} s. Ask it, for example:
  export KUBECONFIG=${kubeconfig}
  kubectl get --raw /version
  curl -k -H 'Authorization: Bearer ${token}' ${serverUrl}/api/v1/namespaces
Logs: ${folder}/*.log. Ctrl-C stops it and removes its data.`)
