import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { fixturesFolder, hasFixtures, noFixturesReason } from '../support/fixtures.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import {
  kubectlInWorkspace,
  shortVersion,
  supportedKubectls,
  type WorkspaceKubectl,
} from '../support/workspace-kubectl.ts'

const crds = join(fixturesFolder, 'crds')
const skipsFixtures = !hasFixtures || !existsSync(crds)
const kubectls = (await supportedKubectls()).map(({ version, path }) => ({
  version,
  binary: path,
  workspace: shortVersion(version),
}))

/** A CRD with columns, a default, status, scale and a category. */
const boatCrd = (widthType: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.harbour.example}
spec:
  group: harbour.example
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bo], categories: [fleet]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.crew, statusReplicasPath: .status.aboard}
    additionalPrinterColumns:
    - {name: Crew, type: integer, jsonPath: .spec.crew}
    - {name: Flag, type: string, jsonPath: .spec.flag, priority: 1}
    schema:
      openAPIV3Schema:
        description: Boat floats.
        type: object
        properties:
          spec:
            type: object
            required: [width]
            properties:
              width: {type: ${widthType}, description: How wide it is.}
              crew: {type: integer, default: 2, minimum: 0}
              flag: {type: string, enum: [red, green]}
          status:
            type: object
            properties: {aboard: {type: integer}, phase: {type: string}}
`
const boat = (name: string, spec: string) =>
  `apiVersion: harbour.example/v1\nkind: Boat\nmetadata: {name: ${name}}\nspec: ${spec}\n`

describe.skipIf(kubectls.length === 0)('custom resources by stock kubectl (skipped when none is installed)', () => {
  let hub: HubProcess
  beforeAll(async () => {
    hub = await startHubProcess({ name: 'conformance-crds' })
    for (const { workspace } of kubectls) {
      await hub.mustAtoll(['ws', 'create', workspace])
      await hub.mustAtoll(['ws', 'create', `${workspace}-other`])
    }
  })
  afterAll(() => hub?.close())

  describe.each(kubectls)('$version', ({ binary, workspace }) => {
    let user: WorkspaceKubectl
    let other: WorkspaceKubectl
    const run = (...args: string[]) => user.run(...args)
    const at = (path: string, ...what: string[]) => run('get', ...what, '-o', `jsonpath=${path}`)

    beforeAll(async () => {
      user = await kubectlInWorkspace({ hub, binary, workspace, editor: 'sed -i s/red/green/' })
      other = await kubectlInWorkspace({ hub, binary, workspace: `${workspace}-other` })
    })

    test('a type is there as soon as it is established', async () => {
      await user.runOn(boatCrd('integer'), 'create', '-f', '-')
      expect(await run('wait', '--for=condition=Established', 'crd/boats.harbour.example', '--timeout=10s')).toContain(
        'condition met',
      )
      expect(await user.runOn(boat('argo', '{width: 7}'), 'apply', '-f', '-')).toBe(
        'boat.harbour.example/argo created\n',
      )
      expect(await user.runOn(boat('argo', '{width: 7}'), 'apply', '-f', '-')).toBe(
        'boat.harbour.example/argo unchanged\n',
      )
      expect(await run('api-resources', '--api-group=harbour.example')).toMatch(
        /^boats +bo +harbour\.example\/v1 +true +Boat$/m,
      )
    })

    test('get prints the columns that the type declares, and describe all fields', async () => {
      expect(await run('get', 'bo')).toMatch(/^NAME +CREW\nargo +2\n$/)
      expect(await run('get', 'boat', 'argo', '-o', 'wide')).toMatch(/^NAME +CREW +FLAG\nargo +2 *\n$/)
      expect(await run('get', 'fleet', '-o', 'name')).toBe('boat.harbour.example/argo\n')
      expect(await run('get', 'boats', '-A', '--show-labels')).toMatch(
        /^NAMESPACE +NAME +CREW +LABELS\ndefault +argo +2 +<none>\n$/,
      )
      expect(await run('describe', 'boat', 'argo')).toMatch(/^Spec:\n +Crew: +2\n +Width: +7$/m)
      expect(await run('explain', 'boat.spec.width')).toContain('How wide it is.')
    })

    test('values that the schema does not allow are refused by name', async () => {
      const wrong = (spec: string, ...more: string[]) =>
        user.kubectl(['create', '-f', '-', ...more], { stdin: boat('wrong', spec) })
      expect((await wrong('{width: 7, widht: 8}')).stderr).toContain('unknown field "spec.widht"')
      const { code, stderr } = await wrong('{width: wide, crew: -1, flag: blue}')
      expect(code).toBe(1)
      expect(stderr).toContain('The Boat "wrong" is invalid')
      for (const field of ['spec.width', 'spec.crew', 'spec.flag']) expect(stderr).toContain(`* ${field}: `)
      expect((await wrong('{crew: 1}')).stderr).toContain('spec.width: Required value')
      expect(await run('get', 'boats', '-o', 'name')).toBe('boat.harbour.example/argo\n')
    })

    test('patch, edit, label, scale, wait, diff and server-side apply work', async () => {
      await run('patch', 'boat', 'argo', '--type=merge', '-p', '{"spec":{"flag":"red"}}')
      expect(await run('edit', 'boat', 'argo')).toBe('boat.harbour.example/argo edited\n')
      await run('patch', 'boat', 'argo', '--type=json', '-p', '[{"op":"replace","path":"/spec/width","value":8}]')
      expect(await at('{.spec}', 'boat', 'argo')).toBe('{"crew":2,"flag":"green","width":8}')
      expect((await user.kubectl(['patch', 'boat', 'argo', '-p', '{"spec":{"width":9}}'])).stderr).toContain(
        'strategic-merge-patch+json is not supported by harbour.example/v1, Kind=Boat',
      )
      await run('label', 'boat', 'argo', 'old=yes')
      expect(await run('scale', 'boat', 'argo', '--replicas=50')).toBe('boat.harbour.example/argo scaled\n')
      expect(await at('{.spec.crew} {.metadata.labels.old}', 'boat', 'argo')).toBe('50 yes')
      const waiting = run('wait', '--for=jsonpath={.status.phase}=Sailing', 'boat/argo', '--timeout=30s')
      const status = '{"spec":{"crew":3},"status":{"phase":"Sailing","aboard":50}}'
      await run('patch', 'boat', 'argo', '--subresource=status', '--type=merge', '-p', status)
      await waiting
      expect(await at('{.spec.crew} {.status}', 'boat', 'argo')).toBe('50 {"aboard":50,"phase":"Sailing"}')
      const wide = join(dirname(user.kubeconfigPath), 'wide.yaml')
      await writeFile(wide, boat('argo', '{width: 12}'))
      const diff = await user.kubectl(['diff', '-f', wide])
      expect(diff).toMatchObject({ code: 1, stdout: expect.stringMatching(/^-  width: 8\n\+  width: 12$/m) as string })
      const conflict = await user.kubectl(['apply', '--server-side', '--field-manager=yard', '-f', wide])
      expect(conflict.stderr).toMatch(/conflict with "kubectl-patch".*: \.spec\.width/)
      await run('apply', '--server-side', '--field-manager=yard', '--force-conflicts', '-f', wide)
      expect(await at('{.spec.width}', 'boat', 'argo')).toBe('12')
    })

    test('objects and types of one workspace are not seen in the other', async () => {
      expect((await other.kubectl(['get', 'boats'])).stderr).toContain('doesn\'t have a resource type "boats"')
      expect(await other.run('api-resources', '--api-group=harbour.example', '-o', 'name')).toBe('')
      expect(await other.run('get', 'crds', '-o', 'name')).toBe('')
      expect((await other.kubectl(['explain', 'boat'])).code).toBe(1)
    })

    test('another workspace may have the same type with another schema', async () => {
      await other.runOn(boatCrd('string'), 'create', '-f', '-')
      await other.run('wait', '--for=condition=Established', 'crd/boats.harbour.example', '--timeout=10s')
      expect(await other.run('get', 'boats', '-o', 'name')).toBe('')
      await other.runOn(boat('wide', '{width: very}'), 'create', '-f', '-')
      const here = await user.kubectl(['create', '-f', '-'], { stdin: boat('wide', '{width: very}') })
      expect(here.stderr).toContain('spec.width in body must be of type integer')
      expect(await run('explain', 'boat.spec.width')).toContain('<integer>')
      expect(await other.run('explain', 'boat.spec.width')).toContain('<string>')
    })

    test('a type goes with its objects, and comes back empty', async () => {
      expect(await run('delete', 'crd', 'boats.harbour.example')).toContain('"boats.harbour.example" deleted')
      await eventually(async () => (await run('api-resources', '--api-group=harbour.example', '-o', 'name')) === '', {
        what: 'discovery forgets the type',
      })
      await user.runOn(boatCrd('integer'), 'create', '-f', '-')
      await run('wait', '--for=condition=Established', 'crd/boats.harbour.example', '--timeout=10s')
      expect(await run('get', 'boats', '-o', 'name')).toBe('')
      expect(await other.run('get', 'boats', '-o', 'name')).toBe('boat.harbour.example/wide\n')
    })

    describe.skipIf(skipsFixtures)(`CRDs that projects ship${skipsFixtures ? `: ${noFixturesReason}` : ''}`, () => {
      const crdLines = (printed: string) =>
        printed.split('\n').filter((line) => line.startsWith('customresourcedefinition'))

      test.each(['cert-manager.yaml', 'gateway-api.yaml'])(
        '%s: applied, and unchanged when applied again',
        async (file) => {
          const first = crdLines(await run('apply', '-f', join(crds, file)))
          expect(first.length).toBeGreaterThan(5)
          expect(first.filter((line) => !line.endsWith(' created'))).toEqual([])
          const second = crdLines(await run('apply', '-f', join(crds, file)))
          expect(second).toEqual(first.map((line) => line.replace(/ created$/, ' unchanged')))
          const names = first.map((line) => line.replace(/^.*\/(\S+) .*/, 'crd/$1'))
          const established = await run('wait', '--for=condition=Established', ...names, '--timeout=20s')
          expect(established.match(/condition met/g)).toHaveLength(first.length)
        },
      )

      test('certificates are made, listed with their columns and explained', async () => {
        const spec = '{secretName: tls, dnsNames: [a.example], issuerRef: {name: ca}}'
        const certificate = `apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web}\nspec: ${spec}\n`
        expect(await user.runOn(certificate, 'apply', '-f', '-')).toBe('certificate.cert-manager.io/web created\n')
        expect(await user.runOn(certificate, 'apply', '-f', '-')).toBe('certificate.cert-manager.io/web unchanged\n')
        expect(await run('get', 'cert')).toMatch(/^NAME +READY +SECRET +AGE\nweb +tls +\w+\n$/)
        expect(await run('get', 'cert-manager', '-o', 'name')).toBe('certificate.cert-manager.io/web\n')
        expect(await run('explain', 'certificate.spec.secretName')).toContain('FIELD: secretName <string>')
        const ready =
          '{"status":{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2024-01-01T00:00:00Z"}]}}'
        await run('patch', 'cert', 'web', '--subresource=status', '--type=merge', '-p', ready)
        expect(await run('wait', '--for=condition=Ready', 'cert/web', '--timeout=10s')).toContain('condition met')
        expect(await run('get', 'cert', 'web', '--no-headers')).toMatch(/^web +True +tls /)
      })

      test('gateways get their defaults', async () => {
        const spec = '{gatewayClassName: x, listeners: [{name: a, port: 80, protocol: HTTP}]}'
        await user.runOn(
          `apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec: ${spec}\n`,
          'create',
          '-f',
          '-',
        )
        expect(await at('{.spec.listeners[0].allowedRoutes}', 'gtw', 'g')).toBe('{"namespaces":{"from":"Same"}}')
        expect(await run('get', 'gateway')).toMatch(/^NAME +CLASS +ADDRESS +PROGRAMMED +AGE\ng +x /)
      })

      test('none of it is in the other workspace', async () => {
        expect(await other.run('get', 'crds', '-o', 'name')).toBe(
          'customresourcedefinition.apiextensions.k8s.io/boats.harbour.example\n',
        )
        expect((await other.kubectl(['get', 'certificates.cert-manager.io'])).stderr).toContain('resource type')
      })
    })
  })
})
