import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChildCluster } from '../../src/meta/fleet/child-cluster.ts'
import { agentNamespace, managedLabel } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import {
  fleetTimeoutMs,
  missingForFleet,
  startFleetWorld,
  type Child,
  type ChildKind,
  type FleetWorld,
  type List,
} from '../support/fleet-world.ts'
import { shopApplication } from '../support/shop-application.ts'

interface Deployment extends KubeObject {
  spec: { replicas?: number; template: { spec: { containers: { image: string }[] } } }
  status?: { readyReplicas?: number; replicas?: number; observedGeneration?: number; updatedReplicas?: number }
}
interface Pod extends KubeObject {
  status?: { phase?: string }
}

const workspace = 'root:shop'
const placements = ['both', 'divided'].map((name) => ({
  apiVersion: 'fleet.atoll.dev/v1alpha1',
  kind: 'Placement',
  metadata: { name },
  spec: {
    clusterSelector: { matchLabels: { env: 'prod' } },
    replicas: { strategy: name === 'both' ? 'Duplicate' : 'Divide' },
  },
}))
const aRollout = 300_000

function isRolledOut({ spec, status, metadata }: Deployment): boolean {
  const counters = [status?.updatedReplicas, status?.readyReplicas, status?.replicas]
  return status?.observedGeneration === metadata.generation && counters.every((count) => count === spec.replicas)
}

/** What a user sees of an application on two child clusters, whatever plays them. */
export function describeFleetStory(kind: ChildKind): void {
  const missing = missingForFleet(kind)
  if (missing !== undefined) console.warn(`SKIPPED: ${missing}`)
  const application = shopApplication(kind === 'real' ? 'whole' : 'small')
  const count = (what: string) => application.filter((object) => object.kind === what).length
  const deployments = count('Deployment')

  describe.skipIf(missing !== undefined)(
    `an application on two ${kind} child clusters, one joined in each mode`,
    { timeout: fleetTimeoutMs },
    () => {
      let world: FleetWorld
      let east: Child
      let west: Child
      const targets: Record<string, string> = {}
      const target = ({ name }: Child) => targets[name] ?? ''
      const both = () => [east, west]

      const inHub = (args: readonly string[], options?: { readonly stdin?: string; readonly timeoutMs?: number }) =>
        world.hub.mustKubectl(workspace, ['-n', 'boutique', ...args], options)
      const rollout = (name: string, timeout: string) =>
        world.hub.kubectl(
          workspace,
          ['-n', 'boutique', 'rollout', 'status', `deployment/${name}`, `--timeout=${timeout}`],
          {
            timeoutMs: aRollout,
          },
        )
      const deploymentOn = (child: Child, name: string) =>
        child.getJson<Deployment>(['deployment', name, '-n', target(child)])
      const deploymentInHub = (name: string) =>
        world.hub.getJson<Deployment>(workspace, ['deployment', name, '-n', 'boutique'])

      beforeAll(async () => {
        world = await startFleetWorld({ name: 'story', kind, children: ['east', 'west'] })
        ;[east, west] = world.children as [Child, Child]
      }, fleetTimeoutMs)
      afterAll(async () => {
        await world?.close()
      })

      it('joins them with one command each, and lists them', async () => {
        await world.join(east, { mode: 'kubeconfig', labels: 'env=prod,side=east' })
        await world.join(west, { mode: 'agent', labels: 'env=prod,side=west' })
        const table = await world.hub.mustAtoll(['clusters'])
        expect(table).toMatch(/^east +kubeconfig +True +v1\.\d+\.\d+\S* +1 /m)
        expect(table).toMatch(/^west +agent +True +v1\.\d+\.\d+\S* +1 /m)
        const json = JSON.parse(await world.hub.mustAtoll(['clusters', '-o', 'json'])) as List<ChildCluster>
        expect(json.items.map(({ metadata }) => metadata.labels?.['side'])).toEqual(['east', 'west'])
      })

      it('puts a labelled namespace on both, and divides the one Deployment that asks for it', async () => {
        await world.hub.mustAtoll(['ws', 'create', 'shop'])
        await world.hub.mustKubectl(workspace, ['apply', '--validate=false', '-f', '-'], {
          stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: placements }),
        })
        await inHub(['create', 'namespace', 'boutique'])
        await inHub(['label', 'namespace', 'boutique', 'fleet.atoll.dev/placement=both'])
        await inHub(['apply', '--validate=false', '-f', '-'], {
          stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: application }),
        })
        await inHub(['label', 'deployment', 'frontend', 'fleet.atoll.dev/placement=divided'])
        await inHub(['scale', 'deployment', 'frontend', '--replicas=5'])

        const { items } = await world.hub.getJson<List<Deployment>>(workspace, ['deployments', '-n', 'boutique'])
        expect(items.length).toBe(deployments)
        for (const { metadata } of items) {
          const { code, stderr } = await rollout(metadata.name ?? '', '240s')
          expect(stderr).toBe('')
          expect(code).toBe(0)
        }
        for (const child of both()) targets[child.name] = await world.mapped(child, workspace, 'boutique')
        expect((await deploymentOn(east, 'frontend')).spec.replicas).toBe(3)
        expect((await deploymentOn(west, 'frontend')).spec.replicas).toBe(2)
      })

      it('has everything in one mapped namespace of each child, and its pods run there', async () => {
        const names = (kind: string) =>
          world.hub
            .getJson<List>(workspace, [kind, '-n', 'boutique'])
            .then(({ items }) => items.map(({ metadata }) => metadata.name ?? '').sort())
        for (const child of both()) {
          for (const kind of ['deployments', 'services', 'serviceaccounts'])
            expect(await child.names(kind, target(child)), `${kind} on ${child.name}`).toEqual(await names(kind))
          const pods = await child.getJson<List<Pod>>(['pods', '-n', target(child)])
          expect(pods.items.length).toBe(deployments - 1 + (child === east ? 3 : 2))
          expect(pods.items.every(({ status }) => status?.phase === 'Running')).toBe(true)
          const managed = await child.getJson<List>(['deployments', '-A', '-l', managedLabel])
          expect(new Set(managed.items.map(({ metadata }) => metadata.namespace))).toEqual(new Set([target(child)]))
          const elsewhere = await child.getJson<List>(['pods', '-n', 'default'])
          expect(elsewhere.items).toEqual([])
        }
      })

      it('sums divided replicas and takes the least of duplicated ones', async () => {
        expect((await deploymentInHub('frontend')).status).toMatchObject({
          replicas: 5,
          readyReplicas: 5,
          updatedReplicas: 5,
        })
        const { status, metadata } = await deploymentInHub('adservice')
        expect(status).toMatchObject({ replicas: 1, readyReplicas: 1, observedGeneration: metadata.generation })
        expect(await inHub(['get', 'deployment', 'frontend'])).toMatch(/frontend +5\/5 +5 +5/)
        await inHub(['wait', '--for=condition=Available', 'deployment', '--all', '--timeout=60s'])
      })

      it.each(['frontend', 'adservice'])(
        'does not finish the rollout of %s while one child runs no pods',
        async (name) => {
          west.cluster.stopKwok()
          let finished = false
          let fromTheStart: ReturnType<typeof rollout>
          try {
            await inHub(['set', 'image', `deployment/${name}`, 'server=registry.invalid/new:2'])
            // One that looks on from the first moment, when the hub has nothing but the status of before.
            fromTheStart = rollout(name, '280s').finally(() => (finished = true))
            const { generation } = (await deploymentInHub(name)).metadata
            await eventually(
              async () => {
                const here = await deploymentOn(east, name)
                const there = await deploymentOn(west, name)
                const placed = [here, there].every(({ spec }) =>
                  spec.template.spec.containers[0]?.image.endsWith('new:2'),
                )
                const seen = (await deploymentInHub(name)).status?.observedGeneration === generation
                return placed && seen && isRolledOut(here)
              },
              { what: 'east has finished, and the hub has heard from both', timeoutMs: aRollout, intervalMs: 500 },
            )
            const { code, stderr } = await rollout(name, '3s')
            expect(stderr).toContain('timed out')
            expect(code).not.toBe(0)
            expect(finished).toBe(false)
          } finally {
            west.cluster.startKwok()
          }
          expect(await fromTheStart).toMatchObject({ code: 0 })
          expect(isRolledOut(await deploymentOn(west, name))).toBe(true)
        },
      )

      it('puts back what is edited on a child', async () => {
        const { metadata } = await deploymentOn(east, 'frontend')
        await east.kubectl(['-n', target(east), 'scale', 'deployment', 'frontend', '--replicas=7'])
        await west.kubectl([
          '-n',
          target(west),
          'patch',
          'service',
          'frontend',
          '-p',
          '{"spec":{"selector":{"app":"evil"}}}',
        ])
        const began = performance.now()
        await eventually(
          async () => {
            const service = await west.getJson<KubeObject & { spec: { selector: unknown } }>([
              'service',
              'frontend',
              '-n',
              target(west),
            ])
            const replicas = (await deploymentOn(east, 'frontend')).spec.replicas
            return replicas === 3 && JSON.stringify(service.spec.selector) === '{"app":"frontend"}'
          },
          { what: 'both edits are put back', intervalMs: 50 },
        )
        console.log(`drift was seen to be put back after ${Math.round(performance.now() - began)} ms`)
        expect((await deploymentOn(east, 'frontend')).metadata.uid).toBe(metadata.uid)
        expect(await rollout('frontend', '120s')).toMatchObject({ code: 0 })
      })

      it('makes anew what is deleted on a child', async () => {
        const { metadata } = await deploymentOn(west, 'cartservice')
        await west.kubectl(['-n', target(west), 'delete', 'deployment', 'cartservice', '--wait=false'])
        await eventually(async () => (await deploymentOn(west, 'cartservice')).metadata.uid !== metadata.uid, {
          what: 'the Deployment is there again',
          intervalMs: 100,
        })
        expect(await rollout('cartservice', '120s')).toMatchObject({ code: 0 })
      })

      it.runIf(kind === 'real')('has deleted nothing on any child so far', async () => {
        for (const child of both()) expect(await child.agentDeletes()).toEqual([])
      })

      it('removes from the children what is deleted in the workspace, and nothing else', async () => {
        await inHub(['delete', 'deployment/emailservice', 'service/emailservice', '--timeout=120s'], {
          timeoutMs: 150_000,
        })
        for (const child of both()) {
          expect(await child.names('deployments', target(child))).not.toContain('emailservice')
          expect(await child.names('services', target(child))).not.toContain('emailservice')
          if (child.auditEntries === undefined) continue
          const deleted = (await child.agentDeletes()).map(
            ({ resource, name, namespace }) => `${namespace}/${resource}/${name}`,
          )
          expect(deleted.sort()).toEqual(
            ['deployments', 'services'].map((resource) => `${target(child)}/${resource}/emailservice`),
          )
        }
      })

      it('leaves the workloads of a child that is unjoined to keep them, and gives its share to the other', async () => {
        const before = await east.getJson<List>(['deployments', '-n', target(east)])
        const deletesOf = async () => (east.auditEntries === undefined ? [] : east.agentDeletes())
        const deletedBefore = (await deletesOf()).length
        await world.hub.mustAtoll(['unjoin', 'east', '--workloads', 'keep'], { timeoutMs: 150_000 })
        const after = await east.getJson<List>(['deployments', '-n', target(east)])
        const identity = ({ metadata }: KubeObject) => [metadata.name, metadata.uid]
        expect(after.items.map(identity)).toEqual(before.items.map(identity))
        for (const { metadata } of after.items) {
          expect(metadata.labels?.[managedLabel]).toBeUndefined()
          expect(JSON.stringify(metadata.annotations ?? {})).not.toContain('atoll.dev')
        }
        const deleted = (await deletesOf()).slice(deletedBefore)
        expect(
          deleted.filter(({ namespace, resource }) => namespace === target(east) && resource !== 'rolebindings'),
        ).toEqual([])
        await eventually(async () => (await deploymentOn(west, 'frontend')).spec.replicas === 5, {
          what: 'west has all five',
        })
        expect(await rollout('frontend', '240s')).toMatchObject({ code: 0 })
        expect((await deploymentInHub('frontend')).status?.readyReplicas).toBe(5)
        expect(await world.hub.mustAtoll(['clusters'])).not.toContain('east')
        await nothingOfJoining(east)
        // It is free: what is deleted in the workspace from now on stays there.
        await inHub(['delete', 'deployment', 'redis-cart', '--timeout=120s'], { timeoutMs: 150_000 })
        expect(await west.names('deployments', target(west))).not.toContain('redis-cart')
        expect(await east.names('deployments', target(east))).toContain('redis-cart')
      })

      /** Neither in the child nor, of the way to it, in the hub. */
      const nothingOfJoining = (child: Child) =>
        eventually(
          async () => {
            const wanted = ['namespaces', 'clusterroles', 'clusterrolebindings']
            const left = await Promise.all(wanted.map((resource) => child.getJson<List>([resource])))
            const names = left.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ''))
            const secrets = await world.hub.getJson<List>('root', ['secrets', '-n', agentNamespace])
            const credentials = secrets.items.filter(({ metadata }) => metadata.name === `child-${child.name}`)
            return !names.some((name) => name.startsWith('atoll-')) && credentials.length === 0
          },
          { what: `nothing of joining is left of ${child.name}`, intervalMs: 500 },
        )

      it('removes the workloads of a child that is unjoined to delete them; the workspace keeps its objects', async () => {
        await world.hub.mustAtoll(['unjoin', 'west', '--workloads', 'delete'], { timeoutMs: 150_000 })
        for (const kind of ['deployments', 'services'])
          expect(await west.names(kind, target(west)).catch(() => [])).toEqual([])
        const { items } = await world.hub.getJson<List>(workspace, ['deployments', '-n', 'boutique'])
        expect(items.length).toBe(deployments - 2)
        expect(await world.hub.mustAtoll(['clusters'])).toContain('No child clusters found.')
        await nothingOfJoining(west)
        await eventually(() => world.agentOf(west)?.ended() === 'exit code 0', { what: 'its agent has ended' })
        // Both are free to be joined again.
        await world.join(west, { mode: 'agent', labels: 'env=prod' })
        await eventually(
          async () =>
            (await west.names('deployments', await world.mapped(west, workspace, 'boutique'))).length ===
            deployments - 2,
          {
            what: 'everything is on the child that was joined again',
          },
        )
      })

      it('takes over the workloads that a child kept when it is joined again, where the Placement says so', async () => {
        const { metadata } = await deploymentOn(east, 'cartservice')
        const { metadata: joined } = await world.join(east, { mode: 'kubeconfig', labels: 'env=prod' })
        const slot = (reason: string) => world.untilSlot(joined.uid ?? '', 'Deployment', 'cartservice', reason)
        await slot('NotOurs')
        const patch = JSON.stringify({ spec: { conflictPolicy: 'Overwrite' } })
        await world.hub.mustKubectl(workspace, ['patch', 'placement', 'both', '--type=merge', '-p', patch])
        await slot('Applied')
        expect((await deploymentOn(east, 'cartservice')).metadata.uid).toBe(metadata.uid)
        expect(await world.mapped(east, workspace, 'boutique')).toBe(target(east))
      })
    },
  )
}
