import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import type { Publication } from '../../src/meta/fleet/placement.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { certificateTypes } from '../support/certificate-types.ts'
import { eventually } from '../support/eventually.ts'
import {
  fleetTimeoutMs,
  type Child,
  type ChildKind,
  type FleetWorld,
  type List,
  missingForFleet,
  startFleetWorld,
} from '../support/fleet-world.ts'

const certificate = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: { name: 'web' },
  spec: { secretName: 'web-tls', dnsNames: ['web.example.com'], issuerRef: { name: 'ca' } },
}
const placement = { apiVersion: 'fleet.atoll.dev/v1alpha1', kind: 'Placement', metadata: { name: 'all' }, spec: {} }
const publishedGroups = 'cert-manager.io,acme.cert-manager.io'
const crd = 'customresourcedefinitions'

/** Types that a platform team publishes once, in workspaces and on child clusters. */
export function describeFleetPublication(kind: ChildKind): void {
  const missing = missingForFleet(kind)
  if (missing !== undefined) console.warn(`SKIPPED: ${missing}`)
  const types = certificateTypes(kind === 'real' ? 'whole' : 'small')
  const documents = parseAllDocuments(types).map((document) => document.toJS() as KubeObject | null)
  const names = documents.flatMap((object) =>
    object?.kind === 'CustomResourceDefinition' ? [object.metadata.name ?? ''] : [],
  )

  describe.skipIf(missing !== undefined)(
    `CRDs published to workspaces and two ${kind} child clusters`,
    { timeout: fleetTimeoutMs },
    () => {
      let world: FleetWorld
      let east: Child
      let west: Child
      let file = ''

      const crdsOf = async (getJson: <T>(args: readonly string[]) => Promise<T>) => {
        const { items } = await getJson<List>([crd])
        return items
          .filter(({ status }) => JSON.stringify(status).includes('Established'))
          .map(({ metadata }) => metadata.name ?? '')
      }
      const inWorkspace = (path: string) => crdsOf((args) => world.hub.getJson(path, args))
      const has = (where: () => Promise<string[]>, what: string) =>
        eventually(
          async () =>
            names.every((name) => name !== '') &&
            (await where()).filter((name) => names.includes(name)).length === names.length,
          {
            what,
            intervalMs: 200,
          },
        )
      const certificateOn = async (child: Child) => {
        const namespace = await world.mapped(child, 'root:later', 'app')
        return child.getJson<KubeObject>(['certificates.cert-manager.io', 'web', '-n', namespace])
      }

      beforeAll(async () => {
        world = await startFleetWorld({ name: 'publication', kind, children: ['east', 'west'] })
        ;[east, west] = world.children as [Child, Child]
        file = join(world.hub.folder, 'types.yaml')
        await writeFile(file, types)
        await world.join(east, { mode: 'kubeconfig', publishedGroups })
        await world.hub.mustAtoll(['ws', 'create', 'existing'])
      }, fleetTimeoutMs)
      afterAll(async () => {
        await world?.close()
      })

      it('puts them into a workspace that is there, into one that is made afterwards, and on a child cluster', async () => {
        const to = ['--to-workspaces', 'root:*', '--to-clusters', '*']
        await world.hub.mustAtoll(['publish', '-f', file, '--workspace', 'root', '--name', 'certs', ...to])
        await has(() => inWorkspace('root:existing'), 'the workspace has them')
        await world.hub.mustAtoll(['ws', 'create', 'later'])
        await has(() => inWorkspace('root:later'), 'the later workspace has them')
        await has(() => crdsOf(east.getJson), 'the child has them')
      })

      it('serves their objects in both workspaces, and brings a placed one to the child', async () => {
        for (const path of ['root:existing', 'root:later']) {
          const listed = await world.hub.mustKubectl(path, ['get', 'certificates', '-A', '-o', 'name'])
          expect(listed).toBe('')
        }
        await world.hub.mustKubectl('root:later', ['create', 'namespace', 'app'])
        await world.hub.mustKubectl('root:later', ['label', 'namespace', 'app', 'fleet.atoll.dev/placement=all'])
        await world.hub.mustKubectl('root:later', ['create', '--validate=false', '-n', 'app', '-f', '-'], {
          stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [placement, certificate] }),
        })
        const there = await eventually(() => certificateOn(east), { what: 'the Certificate is on the child' })
        expect(there['spec']).toEqual(certificate.spec)
      })

      it('brings a child that is joined later the types first, and then their objects', async () => {
        await world.join(west, { mode: 'agent', publishedGroups })
        const there = await eventually(() => certificateOn(west), { what: 'the Certificate is on the other child' })
        const type = await west.getJson<KubeObject>([crd, 'certificates.cert-manager.io'])
        expect(Date.parse(String(there.metadata.creationTimestamp))).toBeGreaterThanOrEqual(
          Date.parse(String(type.metadata.creationTimestamp)),
        )
        await has(() => crdsOf(west.getJson), 'the other child has all of them')
        // It was not tried before its type was served.
        if (west.auditEntries === undefined) return
        const writes = await west.auditEntries({ resource: 'certificates' })
        expect(writes.map(({ code }) => code).filter((code) => code >= 400 && code !== 403)).toEqual([])
      })

      it('says of every target that it is ready', async () => {
        const { status } = await eventually(
          async () => {
            const found = await world.hub.getJson<Publication>('root', ['publications', 'certs'])
            return found.status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') && found
          },
          { what: 'the Publication is ready' },
        )
        const targets = (status?.targets ?? []).map(({ type, name }) => `${type} ${name}`)
        for (const target of [
          'Workspace root:existing',
          'Workspace root:later',
          'ChildCluster east',
          'ChildCluster west',
        ])
          expect(targets).toContain(target)
        expect(status?.targets?.filter(({ ready }) => !ready)).toEqual([])
      })

      it('tells a tenant who applies the same types that nothing changes, and refuses other ones', async () => {
        const identity = async () => {
          const { metadata } = await world.hub.getJson<KubeObject>('root:existing', [
            crd,
            'certificates.cert-manager.io',
          ])
          return [metadata.uid, metadata.generation]
        }
        const before = await identity()
        // The first time kubectl may have to leave its own note in an annotation.
        await world.hub.mustKubectl('root:existing', ['apply', '-f', file])
        const said = (await world.hub.mustKubectl('root:existing', ['apply', '-f', file])).trim().split('\n')
        expect(said.filter((line) => !line.endsWith(' unchanged'))).toEqual([])
        expect(said.length).toBe(names.length)
        expect(await identity()).toEqual(before)
        const served = await world.hub.mustKubectl('root:existing', ['apply', '--server-side', '-f', file])
        expect(served).toContain('serverside-applied')
        const changed = documents.filter((object) => object?.metadata.name === 'certificates.cert-manager.io')
        const text = changed
          .map((object) => stringify(object))
          .join('---\n')
          .replaceAll('secretName', 'secretNam')
        const { code, stderr } = await world.hub.kubectl('root:existing', ['apply', '-f', '-'], { stdin: text })
        expect(stderr).toMatch(/conflict/i)
        expect(code).toBe(1)
        const kept = await world.hub.mustKubectl('root:existing', [
          'get',
          crd,
          'certificates.cert-manager.io',
          '-o',
          'yaml',
        ])
        expect(kept).toContain('secretName')
      })

      it('puts a type back that is changed on a child', async () => {
        const path = '/spec/names/categories'
        const patch = JSON.stringify([{ op: 'add', path, value: ['strange'] }])
        const categories = async () => {
          const { spec } = await east.getJson<KubeObject & { spec: { names: { categories?: string[] } } }>([
            crd,
            'certificates.cert-manager.io',
          ])
          return spec.names.categories
        }
        const before = await categories()
        await east.kubectl(['patch', crd, 'certificates.cert-manager.io', '--type=json', '-p', patch])
        // What nobody had said is nobody's drift; what the publication says is put back.
        if (before !== undefined)
          await eventually(async () => JSON.stringify(await categories()) === JSON.stringify(before), {
            what: 'the type is put back',
          })
        await east.kubectl(['delete', crd, 'certificates.cert-manager.io', '--wait=false'])
        await has(() => crdsOf(east.getJson), 'the type is there again')
        await eventually(() => certificateOn(east), { what: 'and so is its object' })
        expect(await world.hub.mustKubectl('root:later', ['-n', 'app', 'get', 'certificates', '-o', 'name'])).toContain(
          'web',
        )
      })
    },
  )
}
