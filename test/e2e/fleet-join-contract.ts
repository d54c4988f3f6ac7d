import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { readKubeconfig } from '../../src/client/node/kubeconfig.ts'
import { agentNamespace } from '../../src/meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../src/meta/object.ts'
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
import { startHubProcess } from '../support/hub-process.ts'

const rbac = 'rbac.authorization.k8s.io'
const joinTimeout = { timeoutMs: 120_000 }
const placement = { apiVersion: 'fleet.atoll.dev/v1alpha1', kind: 'Placement', metadata: { name: 'all' }, spec: {} }

/** May begin to join, and not finish it. */
const weakRules = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['create', 'delete', 'get', 'patch'] },
  { apiGroups: [''], resources: ['configmaps', 'serviceaccounts'], verbs: ['create', 'delete', 'get', 'patch'] },
]

/** How joining, and the end of it, go wrong, and that nothing of it stands in the way of the next attempt. */
export function describeFleetJoin(kind: ChildKind): void {
  const missing = missingForFleet(kind)
  if (missing !== undefined) console.warn(`SKIPPED: ${missing}`)

  describe.skipIf(missing !== undefined)(`joining a ${kind} child cluster`, { timeout: fleetTimeoutMs }, () => {
    let world: FleetWorld
    let child: Child

    const nothingOfJoining = () =>
      eventually(
        async () => {
          const kinds = ['namespaces', 'clusterroles', 'clusterrolebindings']
          const left = await Promise.all(kinds.map((resource) => child.getJson<List>([resource])))
          return !left.some(({ items }) => items.some(({ metadata }) => metadata.name?.startsWith('atoll-')))
        },
        { what: 'nothing of joining is in the cluster', intervalMs: 500 },
      )
    const groupsInProfile = async () => {
      const { rules } = await child.getJson<{ rules: { apiGroups: string[]; resources: string[] }[] }>([
        'clusterrole',
        'atoll-profile',
      ])
      return rules.filter(({ resources }) => resources.includes('*')).flatMap(({ apiGroups }) => apiGroups)
    }
    const joinWords = (kubeconfigPath = child.cluster.kubeconfigPath) => [
      'join',
      child.name,
      '--child-kubeconfig',
      kubeconfigPath,
    ]

    beforeAll(async () => {
      world = await startFleetWorld({ name: 'joining', kind, children: ['only'] })
      ;[child] = world.children as [Child]
    }, fleetTimeoutMs)
    afterAll(async () => {
      await world?.close()
    })

    it('ends at once, and leaves nothing, where the hub may not dial the address', async () => {
      await using strict = await startHubProcess({ name: 'strict' })
      const { code, stderr } = await strict.atoll(joinWords(), joinTimeout)
      expect(stderr).toContain(
        '127.0.0.1 is a loopback address. Start it with --allow-local-dial, or join in agent mode',
      )
      expect(code).toBe(1)
      await nothingOfJoining()
      await eventually(async () => !(await strict.mustAtoll(['clusters'])).includes('only'), {
        what: 'it is forgotten',
      })
    })

    it('takes back what it has made when rights are missing half way', async () => {
      const items: KubeObject[] = [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'weak', namespace: 'default' } },
        { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'weak' }, rules: weakRules },
        {
          apiVersion: `${rbac}/v1`,
          kind: 'ClusterRoleBinding',
          metadata: { name: 'weak' },
          roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'weak' },
          subjects: [{ kind: 'ServiceAccount', name: 'weak', namespace: 'default' }],
        },
      ]
      await child.kubectl(['create', '--validate=false', '-f', '-'], {
        stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      })
      const token = (await child.kubectl(['create', 'token', 'weak', '-n', 'default'])).trim()
      const admins = readKubeconfig(child.cluster.kubeconfigPath)
      const weak = join(world.hub.folder, 'weak.kubeconfig')
      await writeFile(
        weak,
        stringify({ ...admins, users: admins.users.map(({ name }) => ({ name, user: { token } })) }),
      )
      const { code, stderr } = await world.hub.atoll(joinWords(weak), joinTimeout)
      expect(stderr).toMatch(/clusterroles.*forbidden|forbidden.*clusterroles/)
      expect(code).toBe(1)
      await nothingOfJoining()
    })

    it('goes on with an attempt that was broken off', async () => {
      const begun = {
        apiVersion: placement.apiVersion,
        kind: 'ChildCluster',
        metadata: { name: 'only' },
        spec: { mode: 'kubeconfig' },
      }
      // The attempt before may be on its way out.
      await eventually(
        async () =>
          (await world.hub.kubectl('root', ['create', '-f', '-', '--validate=false'], { stdin: JSON.stringify(begun) }))
            .code === 0,
        { what: 'the name is free' },
      )
      const { uid } = (await world.childCluster('only')).metadata
      await world.join(child, { labels: 'zone=a' })
      const joined = await world.childCluster('only')
      expect(joined.metadata.uid).toBe(uid)
      expect(joined.metadata.labels).toMatchObject({ zone: 'a' })
    })

    it('brings a cluster up to date that is joined again, and keeps what is not said again', async () => {
      expect(await groupsInProfile()).toEqual([])
      const again = await world.hub.mustAtoll([...joinWords(), '--published-groups', 'a.io,b.io'], joinTimeout)
      expect(again).toMatch(
        /^Child cluster "only" was joined before: the \d+ objects in the cluster are up to date, with the published API groups a\.io, b\.io instead of no published API groups\.$/m,
      )
      expect(await groupsInProfile()).toEqual(['a.io', 'b.io'])
      const labelled = await world.hub.mustAtoll([...joinWords(), '--labels', 'tier=gold'], joinTimeout)
      expect(labelled).toContain('with the published API groups a.io, b.io, and it has the labels tier=gold.')
      expect(await groupsInProfile()).toEqual(['a.io', 'b.io'])
      expect((await world.childCluster('only')).metadata.labels).toMatchObject({ zone: 'a', tier: 'gold' })
      await world.hub.mustAtoll([...joinWords(), '--published-groups', 'b.io'], joinTimeout)
      expect(await groupsInProfile()).toEqual(['b.io'])
      expect((await world.condition('only', 'Ready')).status).toBe('True')
    })

    it('refuses another cluster under a name that is taken, and changes nothing in it', async () => {
      const claim = ['configmap', 'atoll-claim', '-n', agentNamespace]
      const { data } = await child.getJson<{ data: Record<string, string> }>(claim)
      const claimFor = (change: object) =>
        child.kubectl(['patch', ...claim, '--type=merge', '-p', JSON.stringify({ data: { ...data, ...change } })])
      // As it is in a cluster that another hub, or the same one under another name, has joined.
      for (const change of [{ hubId: 'another' }, { childClusterUid: 'another' }]) {
        await claimFor(change)
        const { code, stderr } = await world.hub.atoll([...joinWords(), '--published-groups', 'c.io'], joinTimeout)
        expect(stderr).toContain('there is a child cluster "only" already: choose another name, or unjoin that one')
        expect(code).toBe(1)
        expect(await groupsInProfile()).toEqual(['b.io'])
      }
      await claimFor({})
      const { code, stderr } = await world.hub.atoll([...joinWords(), '--mode', 'agent'], joinTimeout)
      expect(stderr).toContain('there is a child cluster "only" already, joined with --mode kubeconfig')
      expect(code).toBe(1)
      expect((await world.childCluster('only')).metadata.deletionTimestamp).toBeUndefined()
    })

    it('lets a deleted workspace wait for a dead child, which it names, until that is forgotten', async () => {
      await world.hub.mustAtoll(['ws', 'create', 'doomed'])
      const settings = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'left', labels: { 'fleet.atoll.dev/placement': 'all' } },
      }
      await world.hub.mustKubectl('root:doomed', ['create', '--validate=false', '-f', '-'], {
        stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [placement, settings] }),
      })
      const { metadata } = await world.childCluster('only')
      const slot = await world.untilSlot(metadata.uid ?? '', 'ConfigMap', 'left', 'Applied')
      await child.cluster.stopApiServer()
      const workspace = ['workspaces.tenancy.kcp.io', 'doomed']
      await world.hub.mustKubectl('root', ['delete', ...workspace, '--wait=false'])
      const told = await eventually(
        async () => {
          const { status } = await world.hub.getJson<KubeObject>('root', workspace)
          const { conditions = [] } = (status ?? {}) as { conditions?: { message?: string }[] }
          return conditions.map(({ message }) => message).find((message) => /\bonly\b/.test(message ?? ''))
        },
        { what: 'the workspace names the child cluster that it waits for', timeoutMs: 30_000 },
      )
      expect(told).toContain('only')
      const forgotten = await world.hub.mustAtoll(['forget', 'only'])
      expect(forgotten).toContain(`kubectl delete namespace ${agentNamespace}`)
      await world.hub.mustKubectl('root', ['wait', '--for=delete', ...workspace, '--timeout=30s'])
      // Nobody has told the child to delete anything, and nobody has.
      await child.cluster.startApiServer()
      expect(await child.names('configmaps', slot.spec.targetNamespace)).toContain('left')
    })

    it('can be done again with a cluster that was forgotten, once the claim has been taken away', async () => {
      const { code, stderr } = await world.hub.atoll(joinWords(), joinTimeout)
      expect(stderr).toContain(`kubectl delete namespace ${agentNamespace}`)
      expect(code).toBe(1)
      await child.kubectl(['delete', 'namespace', agentNamespace, '--wait=false'])
      await world.join(child)
      expect(await world.hub.mustAtoll(['clusters'])).toMatch(/^only +kubeconfig +True/m)
    })

    it('brings a cluster up to date in agent mode too, and says what its agent is to be told', async () => {
      await world.hub.mustAtoll(['unjoin', 'only'], joinTimeout)
      await nothingOfJoining()
      expect(await world.hub.mustAtoll(['join', 'only', '--mode', 'agent', '--published-groups', 'a.io'])).toContain(
        'atoll agent --hub ' + world.hub.url + ' --child-kubeconfig <file> --published-groups a.io --join-token ',
      )
      await world.join(child, { mode: 'agent', publishedGroups: 'a.io' })
      expect(await groupsInProfile()).toEqual(['a.io'])
      const words = ['join', 'only', '--mode', 'agent', '--published-groups', 'a.io,b.io']
      const { code, stderr } = await world.hub.atoll(words)
      expect(stderr).toContain('to bring it up to date, name its kubeconfig with --child-kubeconfig')
      expect(code).toBe(1)
      const again = await world.hub.mustAtoll([...words, '--child-kubeconfig', child.cluster.kubeconfigPath])
      expect(again).toContain('with the published API groups a.io, b.io instead of the published API groups a.io.')
      expect(again).toContain('Start its agent with --published-groups a.io,b.io from now on')
      expect(await groupsInProfile()).toEqual(['a.io', 'b.io'])
    })
  })
}
