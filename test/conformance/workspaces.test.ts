import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import { kubectlInWorkspace, rawPath, supportedKubectls, type WorkspaceKubectl } from '../support/workspace-kubectl.ts'

const workspace = (name: string) => `apiVersion: tenancy.kcp.io/v1alpha1\nkind: Workspace\nmetadata: {name: ${name}}\n`
const kubectls = await supportedKubectls()

const rawPaths = [
  '/api',
  '/apis',
  '/openapi/v3',
  '/api/v1/namespaces',
  '/api/v1/namespaces/default/configmaps/kube-root-ca.crt',
  '/apis/nothing.example/v1/things',
  '/version',
]
const commands = [
  ['create', 'configmap', 'x'],
  ['get', 'configmaps'],
  ['delete', 'namespace', 'default'],
  ['auth', 'can-i', 'get', 'pods'],
]

describe.skipIf(kubectls.length === 0)('workspaces by stock kubectl (skipped when none is installed)', () => {
  describe.each(kubectls)('$version', ({ path: binary }) => {
    let hub: HubProcess
    let root: WorkspaceKubectl
    beforeAll(async () => {
      hub = await startHubProcess({ name: 'conformance-workspaces' })
      root = await kubectlInWorkspace({ hub, binary, workspace: 'root' })
      await hub.mustAtoll(['ws', 'create', 'theirs'])
    })
    afterAll(() => hub?.close())

    const serverOf = (place: string) => `--server=${hub.url}/clusters/${place}`

    test('creating a Workspace object makes one that answers when it is Ready', async () => {
      expect(await root.runOn(workspace('ours'), 'create', '-f', '-')).toBe('workspace.tenancy.kcp.io/ours created\n')
      await root.run('wait', '--for=jsonpath={.status.phase}=Ready', 'workspace/ours', '--timeout=20s')
      const listed = await root.run('get', 'workspaces')
      expect(listed).toMatch(/^NAME +TYPE +REGION +PHASE +URL +AGE\n/)
      expect(listed).toMatch(/^ours +universal +Ready +https:\/\/\S+\/clusters\/root:ours +\w+$/m)
      expect(listed).toMatch(/^theirs +universal +Ready /m)
      const url = await root.run('get', 'ws', 'ours', '-o', 'jsonpath={.spec.URL}')
      expect((await root.run('get', 'namespaces', '-o', 'name', `--server=${url}`)).split('\n')).toContain(
        'namespace/default',
      )
    })

    test('a workspace answers by its path and by its name alike', async () => {
      const cluster = await root.run('get', 'ws', 'ours', '-o', 'jsonpath={.spec.cluster}')
      await root.run('create', 'configmap', 'spot', serverOf(cluster))
      expect(await root.run('get', 'configmap', 'spot', '-o', 'name', serverOf('root:ours'))).toBe('configmap/spot\n')
    })

    test('a name that cannot be one, and a name that is taken, are refused', async () => {
      const bad = await root.kubectl(['create', '-f', '-'], { stdin: workspace('Not_One') })
      expect(bad.stderr).toContain('The Workspace "Not_One" is invalid: metadata.name')
      const taken = await root.kubectl(['create', '-f', '-'], { stdin: workspace('ours') })
      expect(taken.stderr).toContain('workspaces.tenancy.kcp.io "ours" already exists')
    })

    describe('an administrator of one workspace only', () => {
      let boss: WorkspaceKubectl
      beforeAll(async () => {
        const admin = await kubectlInWorkspace({ hub, binary, workspace: 'ours' })
        await admin.run('create', 'namespace', 'team')
        await admin.run('create', 'serviceaccount', 'boss', '-n', 'team')
        const binding = ['clusterrolebinding', 'boss', '--clusterrole=cluster-admin', '--serviceaccount=team:boss']
        await admin.run('create', ...binding)
        boss = await kubectlInWorkspace({ hub, binary, workspace: 'ours', serviceAccount: 'team/boss' })
      })

      test('may do everything there', async () => {
        expect(await boss.run('auth', 'whoami')).toMatch(/^Username +system:serviceaccount:team:boss$/m)
        expect(await boss.run('auth', 'can-i', '*', '*')).toBe('yes\n')
        await boss.run('create', 'namespace', 'more')
        await boss.run('create', 'deployment', 'web', '--image=nginx', '-n', 'more')
        await boss.run('delete', 'namespace', 'more')
      })

      test('gets for another workspace, word by word, what it gets for one that does not exist', async () => {
        const at = (place: string) => [
          ...rawPaths.map((path) => rawPath(hub, place, path)),
          ...commands.map((command) => [...command, serverOf(place)]),
        ]
        const ofNobody = at('root:nobody')
        for (const [index, question] of at('root:theirs').entries()) {
          const theirs = await boss.kubectl(question)
          const nobodys = await boss.kubectl(ofNobody[index] ?? [])
          expect(theirs.code, question.join(' ')).not.toBe(0)
          expect(theirs.stderr).toMatch(/forbidden|Forbidden/)
          const withoutTimes = (text: string) => text.replaceAll(/^E\d+ [\d:.]+ +\d+ /gm, '')
          expect(withoutTimes(nobodys.stderr)).toBe(withoutTimes(theirs.stderr))
          expect(nobodys).toMatchObject({ code: theirs.code, stdout: theirs.stdout })
        }
      })

      test('may not see the workspaces of the root', async () => {
        expect(await boss.refused('get', 'workspaces', serverOf('root'))).toContain('forbidden')
        expect(await boss.refused(...rawPath(hub, 'root', '/api/v1/namespaces'))).toContain('forbidden')
        expect(await boss.refused(...rawPath(hub, '*', '/api/v1/namespaces'))).toMatch(/forbidden|invalid/)
      })

      test('has no rights with the same names in another workspace', async () => {
        const there = await kubectlInWorkspace({ hub, binary, workspace: 'theirs' })
        await there.run('create', 'namespace', 'team')
        await there.run('create', 'serviceaccount', 'boss', '-n', 'team')
        await there.run(
          'create',
          'clusterrolebinding',
          'boss',
          '--clusterrole=cluster-admin',
          '--serviceaccount=team:boss',
        )
        expect(await boss.refused(...rawPath(hub, 'root:theirs', '/api/v1/namespaces'))).toContain('forbidden')
      })

      test('makes workspaces below it', async () => {
        await boss.runOn(workspace('inner'), 'create', '-f', '-')
        await boss.run('wait', '--for=jsonpath={.status.phase}=Ready', 'workspace/inner', '--timeout=20s')
        expect(await boss.run('get', 'workspaces', '-o', 'jsonpath={.items[*].spec.URL}')).toBe(
          `${hub.url}/clusters/root:ours:inner`,
        )
        expect(await root.run('get', 'workspaces', '-o', 'name')).not.toContain('inner')
      })
    })

    test('the same names in two workspaces are two objects', async () => {
      const objects = ['ours', 'theirs'].map((name) => [name, serverOf(`root:${name}`)] as const)
      for (const [name, server] of objects)
        await root.run('create', 'configmap', 'same', `--from-literal=of=${name}`, server)
      for (const [name, server] of objects)
        expect(await root.run('get', 'configmap', 'same', '-o', 'jsonpath={.data.of}', server)).toBe(name)
      await root.run('delete', 'configmap', 'same', serverOf('root:ours'))
      expect(await root.run('get', 'configmap', 'same', '-o', 'name', serverOf('root:theirs'))).toBe('configmap/same\n')
      expect(await root.refused('get', 'configmap', 'same')).toContain('not found')
    })

    test('a deleted workspace takes its content and its inner workspaces along', async () => {
      const uidBefore = await root.run('get', 'ws', 'ours', '-o', 'jsonpath={.metadata.uid}')
      expect(await root.run('delete', 'workspace', 'ours', '--timeout=60s')).toContain('"ours" deleted')
      expect(await root.refused('get', 'workspace', 'ours')).toContain('workspaces.tenancy.kcp.io "ours" not found')
      for (const gone of ['root:ours', 'root:ours:inner'])
        expect(await root.refused(...rawPath(hub, gone, '/api'))).toContain('NotFound')
      await root.runOn(workspace('ours'), 'create', '-f', '-')
      await root.run('wait', '--for=jsonpath={.status.phase}=Ready', 'workspace/ours', '--timeout=20s')
      expect(await root.run('get', 'ws', 'ours', '-o', 'jsonpath={.metadata.uid}')).not.toBe(uidBefore)
      await eventually(
        async () =>
          (await root.run('get', 'configmaps', '-A', '-o', 'name', serverOf('root:ours'))).includes('kube-root-ca.crt'),
        { what: 'the new workspace has its own contents' },
      )
      expect(await root.run('get', 'configmaps', '-A', '-o', 'name', serverOf('root:ours'))).not.toContain('spot')
      expect(await root.run('get', 'namespaces', '-o', 'name', serverOf('root:ours'))).not.toContain('team')
    })
  })
})
