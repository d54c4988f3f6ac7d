import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'
import { createKubectl, installedKubectls, type Kubectl } from '../support/kubectl.ts'

const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
`

const pathBefore = process.env['PATH']
const found = await installedKubectls()
// The newest, and one from when bodies became protobuf. Before 1.28 apply needs OpenAPI v2, which is not served.
const chosen = found.filter(({ version }, index) => index === 0 || version.startsWith('1.32.'))

describe.skipIf(chosen.length === 0)('stock kubectl (skipped when none is installed)', () => {
  describe.each(chosen)('$version', ({ path }) => {
    let api: TestApiServer
    let kubectl: Kubectl
    let file: string
    beforeAll(async () => {
      api = await startApiServer()
      // The editor that kubectl falls back to, where nothing else is named.
      writeFileSync(join(api.folder, 'vi'), '#!/bin/sh\nsed -i s/blue/green/ "$1"\n', { mode: 0o755 })
      process.env['PATH'] = `${api.folder}${delimiter}${pathBefore ?? ''}`
      kubectl = createKubectl({ binary: path, kubeconfigPath: api.kubeconfigPath })
      file = join(api.folder, 'manifest.yaml')
      writeFileSync(file, manifest)
    })
    afterAll(async () => {
      process.env['PATH'] = pathBefore
      await api.close()
    })

    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await kubectl(args)
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`)
      return stdout
    }

    test('creates, applies, sees no difference and deletes', async () => {
      expect(await run('create', 'namespace', 'default')).toBe('namespace/default created\n')
      expect(await run('apply', '-f', file)).toBe('configmap/settings created\ndeployment.apps/web created\n')
      expect(await run('apply', '-f', file)).toBe('configmap/settings unchanged\ndeployment.apps/web unchanged\n')
      expect(await run('diff', '-f', file)).toBe('')
      expect(await run('get', 'configmaps', '-o', 'name')).toBe('configmap/settings\n')
      expect(await run('get', 'deployments')).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2/)
    })

    test('describes, explains and lists what there is', async () => {
      expect(await run('describe', 'deployment', 'web')).toContain('Image:         nginx')
      expect(await run('explain', 'deployment.spec.replicas')).toContain('<integer>')
      expect(await run('api-resources', '--namespaced=false', '-o', 'name')).toContain('namespaces')
      expect(await run('api-versions')).toContain('apps/v1')
    })

    test('patches, labels, scales, sets images and waits', async () => {
      await run('patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"color":"red"}}')
      expect(await run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.color}')).toBe('red')
      await run('label', 'deployment', 'web', 'tier=front')
      await run('annotate', 'deployment', 'web', 'note=yes')
      await run('scale', 'deployment', 'web', '--replicas=5')
      await run('set', 'image', 'deployment/web', 'c=httpd')
      const columns = 'jsonpath={.metadata.labels.tier} {.metadata.annotations.note} {.spec.replicas} {..image}'
      expect(await run('get', 'deployment', 'web', '-o', columns)).toBe('front yes 5 httpd')
      expect(await run('wait', '--for=jsonpath={.spec.replicas}=5', 'deployment/web', '--timeout=5s')).toContain(
        'condition met',
      )
    })

    test('applies on the server, names conflicts, and takes over by force', async () => {
      const refused = await kubectl(['apply', '--server-side', '--field-manager=other', '-f', file])
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toContain('.data.color')
      const forced = await run('apply', '--server-side', '--force-conflicts', '--field-manager=other', '-f', file)
      expect(forced).toContain('deployment.apps/web serverside-applied')
      expect(await run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.color}')).toBe('blue')
    })

    test('edits in an editor', async () => {
      const before = await run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.color}')
      expect(before).toBe('blue')
      expect(await run('edit', 'configmap', 'settings')).toBe('configmap/settings edited\n')
      expect(await run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.color}')).toBe('green')
    })

    test('creates by generator, in protobuf where it does so', async () => {
      await run('create', 'deployment', 'made', '--image=nginx', '--replicas=3')
      await run('create', 'serviceaccount', 'robot')
      await run('create', 'secret', 'generic', 'keys', '--from-literal=k=v')
      await run('expose', 'deployment', 'made', '--port=80')
      expect(await run('get', 'deployment', 'made', '-o', 'jsonpath={.spec.replicas}')).toBe('3')
      expect(await run('get', 'secret', 'keys', '-o', 'jsonpath={.data.k}')).toBe('dg==')
    })

    test('reports what is wrong in the words that people know', async () => {
      const absent = await kubectl(['get', 'configmap', 'absent'])
      expect(absent.stderr).toBe('Error from server (NotFound): configmaps "absent" not found\n')
      const again = await kubectl(['create', 'namespace', 'default'])
      expect(again.stderr).toContain('(AlreadyExists): namespaces "default" already exists')
      const typo = await kubectl(['apply', '-f', '-'], {
        stdin: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndatta: {}\n',
      })
      expect(typo.stderr).toContain('unknown field "datta"')
    })

    test('deletes, and waits until it is gone', async () => {
      expect(await run('delete', '-f', file)).toContain('deleted')
      expect((await kubectl(['get', '-f', file])).code).not.toBe(0)
      expect(await run('delete', 'deployments,services,secrets,serviceaccounts', '--all')).toContain('made')
    })
  })
})
