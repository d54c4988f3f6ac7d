import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import { kubectlInWorkspace, rawPath, supportedKubectls, type WorkspaceKubectl } from '../support/workspace-kubectl.ts'

const [newest] = await supportedKubectls()

/** Lists whose bytes are compared: uid, resourceVersion and managedFields with them. */
const lists = [
  '/api/v1/namespaces',
  '/api/v1/configmaps',
  '/api/v1/secrets',
  '/api/v1/serviceaccounts',
  '/apis/apps/v1/deployments',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/durable.example/v1/stones',
]

const crd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: stones.durable.example}
spec:
  group: durable.example
  scope: Namespaced
  names: {plural: stones, singular: stone, kind: Stone}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {weight: {type: integer}}}}
`

describe.skipIf(newest === undefined)('what was acknowledged (skipped when no kubectl is installed)', () => {
  const binary = newest?.path ?? ''
  let hub: HubProcess
  let admin: WorkspaceKubectl
  let robot: WorkspaceKubectl
  beforeAll(async () => {
    hub = await startHubProcess({ name: 'conformance-durability' })
    await hub.mustAtoll(['ws', 'create', 'kept'])
    admin = await kubectlInWorkspace({ hub, binary, workspace: 'kept' })
    await admin.run('create', 'clusterrolebinding', 'robot', '--clusterrole=view', '--serviceaccount=default:default')
    robot = await kubectlInWorkspace({ hub, binary, workspace: 'kept', serviceAccount: 'default/default' })
    await admin.run('create', 'deployment', 'web', '--image=nginx')
    await admin.run('create', 'secret', 'generic', 'keys', '--from-literal=k=v')
    await admin.runOn(crd, 'create', '-f', '-')
    await admin.run('wait', '--for=condition=Established', 'crd/stones.durable.example', '--timeout=10s')
    await admin.runOn(
      'apiVersion: durable.example/v1\nkind: Stone\nmetadata: {name: pebble}\nweight: 1\n',
      'create',
      '-f',
      '-',
    )
  })
  afterAll(() => hub?.close())

  /** Without the lists' own resourceVersion, which a start may move on. */
  const everything = async () => {
    const answers: unknown[] = []
    for (const list of lists) {
      const { items } = JSON.parse(await admin.run(...rawPath(hub, 'root:kept', list))) as { items: unknown[] }
      answers.push({ list, items })
    }
    return answers
  }

  test('is all there after a stop and a start, for the same credentials', async () => {
    const before = await everything()
    await hub.restart()
    expect(await everything()).toEqual(before)
    const { mode } = await stat(hub.kubeconfigPath)
    expect(mode & 0o777).toBe(0o600)
    expect(await robot.run('get', 'deployments', '-o', 'name')).toBe('deployment.apps/web\n')
    expect(await hub.mustKubectl('root', ['get', 'workspace', 'kept', '-o', 'jsonpath={.status.phase}'])).toBe('Ready')
  })

  test('is all there after kill -9 in the midst of writes, again and again', async () => {
    const acknowledged: string[] = []
    for (const round of [1, 2, 3]) {
      const writers = await Promise.all(['a', 'b'].map((name) => startWriter(`${round}${name}`)))
      await eventually(async () => (await acknowledgedBy(writers)).length > 20 * round, {
        what: 'some writes are acknowledged',
        intervalMs: 10,
      })
      await hub.kill9()
      for (const { ended } of writers) await eventually(() => ended(), { what: 'kubectl gives up' })
      acknowledged.push(...(await acknowledgedBy(writers)))
      expect(acknowledged.length, 'a kill that came after all writes proves nothing').toBeLessThan(
        round * 2 * configMapsPerWriter,
      )
      await hub.start()
      const there = new Set((await admin.run('get', 'configmaps', '-o', 'name')).split('\n'))
      expect(acknowledged.filter((name) => !there.has(name))).toEqual([])
      expect(await robot.run('get', 'deployments', '-o', 'name')).toBe('deployment.apps/web\n')
    }
    await admin.run('create', 'namespace', 'after')
    await eventually(() => admin.run('get', 'serviceaccount', 'default', '-n', 'after'), {
      what: 'the controllers work',
    })
  })

  test('a second hub on the same directory says that it is in use', async () => {
    const { code, stderr } = await hub.atoll(['serve', '--data-dir', hub.dataDir, '--listen', '127.0.0.1:0'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*(in use|locked|another process)/m)
    expect(await robot.run('get', 'deployments', '-o', 'name')).toBe('deployment.apps/web\n')
  })

  const configMapsPerWriter = 400

  /** kubectl that creates one ConfigMap after another and prints the name of each that was acknowledged. */
  async function startWriter(name: string) {
    const file = join(hub.folder, `${name}.yaml`)
    const names = Array.from({ length: configMapsPerWriter }, (_, index) => `w${name}-${index}`)
    await writeFile(
      file,
      names.map((each) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${each}}\ndata: {a: b}\n`).join('---\n'),
    )
    const settings = [`HOME=${hub.folder}`, `KUBECONFIG=${admin.kubeconfigPath}`, 'KUBERC=off']
    const command = [...settings, binary, 'create', '-f', file, '-o', 'name', '--validate=false']
    return hub.processes.start(`writer-${name}`, 'env', command)
  }

  async function acknowledgedBy(writers: readonly { logFile: string }[]): Promise<string[]> {
    const logs = await Promise.all(writers.map(({ logFile }) => readFile(logFile, 'utf8')))
    return logs.flatMap((log) => log.match(/^configmap\/\S+(?=\n)/gm) ?? [])
  }
})
