import { describe, expect, it, test } from 'vitest'
import type { Client, ObjectName } from '../client/client.ts'
import type { ChildCluster } from '../meta/fleet/child-cluster.ts'
import { notFound } from '../meta/api-errors.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import { createJoinHandler, createJoinToken, parseJoinToken, readPortableToken, toPortableToken } from './join-token.ts'

const uid = '0b8a2c52-6a42-4c0e-8b14-0d3a5f6f7a10'
const theirs = '11111111-6a42-4c0e-8b14-0d3a5f6f7a10'

/** As much of a workspace as joining needs. */
function createWorkspace(childClusters: readonly KubeObject[]): Client {
  const kept = new Map<string, KubeObject>()
  for (const object of childClusters) kept.set(`childclusters/${object.metadata.name ?? ''}`, object)
  const resource = (type: GroupVersionResource) => ({
    async get({ name }: ObjectName) {
      const found = kept.get(`${type.resource}/${name}`)
      if (!found) throw notFound(type, name)
      return found
    },
    async create(object: KubeObject) {
      kept.set(`${type.resource}/${object.metadata.name ?? ''}`, object)
      return object
    },
    async delete({ name }: ObjectName) {
      const found = await this.get({ name })
      kept.delete(`${type.resource}/${name}`)
      return found
    },
  })
  return { resource } as unknown as Client
}

function createHub(workspaces: Readonly<Record<string, Client>>) {
  const signed: string[] = []
  const { handleJoin } = createJoinHandler({
    clientOf: (logicalCluster) => workspaces[logicalCluster] ?? createWorkspace([]),
    sign(_, { commonName }) {
      signed.push(commonName)
      return 'certificate'
    },
    hubId: 'hub',
    now: () => 1_000,
  })
  return { signed, join: (token: string) => handleJoin({ token, csrPem: 'csr' }) }
}

const child = (spec: ChildCluster['spec'] = { mode: 'agent' }, metadata = {}): ChildCluster => ({
  metadata: { name: 'edge', uid, ...metadata },
  spec,
})
const tokenFor = (workspace: Client, logicalCluster: string, childClusterUid: string, nowMs = 0) =>
  createJoinToken({ workspace, logicalCluster, childCluster: { name: 'edge', uid: childClusterUid }, nowMs })

test('a token lets one agent in, once', async () => {
  const root = createWorkspace([child()])
  const hub = createHub({ root })
  const token = await tokenFor(root, 'root', uid)
  expect(await hub.join(token)).toEqual({ certPem: 'certificate', hubId: 'hub', name: 'edge' })
  expect(hub.signed).toEqual([`system:fleet:agent:${uid}`])
  await expect(hub.join(token)).rejects.toMatchObject({ code: 401 })
})

test('a token that somebody made by hand in a workspace of theirs opens no child cluster of another workspace', async () => {
  const tenant = createWorkspace([child({ mode: 'agent' }, { uid: theirs })])
  const hub = createHub({ root: createWorkspace([child()]), abcdefghijklmnop: tenant })
  const forged = await tokenFor(tenant, 'abcdefghijklmnop', uid)
  await expect(hub.join(forged)).rejects.toMatchObject({ code: 401 })
  expect(hub.signed).toEqual([])
})

test.each([
  ['that the hub dials', child({ mode: 'kubeconfig' })],
  ['that is being deleted', child({ mode: 'agent' }, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
])('no agent is let into a child cluster %s', async (_, object) => {
  const root = createWorkspace([object])
  const hub = createHub({ root })
  await expect(hub.join(await tokenFor(root, 'root', uid))).rejects.toMatchObject({ code: 401 })
})

test('a token ends after a quarter of an hour at most', async () => {
  const root = createWorkspace([child()])
  const hub = createHub({ root })
  const token = await tokenFor(root, 'root', uid, 1_000 - 15 * 60_000)
  await expect(hub.join(token)).rejects.toMatchObject({ code: 401 })
})

describe('a token on its way to the cluster', () => {
  const token = `root.${'0'.repeat(36)}.${'1'.repeat(16)}.${'s'.repeat(43)}`

  it.each([undefined, '-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n'])(
    'carries the authority of the hub along: %j',
    (hubCaPem) => {
      const portable = toPortableToken(token, hubCaPem)
      expect(portable).toMatch(/^[\w.-]+$/) // nothing that a shell would touch
      expect(readPortableToken(` ${portable}\n`)).toEqual({ token, ...(hubCaPem === undefined ? {} : { hubCaPem }) })
    },
  )

  it.each(['', 'a', 'a.b.c.d.', 'a.b.c.d.e.f.g', '....', 'ü.ü'])('is never more than a wrong token: %j', (text) => {
    expect(parseJoinToken(readPortableToken(text).token)).toBeUndefined()
  })
})
