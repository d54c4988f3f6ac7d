import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import {
  kubectlInWorkspace,
  shortVersion,
  supportedKubectls,
  type WorkspaceKubectl,
} from '../support/workspace-kubectl.ts'

const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {color: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

const kubectls = await supportedKubectls()
// One workspace each, with the same names in them.
const places = kubectls.map(({ version, path }) => ({ version, binary: path, workspace: shortVersion(version) }))

describe.skipIf(kubectls.length === 0)('stock kubectl (skipped when none is installed)', () => {
  let hub: HubProcess
  beforeAll(async () => {
    hub = await startHubProcess({ name: 'conformance' })
    for (const { workspace } of places) await hub.mustAtoll(['ws', 'create', workspace])
  })
  afterAll(() => hub?.close())

  describe.each(places)('$version in workspace $workspace', ({ binary, workspace }) => {
    let user: WorkspaceKubectl
    let file: string
    let redFile: string
    const run = (...args: string[]) => user.run(...args)
    const refused = (...args: string[]) => user.refused(...args)
    const at = (path: string, ...what: string[]) => run('get', ...what, '-o', `jsonpath=${path}`)

    beforeAll(async () => {
      user = await kubectlInWorkspace({ hub, binary, workspace, editor: "sed -i '/^data:/,/^kind:/s/blue/green/'" })
      file = join(dirname(user.kubeconfigPath), 'manifest.yaml')
      redFile = join(dirname(user.kubeconfigPath), 'red.yaml')
      await writeFile(file, manifest)
      await writeFile(redFile, manifest.replace('blue', 'red'))
    })

    test('a server-side dry run changes nothing', async () => {
      expect(await run('apply', '-f', file, '--dry-run=server')).toBe(
        'configmap/settings created (server dry run)\n' +
          'deployment.apps/web created (server dry run)\n' +
          'service/web created (server dry run)\n',
      )
      expect(await run('get', 'configmaps,deployments,services', '-l', 'app=web', '-o', 'name')).toBe('')
    })

    test('apply creates, then finds nothing to change', async () => {
      expect(await run('apply', '-f', file)).toBe(
        'configmap/settings created\ndeployment.apps/web created\nservice/web created\n',
      )
      expect(await run('apply', '-f', file)).toBe(
        'configmap/settings unchanged\ndeployment.apps/web unchanged\nservice/web unchanged\n',
      )
    })

    test('diff shows what apply would change, and no more', async () => {
      expect(await run('diff', '-f', file)).toBe('')
      const { code, stdout } = await user.kubectl(['diff', '-f', redFile])
      expect(code).toBe(1)
      expect(stdout).toMatch(/^-  color: blue\n\+  color: red$/m)
      expect(stdout.match(/^[-+] .*$/gm)).toEqual(['-  color: blue', '+  color: red'])
      const serverSide = await user.kubectl(['diff', '--server-side', '--force-conflicts', '-f', redFile])
      expect(serverSide).toMatchObject({ code: 1, stdout: expect.stringContaining('+  color: red') as string })
      expect(await at('{.data.color}', 'configmap', 'settings')).toBe('blue')
    })

    test('get prints tables with the columns of each kind, wide, labelled and sorted', async () => {
      expect(await run('get', 'deployments')).toMatch(
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +0 +0 +\w+\n$/,
      )
      expect(await run('get', 'deploy', 'web', '-o', 'wide')).toMatch(
        / CONTAINERS +IMAGES +SELECTOR\n.* c +nginx +app=web\n$/,
      )
      expect(await run('get', 'service', 'web')).toMatch(/ClusterIP +10\.\S+ +<none> +80\/TCP/)
      expect(await run('get', 'cm', '-l', 'app in (web)', '--show-labels')).toMatch(
        /^NAME +DATA +AGE +LABELS\nsettings +1 .* app=web\n$/,
      )
      expect(await run('get', 'cm', '-L', 'app', '--no-headers')).toMatch(/^settings +1 +\w+ +web$/m)
      expect(await run('get', 'cm', '--sort-by=.metadata.name', '-o', 'custom-columns=N:.metadata.name')).toBe(
        'N\nkube-root-ca.crt\nsettings\n',
      )
      expect(await run('get', 'all', '-A')).toMatch(
        /default +service\/web .*\n\n(.*\n)?default +deployment\.apps\/web /,
      )
      expect(await run('get', 'cm', '--field-selector=metadata.name=settings', '-o', 'name')).toBe(
        'configmap/settings\n',
      )
      expect(await refused('get', 'cm', '--field-selector=data.color=blue')).toContain(
        '"data.color" is not a known field selector',
      )
    })

    test('get as YAML gives an object that can be applied again', async () => {
      const yaml = await run('get', 'deployment', 'web', '-o', 'yaml')
      expect(yaml).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\nmetadata:\n/)
      expect(yaml).toContain('terminationGracePeriodSeconds: 30')
      expect(await user.runOn(yaml, 'replace', '-f', '-')).toBe('deployment.apps/web replaced\n')
      expect(await at('{.metadata.generation}', 'deployment', 'web')).toBe('1')
    })

    test('get --watch prints what changes, when it changes', async () => {
      const { kubeconfigPath } = user
      const settings = [`HOME=${dirname(kubeconfigPath)}`, `KUBECONFIG=${kubeconfigPath}`, 'KUBERC=off']
      const watchCommand = [...settings, binary, 'get', 'configmaps', '-l', 'watched', '--watch', '-o', 'name']
      await user.runOn(configMap('first', { watched: 'yes' }), 'create', '-f', '-')
      const watch = hub.processes.start(`watch-${workspace}`, 'env', watchCommand)
      const seen = (text: string) =>
        eventually(async () => (await readFile(watch.logFile, 'utf8')) === text, {
          what: `the watch has printed ${JSON.stringify(text)}`,
        })
      await seen('configmap/first\n')
      await user.runOn(configMap('second', { watched: 'yes' }), 'create', '-f', '-')
      await user.runOn(configMap('unseen', {}), 'create', '-f', '-')
      await seen('configmap/first\nconfigmap/second\n')
      await run('annotate', 'configmap', 'first', 'note=changed')
      await seen('configmap/first\nconfigmap/second\nconfigmap/first\n')
      await run('delete', 'configmap', 'first', 'second', 'unseen')
      await hub.processes.stop(watch)
    })

    test('describe tells of objects and their events', async () => {
      const uid = await at('{.metadata.uid}', 'deployment', 'web')
      await user.runOn(eventAbout('web', uid), 'create', '-f', '-')
      const deployment = await run('describe', 'deployment', 'web')
      expect(deployment).toMatch(/^Replicas: +2 desired/m)
      expect(deployment).toMatch(/^ +Image: +nginx$/m)
      expect(deployment).toMatch(/Normal +Tested .* somebody looked/)
      expect(await run('describe', 'configmap', 'settings')).toContain('color:\n----\nblue')
      expect(await run('describe', 'service', 'web')).toMatch(/^Endpoints: +<none>$|^Endpoints: *$/m)
      expect(await run('describe', 'namespace', 'default')).toMatch(/^Status: +Active$/m)
      expect(await run('events', '--for', 'deployment/web')).toContain('somebody looked')
    })

    test('explain knows the fields', async () => {
      const replicas = await run('explain', 'deployment.spec.replicas')
      expect(replicas).toMatch(/^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n/)
      expect(replicas).toMatch(/^FIELD: replicas <integer>$/m)
      const strategy = await run('explain', 'deployment.spec.strategy')
      expect(strategy).toContain('Can be "Recreate" or "RollingUpdate"')
      expect(strategy).not.toContain('<no description>')
      expect(await run('explain', 'ingress', '--recursive')).toMatch(
        /^ {2}spec\t<IngressSpec>\n {4}defaultBackend\t<IngressBackend>$/m,
      )
      expect(await refused('explain', 'deployment.spec.nothing')).toContain('field "nothing" does not exist')
    })

    test('edit sends what the editor saved', async () => {
      expect(await run('edit', 'configmap', 'settings')).toBe('configmap/settings edited\n')
      expect(await at('{.data.color}', 'configmap', 'settings')).toBe('green')
      const again = await user.kubectl(['edit', 'configmap', 'settings'])
      expect(again.stderr).toBe('Edit cancelled, no changes made.\n')
      expect(await at('{.data.color}', 'configmap', 'settings')).toBe('green')
    })

    test('patch works in its three forms', async () => {
      const patch = (type: string, what: string, body: unknown) =>
        run('patch', ...what.split('/'), `--type=${type}`, '-p', JSON.stringify(body))
      await patch('json', 'configmap/settings', [
        { op: 'test', path: '/data/color', value: 'green' },
        { op: 'add', path: '/data/size', value: 'small' },
      ])
      expect(await at('{.data}', 'configmap', 'settings')).toBe('{"color":"green","size":"small"}')
      await patch('merge', 'configmap/settings', { data: { size: null, shape: 'round' } })
      expect(await at('{.data}', 'configmap', 'settings')).toBe('{"color":"green","shape":"round"}')
      const sidecar = { spec: { template: { spec: { containers: [{ name: 'sidecar', image: 'busybox' }] } } } }
      await patch('strategic', 'deployment/web', sidecar)
      expect((await at('{..containers[*].name}', 'deployment', 'web')).split(' ').sort()).toEqual(['c', 'sidecar'])
      await patch('merge', 'deployment/web', {
        spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx' }] } } },
      })
      expect(await at('{..containers[*].name}', 'deployment', 'web')).toBe('c')
      const failedTest = JSON.stringify([{ op: 'test', path: '/data/color', value: 'blue' }])
      expect(await refused('patch', 'configmap', 'settings', '--type=json', '-p', failedTest)).toContain('test')
    })

    test('the status subresource is separate from the rest', async () => {
      const both = JSON.stringify({ spec: { replicas: 9 }, status: { readyReplicas: 1, replicas: 1 } })
      await run('patch', 'deployment', 'web', '--subresource=status', '--type=merge', '-p', both)
      const states = '{.spec.replicas} {.status.readyReplicas}'
      expect(await at(states, 'deployment', 'web')).toBe('2 1')
      await run('patch', 'deployment', 'web', '--type=merge', '-p', JSON.stringify({ status: { readyReplicas: 7 } }))
      expect(await at(states, 'deployment', 'web')).toBe('2 1')
      expect(await run('get', 'deployment', 'web', '--subresource=status', '-o', 'name')).toBe('deployment.apps/web\n')
    })

    test('label and annotate add, overwrite when told, and remove', async () => {
      expect(await run('label', 'configmap', 'settings', 'tier=front')).toBe('configmap/settings labeled\n')
      expect(await refused('label', 'configmap', 'settings', 'tier=back')).toContain('--overwrite is false')
      await run('label', 'configmap', 'settings', 'tier=back', '--overwrite')
      expect(await run('get', 'configmaps', '-l', 'tier=back', '-o', 'name')).toBe('configmap/settings\n')
      expect(await run('label', 'configmap', 'settings', 'tier-')).toBe('configmap/settings unlabeled\n')
      expect(await run('annotate', 'configmap', 'settings', 'note=hi')).toBe('configmap/settings annotated\n')
      expect(await at('{.metadata.labels} {.metadata.annotations.note}', 'configmap', 'settings')).toBe(
        '{"app":"web"} hi',
      )
    })

    test('scale counts, and only from the expected number when one is given', async () => {
      expect(await run('scale', 'deployment', 'web', '--replicas=5')).toBe('deployment.apps/web scaled\n')
      expect(await refused('scale', 'deployment', 'web', '--replicas=6', '--current-replicas=4')).toContain('was 5')
      await run('scale', 'deployment', 'web', '--replicas=6', '--current-replicas=5')
      expect(await at('{.spec.replicas}', 'deployment', 'web')).toBe('6')
      expect(
        await run('get', 'deployment', 'web', '--subresource=scale', '-o', 'jsonpath={.kind} {.status.selector}'),
      ).toBe('Scale app=web')
    })

    test('wait returns when its condition is met, and fails when it is not', async () => {
      const waiting = run('wait', '--for=jsonpath={.spec.replicas}=7', 'deployment/web', '--timeout=30s')
      await run('scale', 'deployment', 'web', '--replicas=7')
      expect(await waiting).toBe('deployment.apps/web condition met\n')
      expect(await refused('wait', '--for=condition=Available', 'deployment/web', '--timeout=1s')).toContain(
        'timed out',
      )
      const gone = run('wait', '--for=delete', 'configmap/going', '--timeout=30s')
      await user.runOn(configMap('going', {}), 'apply', '-f', '-')
      await run('delete', 'configmap', 'going')
      await gone
    })

    test('rollout status waits for who works on it, and history and restart work', async () => {
      expect(await refused('rollout', 'status', 'deployment/web', '--timeout=1s')).toContain('timed out')
      expect(await refused('rollout', 'status', 'deployment/absent')).toContain('"absent" not found')
      expect(await run('rollout', 'restart', 'deployment/web')).toBe('deployment.apps/web restarted\n')
      expect(await at('{.spec.template.metadata.annotations}', 'deployment', 'web')).toContain('restartedAt')
      expect(await run('rollout', 'history', 'deployment/web')).toContain('deployment.apps/web')
      await run('set', 'image', 'deployment/web', 'c=httpd')
      expect(await at('{..image}', 'deployment', 'web')).toBe('httpd')
    })

    test('server-side apply names conflicting owners, and takes over by force', async () => {
      const applyRed = ['apply', '--server-side', '--field-manager=other', '-f', redFile]
      const conflict = await refused(...applyRed)
      expect(conflict).toContain('.data.color')
      expect(conflict).toContain('kubectl-edit')
      expect(await run(...applyRed, '--force-conflicts')).toBe(
        'configmap/settings serverside-applied\ndeployment.apps/web serverside-applied\nservice/web serverside-applied\n',
      )
      expect(await at('{.data.color} {.data.shape}', 'configmap', 'settings')).toBe('red round')
      const owners = await run(
        'get',
        'configmap',
        'settings',
        '--show-managed-fields',
        '-o',
        'jsonpath={.metadata.managedFields[*].manager}',
      )
      expect(owners.split(' ')).toContain('other')
    })

    test('create makes the kinds that it has words for', async () => {
      expect(await run('create', 'namespace', 'shop')).toBe('namespace/shop created\n')
      const inShop = (...args: string[]) => run('-n', 'shop', ...args)
      const created = [
        await inShop('create', 'deployment', 'made', '--image=nginx', '--replicas=3'),
        await inShop('create', 'configmap', 'made', '--from-literal=a=b'),
        await inShop('create', 'secret', 'generic', 'made', '--from-literal=k=v'),
        await inShop('create', 'serviceaccount', 'robot'),
        await inShop('create', 'role', 'reader', '--verb=get,list', '--resource=pods'),
        await inShop('create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount=shop:robot'),
        await inShop('create', 'job', 'made', '--image=busybox'),
        await inShop('create', 'cronjob', 'made', '--image=busybox', '--schedule=* * * * *'),
        await inShop('create', 'ingress', 'made', '--rule=a.example/*=web:80'),
        await inShop('create', 'poddisruptionbudget', 'made', '--selector=app=web', '--min-available=1'),
        await inShop('run', 'made', '--image=nginx'),
      ]
      expect(created.filter((line) => !/^\S+\/\w+ created\n$/.test(line))).toEqual([])
      expect(await inShop('expose', 'deployment', 'made', '--port=80')).toBe('service/made exposed\n')
      expect(await inShop('autoscale', 'deployment', 'made', '--max=4')).toContain('autoscaled')
      expect(await at('{.spec.replicas}', '-n', 'shop', 'deployment', 'made')).toBe('3')
      expect(await at('{.data.k}', '-n', 'shop', 'secret', 'made')).toBe('dg==')
      expect(await inShop('create', 'token', 'robot')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    })

    test('auth answers who one is and what one may', async () => {
      expect(await run('auth', 'whoami')).toMatch(/^Username +admin$/m)
      expect(await run('auth', 'can-i', 'create', 'deployments')).toBe('yes\n')
      expect(await run('auth', 'can-i', '--list')).toMatch(/^\*\.\* .*\[\*\]$/m)
      const asRobot = ['-n', 'shop', '--as=system:serviceaccount:shop:robot']
      expect(await run('auth', 'can-i', 'list', 'pods', ...asRobot)).toBe('yes\n')
      expect(await user.kubectl(['auth', 'can-i', 'delete', 'pods', ...asRobot])).toMatchObject({
        code: 1,
        stdout: 'no\n',
      })
      const rules = await run('auth', 'can-i', '--list', ...asRobot)
      expect(rules).toMatch(/^pods .*\[get list\]$/m)
      expect(rules).not.toMatch(/^\*\.\* /m)
      const token = (await run('create', 'token', 'robot', '-n', 'shop')).trim()
      const certificate = ['--kubeconfig', await withoutUser(user.kubeconfigPath)]
      const asToken = [...certificate, `--token=${token}`]
      expect(await run('auth', 'whoami', ...asToken)).toMatch(/^Username +system:serviceaccount:shop:robot$/m)
      expect(await run('get', 'pods', '-n', 'shop', '-o', 'name', ...asToken)).toBe('pod/made\n')
      expect(await refused('get', 'secrets', '-n', 'shop', ...asToken)).toContain(
        'secrets is forbidden: User "system:serviceaccount:shop:robot" cannot list resource "secrets" in API group "" in the namespace "shop"',
      )
    })

    test('a namespace is deleted with all that is in it', async () => {
      expect(await run('get', 'all', '-n', 'shop', '-o', 'name')).toContain('deployment.apps/made')
      expect(await run('delete', 'namespace', 'shop')).toBe('namespace "shop" deleted\n')
      expect(await refused('get', 'namespace', 'shop')).toContain('namespaces "shop" not found')
      expect(await run('get', 'deployments,configmaps,secrets,roles,services,jobs', '-A', '-o', 'name')).not.toContain(
        '/made',
      )
      expect(await run('create', 'namespace', 'shop')).toBe('namespace/shop created\n')
      expect(await run('get', 'deployments,secrets,jobs', '-n', 'shop', '-o', 'name')).toBe('')
      await eventually(() => run('get', '-n', 'shop', 'serviceaccount/default', 'configmap/kube-root-ca.crt'), {
        what: 'the namespace has its default ServiceAccount and CA',
      })
    })

    test('api-resources and api-versions list what there is', async () => {
      const resources = await run('api-resources')
      expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
      expect(resources).toMatch(/^namespaces +ns +v1 +false +Namespace$/m)
      expect(await run('api-resources', '--namespaced=false', '-o', 'name')).toMatch(/^workspaces\.tenancy\.kcp\.io$/m)
      expect(await run('api-resources', '--categories=all', '-o', 'name')).toMatch(/^deployments\.apps$/m)
      expect((await run('api-versions')).split('\n')).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'batch/v1']))
      expect(await run('version')).toMatch(/^Server Version: v1\.\d+\.\d+$/m)
    })

    test('mistakes are named in the words that people know', async () => {
      const appliedWrong = await user.kubectl(['apply', '-f', '-'], {
        stdin: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndatta: {}\n',
      })
      expect(appliedWrong.stderr).toContain('unknown field "datta"')
      expect(await refused('get', 'configmap', 'absent')).toBe(
        'Error from server (NotFound): configmaps "absent" not found\n',
      )
      expect(await refused('get', 'absentkind')).toContain('the server doesn\'t have a resource type "absentkind"')
      expect(await refused('create', 'namespace', 'default')).toContain(
        '(AlreadyExists): namespaces "default" already exists',
      )
      expect(await refused('delete', 'namespace', 'default')).toContain('forbidden')
      const unnamed = await user.kubectl(['create', '-f', '-'], { stdin: configMap('Not_A_Name', {}) })
      expect(unnamed.stderr).toContain('metadata.name: Invalid value: "Not_A_Name"')
    })

    test('replace and delete work on whole files', async () => {
      expect(await run('replace', '-f', file)).toBe(
        'configmap/settings replaced\ndeployment.apps/web replaced\nservice/web replaced\n',
      )
      expect(await run('delete', '-f', file, '--dry-run=server')).toContain('configmap "settings" deleted')
      const deleted = await run('delete', '-f', file)
      expect(deleted.split('\n').map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
        'configmap "settings" deleted',
        'deployment.apps "web" deleted',
        'service "web" deleted',
        '',
      ])
      expect(await refused('get', '-f', file)).toMatch(/"settings" not found[^]*"web" not found/)
      expect(await run('delete', '-f', file, '--ignore-not-found')).toBe('')
    })

    test('delete --all spares nothing but what the server makes again', async () => {
      await run('delete', 'configmaps', '--all')
      await eventually(async () => (await run('get', 'configmaps', '-o', 'name')) === 'configmap/kube-root-ca.crt\n', {
        what: 'the CA is back',
      })
    })
  })
})

function configMap(name: string, labels: Record<string, string>): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } })
}

function eventAbout(deployment: string, uid: string): string {
  const now = new Date().toISOString().replace(/\.\d+/, '')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${deployment}.1`, namespace: 'default' },
    involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment, namespace: 'default', uid },
    type: 'Normal',
    reason: 'Tested',
    message: 'somebody looked',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    source: { component: 'test' },
  })
}

/** A copy of a kubeconfig that has no certificate, which would win over a token. */
async function withoutUser(kubeconfigPath: string): Promise<string> {
  const path = `${kubeconfigPath}.anonymous`
  const text = await readFile(kubeconfigPath, 'utf8')
  await writeFile(path, text.replaceAll(/^ *client-(certificate|key)-data:.*\n/gm, ''), { mode: 0o600 })
  return path
}
