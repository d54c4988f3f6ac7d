import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hubIdAnnotation, managedLabel } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { eventually } from '../support/eventually.ts'
import {
  fleetTimeoutMs,
  type Child,
  type ChildKind,
  type FleetWorld,
  type JoinMode,
  missingForFleet,
  startFleetWorld,
} from '../support/fleet-world.ts'
import { startHubProcess } from '../support/hub-process.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

const rbac = 'rbac.authorization.k8s.io'
const placement = { apiVersion: 'fleet.atoll.dev/v1alpha1', kind: 'Placement', metadata: { name: 'all' }, spec: {} }
const deployment = (name: string, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'registry.invalid/web:1', ...container }] },
    },
  },
})
const configMap = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

/** What a tenant tries to place, and how it is refused. */
const attempts = [
  {
    what: 'a forged ownership label',
    object: configMap('forged', {}, { labels: { [managedLabel]: 'true' } }),
    reason: 'ReservedMetadata',
    names: managedLabel,
    resource: 'configmaps',
  },
  {
    what: 'a privileged pod',
    object: deployment('privileged', { securityContext: { privileged: true } }),
    reason: 'PodSecurityViolation',
    names: 'privileged',
    resource: 'deployments',
  },
  {
    what: 'a ClusterRoleBinding',
    object: {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'mighty', labels: { 'fleet.atoll.dev/placement': 'all' } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'app' }],
    },
    reason: 'ForbiddenByProfile',
    names: 'cluster-scoped',
    resource: 'clusterrolebindings',
  },
  {
    what: 'a RoleBinding whose subject is in another namespace',
    object: {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'stranger' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'some' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'kube-system' }],
    },
    reason: 'NamespaceReferenceUnsupported',
    names: 'kube-system',
    resource: 'rolebindings',
  },
  {
    what: 'a Service with externalIPs',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'thief' },
      spec: { ports: [{ port: 80 }], externalIPs: ['192.0.2.7'] },
    },
    reason: 'ForbiddenByProfile',
    names: 'externalIPs',
    resource: 'services',
  },
] as const

/** What two workspaces cannot do to each other on a child cluster that they share, nor to the cluster. */
export function describeFleetIsolation(kind: ChildKind, modes: readonly JoinMode[]): void {
  const missing = missingForFleet(kind)
  if (missing !== undefined) console.warn(`SKIPPED: ${missing}`)

  describe.skipIf(missing !== undefined).each(modes)(
    `two workspaces on one ${kind} child cluster, joined in %s mode`,
    { timeout: fleetTimeoutMs },
    (mode) => {
      let world: FleetWorld
      let shared: Child
      let childClusterUid = ''
      const tenants: Record<string, Kubectl> = {}
      const targets: Record<string, string> = {}
      const colours = ['red', 'blue']

      const as = (colour: string, args: readonly string[], stdin?: unknown) =>
        tenants[colour]?.(args, stdin === undefined ? {} : { stdin: JSON.stringify(stdin) }) ??
        Promise.reject(new Error(`no tenant ${colour}`))
      const must = async (colour: string, args: readonly string[], stdin?: unknown) => {
        const { code, stdout, stderr } = await as(colour, args, stdin)
        if (code !== 0) throw new Error(`${colour}: kubectl ${args.join(' ')}: ${stderr}`)
        return stdout
      }
      const create = (colour: string, ...items: readonly object[]) =>
        must(colour, ['create', '--validate=false', '-n', 'app', '-f', '-'], { apiVersion: 'v1', kind: 'List', items })
      const target = (colour: string) => targets[colour] ?? ''
      const settings = (colour: string) =>
        shared.getJson<ConfigMap>(['configmap', 'settings', '-n', target(colour)]).then(({ data }) => data?.['owner'])

      /** A workspace with an administrator of its own, who knows nothing of the rest of the hub. */
      async function openWorkspace(colour: string): Promise<void> {
        const path = `root:${colour}`
        await world.hub.mustAtoll(['ws', 'create', colour])
        await world.hub.mustKubectl(path, ['create', 'serviceaccount', 'tenant'])
        const binding = ['create', 'clusterrolebinding', 'tenant', '--clusterrole=cluster-admin']
        await world.hub.mustKubectl(path, [...binding, '--serviceaccount=default:tenant'])
        const kubeconfig = await world.hub.mustAtoll(['kubeconfig', path, '--as-service-account', 'default/tenant'])
        const kubeconfigPath = join(world.hub.folder, `${colour}.kubeconfig`)
        await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 })
        tenants[colour] = createKubectl({ kubeconfigPath })
        await must(colour, ['create', 'namespace', 'app'])
        await must(colour, ['label', 'namespace', 'app', 'fleet.atoll.dev/placement=all'])
        await create(colour, placement, configMap('settings', { owner: colour }), deployment('web'))
      }

      beforeAll(async () => {
        world = await startFleetWorld({ name: 'isolation', kind, children: ['shared'] })
        ;[shared] = world.children as [Child]
        childClusterUid = (await world.join(shared, { mode })).metadata.uid ?? ''
      }, fleetTimeoutMs)
      afterAll(async () => {
        await world?.close()
      })

      it('places the same names of both, each in a namespace of its own', async () => {
        for (const colour of colours) await openWorkspace(colour)
        for (const colour of colours) {
          await must(colour, ['-n', 'app', 'rollout', 'status', 'deployment/web', '--timeout=50s'])
          targets[colour] = await eventually(
            async () => (await world.mapped(shared, `root:${colour}`, 'app')) || undefined,
            {
              what: `${colour} has a namespace on the child`,
            },
          )
          expect(await settings(colour)).toBe(colour)
          expect(await shared.names('deployments', target(colour))).toEqual(['web'])
        }
        expect(target('red')).not.toBe(target('blue'))
      })

      it('changes and removes what is of one, and leaves what is of the other', async () => {
        const { metadata } = await shared.getJson<KubeObject>(['deployment', 'web', '-n', target('blue')])
        await must('red', ['-n', 'app', 'patch', 'configmap', 'settings', '-p', '{"data":{"owner":"crimson"}}'])
        await eventually(async () => (await settings('red')) === 'crimson', { what: 'the change arrives' })
        await must('red', ['-n', 'app', 'delete', 'deployment', 'web', '--timeout=50s'])
        expect(await shared.names('deployments', target('red'))).toEqual([])
        expect(await settings('blue')).toBe('blue')
        const left = await shared.getJson<KubeObject>(['deployment', 'web', '-n', target('blue')])
        expect(left.metadata).toMatchObject({ uid: metadata.uid, generation: metadata.generation })
        if (shared.auditEntries === undefined) return
        const deleted = await shared.agentDeletes()
        expect(deleted.map(({ namespace, resource, name }) => [namespace, resource, name])).toEqual([
          [target('red'), 'deployments', 'web'],
        ])
      })

      it('lets no tenant read deliveries, of others or of its own, nor other workspaces', async () => {
        const elsewhere = (path: string, ...args: string[]) =>
          as('red', [`--server=${world.hub.url}/clusters/${path}`, 'get', ...args])
        const deliveries = await elsewhere(`system:child:${childClusterUid}`, 'deliveries.fleet.atoll.dev', '-A')
        const unknown = await elsewhere(
          'system:child:00000000-0000-0000-0000-000000000000',
          'deliveries.fleet.atoll.dev',
          '-A',
        )
        const others = await elsewhere('root:blue', 'configmaps', '-A')
        const nobodys = await elsewhere('root:green', 'configmaps', '-A')
        const wildcard = await elsewhere('*', 'configmaps', '-A')
        const registered = await elsewhere('root', 'childclusters')
        for (const { code, stdout, stderr } of [deliveries, unknown, others, nobodys, wildcard, registered]) {
          expect(stdout).toBe('')
          expect(stderr).toMatch(/forbidden/i)
          expect(code).toBe(1)
        }
        const answer = (stderr: string) => stderr.trim().split('\n').at(-1)
        expect(answer(others.stderr)).toBe(answer(nobodys.stderr))
        const own = await as('red', ['get', 'deliveries.fleet.atoll.dev', '-A', '-o', 'name'])
        expect(own.stdout).toBe('')
        // The administrator sees them there: the question was a real one.
        expect((await world.deliveries(childClusterUid)).length).toBeGreaterThan(0)
      })

      it.each(attempts)('refuses $what by name: $reason', async ({ object, reason, names, resource }) => {
        await create('red', object)
        const { name } = object.metadata
        const slot = await world.untilSlot(childClusterUid, object.kind, name, reason)
        const applied = slot.status?.conditions?.find(({ type }) => type === 'Applied')
        expect(applied).toMatchObject({ status: 'False', reason })
        expect(applied?.message).toContain(names)
        expect(await shared.names(resource, target('red'))).not.toContain(name)
        // Not even tried: the child has seen nothing of it.
        if (shared.auditEntries !== undefined) expect(await shared.auditEntries({ resource, name })).toEqual([])
        await must('red', [
          'delete',
          resource,
          name,
          ...('labels' in object.metadata && resource === 'clusterrolebindings' ? [] : ['-n', 'app']),
          '--timeout=50s',
        ])
      })

      it('refuses a tenant who writes the marks of ownership itself', async () => {
        const forged = configMap('marked', {}, { annotations: { 'internal.fleet.atoll.dev/delivery': 'x/y' } })
        const { code, stderr } = await as('red', ['create', '--validate=false', '-n', 'app', '-f', '-'], forged)
        expect(code).toBe(1)
        expect(stderr).toMatch(/forbidden.*internal\.fleet\.atoll\.dev\/delivery/i)
      })

      it('refuses to join the cluster again, and names the owner', async () => {
        const claim = ['configmap', 'atoll-claim', '-n', 'atoll-system']
        const { data } = await shared.getJson<ConfigMap>(claim)
        const hubId = (await world.childCluster('shared')).metadata.annotations?.[hubIdAnnotation] ?? ''
        await using other = await startHubProcess({ name: 'thief', args: ['--allow-local-dial'] })
        for (const hub of [world.hub, other]) {
          const words = ['join', 'again', '--child-kubeconfig', shared.cluster.kubeconfigPath]
          const { code, stderr } = await hub.atoll(words, { timeoutMs: 120_000 })
          expect(code).toBe(1)
          expect(stderr).toContain(`already belongs to hub ${hubId} as child cluster "shared"`)
          await eventually(async () => !(await hub.mustAtoll(['clusters'])).includes('again'), {
            what: 'nothing is left of the attempt',
          })
        }
        expect((await shared.getJson<ConfigMap>(claim)).data).toEqual(data)
        // The rightful hub goes on.
        await must('blue', ['-n', 'app', 'patch', 'configmap', 'settings', '-p', '{"data":{"owner":"navy"}}'])
        await eventually(async () => (await settings('blue')) === 'navy', { what: 'the change arrives' })
        if (shared.auditEntries === undefined) return
        const deleted = await shared.agentDeletes()
        expect(deleted.map(({ namespace, name }) => [namespace, name])).toEqual([[target('red'), 'web']])
      })
    },
  )
}
