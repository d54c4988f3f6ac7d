import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCertificateRequest, signCertificateRequest } from '../../src/access/pki/certificate-request.ts'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  dayMs,
  issueKeyPair,
  openCertificateAuthority,
} from '../../src/access/pki/certificate.ts'
import { createFileCredentials } from '../../src/agent/agent-credentials.ts'
import { createJoinHandler, createJoinToken, joinPath, renewPath } from '../../src/agent/join-token.ts'
import { type Agent, type AgentOptions, runAgent } from '../../src/agent/run-agent.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import type { Client } from '../../src/client/client.ts'
import { createClient } from '../../src/client/create-client.ts'
import { collectBody } from '../../src/client/response-body.ts'
import type { Transport } from '../../src/client/transport.ts'
import { toStatus } from '../../src/meta/api-errors.ts'
import type { ChildCluster } from '../../src/meta/fleet/child-cluster.ts'
import { agentGroup, agentUser, childLogicalCluster, fleetApiVersion } from '../../src/meta/fleet/fleet-names.ts'
import type { GroupVersionResource } from '../../src/meta/group-version.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import { createTunnelServer, type TunnelServer } from '../../src/tunnel/tunnel-server.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { eventually } from '../support/eventually.ts'
import { startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { adminTransport, installFleetKinds, slotFor } from '../support/syncer-pair.ts'
import { createTempDir } from '../support/temp-dir.ts'

const binaries = kubeBinaries()
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

const uid = '0b8a2c52-6a42-4c0e-8b14-0d3a5f6f7a10'
const hubId = 'hub-agent'
const childCluster: ChildCluster = { metadata: { name: 'edge', uid }, spec: { mode: 'agent' } }
const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const deliveries = { group: 'fleet.atoll.dev', version: 'v1alpha1', resource: 'deliveries' }
const reports = { group: 'fleet.atoll.dev', version: 'v1alpha1', resource: 'agentreports' }

/** A plain kube-apiserver gives uids of its own: the one child cluster that there is comes from here. */
function withChildCluster(client: Client): Client {
  return {
    ...client,
    resource<T extends KubeObject>(type: GroupVersionResource) {
      const resource = client.resource<T>(type)
      return type.resource === 'childclusters'
        ? { ...resource, get: async () => childCluster as KubeObject as T }
        : resource
    },
  }
}

describe.skipIf(!binaries.available)('an agent that joins by a token and dials out', () => {
  let hubPlane: ControlPlane
  let childPlane: ControlPlane
  let hub: ReturnType<typeof createClient>
  let child: ReturnType<typeof createClient>
  let front: Server
  let tunnel: TunnelServer
  let hubUrl = ''
  let authority: CertificateAuthority
  let folder: Awaited<ReturnType<typeof createTempDir>>
  let agent: Agent | undefined
  const asked: { user: string | undefined; url: string }[] = []

  beforeAll(async () => {
    ;[hubPlane, childPlane] = await Promise.all([startJudge({ name: 'hub' }), startJudge({ name: 'child' })])
    const behind = adminTransport(hubPlane).transport
    hub = createClient({ transport: behind })
    child = createClient({ transport: adminTransport(childPlane).transport })
    await installFleetKinds(hub)
    const report = { apiVersion: fleetApiVersion, kind: 'AgentReport', metadata: { name: 'report' } }
    await hub.resource(reports).create({ ...report, spec: { hubId, incarnation: 1 } })
    const nowMs = Date.now()
    const pair = createCertificateAuthority('hub-ca', { nowMs, lifetimeMs: 30 * dayMs })
    authority = openCertificateAuthority(pair)
    const serving = issueKeyPair(authority, {
      subject: { commonName: 'hub', organizations: [] },
      usage: 'serverAuth',
      hosts: ['127.0.0.1'],
      nowMs,
      lifetimeMs: dayMs,
    })
    const { handleJoin, handleRenew } = createJoinHandler({
      clientOf: () => withChildCluster(hub),
      sign: (csrPem, subject) =>
        signCertificateRequest(authority, csrPem, { subject, nowMs: Date.now(), lifetimeMs: dayMs }),
      hubId,
      now: () => Date.now(),
    })
    const prefix = `/clusters/${childLogicalCluster(uid)}`
    const handle: Transport = async (request) => {
      asked.push({ user: request.identity?.name, url: request.url })
      if (request.url === renewPath) {
        const call = JSON.parse(Buffer.from(request.body).toString()) as unknown
        const answer = handleRenew(request.identity?.name ?? '', call)
        return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) }
      }
      if (!request.url.startsWith(prefix)) return { status: 403, headers: {}, body: Buffer.from('{}') }
      return behind({ ...request, url: request.url.slice(prefix.length) })
    }
    tunnel = createTunnelServer({
      async authenticate({ socket }) {
        const { subject } = (socket as TLSSocket).getPeerCertificate()
        if (!(socket as TLSSocket).authorized || subject.O !== agentGroup) return undefined
        const name = subject.CN
        const childClusterUid = name.slice(agentUser('').length)
        return { childClusterUid, identity: { name, groups: [agentGroup] } }
      },
      handle,
      clock: systemClock,
      logger: silentLogger,
    })
    front = createServer(
      { key: serving.keyPem, cert: serving.certPem, ca: pair.certPem, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          if (request.url !== joinPath) return response.writeHead(404).end()
          handleJoin(JSON.parse(Buffer.concat(chunks).toString())).then(
            (answer) => response.writeHead(200).end(JSON.stringify(answer)),
            (error: unknown) => {
              const status = toStatus(error, console.error)
              response.writeHead(status.code ?? 500).end(JSON.stringify(status))
            },
          )
        })
      },
    )
    front.on('upgrade', (request, socket, head) => {
      if (!tunnel.handleUpgrade(request, socket, head)) socket.destroy()
    })
    front.listen(0, '127.0.0.1')
    await once(front, 'listening')
    hubUrl = `https://127.0.0.1:${(front.address() as AddressInfo).port}`
    folder = await createTempDir('agent')
  })
  afterAll(async () => {
    await agent?.close()
    await tunnel?.close()
    front?.closeAllConnections()
    front?.close()
    await Promise.all([hubPlane?.close(), childPlane?.close()])
  })

  const optionsOf = (change: Partial<AgentOptions> = {}): AgentOptions => ({
    hubUrl,
    hubCaPem: authority.certPem,
    child: {
      serverUrl: childPlane.serverUrl,
      caPem: Buffer.from(childPlane.caData, 'base64').toString(),
      token: childPlane.adminToken,
    },
    credentials: createFileCredentials(folder.path),
    createCertificateRequest,
    agentVersion: 'test',
    clock: systemClock,
    logger: silentLogger,
    ...change,
  })
  const newToken = (nowMs = Date.now(), lifetimeMs?: number) =>
    createJoinToken({
      workspace: hub,
      logicalCluster: 'root',
      childCluster: { name: 'edge', uid },
      nowMs,
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    })
  const inMemory = { load: async () => undefined, save: async () => {}, clear: async () => {} }

  it('has no way in without a token, with a wrong one, or with one that has expired', async () => {
    await expect(runAgent(optionsOf({ credentials: inMemory }))).rejects.toThrow('needs a join token')
    const good = await newToken()
    const wrong = `${good.slice(0, -4)}AAAA`
    await expect(runAgent(optionsOf({ credentials: inMemory, joinToken: wrong }))).rejects.toThrow('not valid')
    const other = good.replace(uid, '11111111-6a42-4c0e-8b14-0d3a5f6f7a10')
    await expect(runAgent(optionsOf({ credentials: inMemory, joinToken: other }))).rejects.toThrow('not valid')
    const old = await newToken(Date.now() - 16 * 60_000, 60 * 60_000)
    await expect(runAgent(optionsOf({ credentials: inMemory, joinToken: old }))).rejects.toThrow('not valid')
  })

  it('joins, reports, and carries out what the hub places', async () => {
    const joinToken = await newToken()
    agent = await runAgent(optionsOf({ joinToken }))
    const joined = agent
    await eventually(() => joined.connected && joined.acting, { what: 'the agent acts' })
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'far', namespace: 'shop' },
      data: { a: '1' },
    }
    const slot = slotFor(hubId, manifest)
    await hub.resource(deliveries).create(slot)
    const live = await eventually(
      () => child.resource(configMaps).get({ namespace: slot.spec.targetNamespace, name: 'far' }),
      { what: 'the object is in the child', intervalMs: 10 },
    )
    expect(live['data']).toEqual({ a: '1' })
    const status = await eventually(
      async () => {
        const { status: told } = await hub.resource(reports).get({ name: 'report' })
        return (told as { heartbeatTime?: string } | undefined)?.heartbeatTime !== undefined && told
      },
      { what: 'the agent reports' },
    )
    expect(status).toMatchObject({ agentVersion: 'test', kubernetesVersion: expect.stringMatching(/^v1\./) })
    expect(new Set(asked.map(({ user }) => user))).toEqual(new Set([agentUser(uid)]))
    await expect(runAgent(optionsOf({ credentials: inMemory, joinToken }))).rejects.toThrow('was used before')
  })

  it('answers the hub in the name of a workspace only', async () => {
    const road = tunnel.transportTo(uid)
    const ask = async (url: string, headers: Record<string, string>) => {
      const response = await road?.({
        method: 'GET',
        url,
        headers,
        body: new Uint8Array(0),
        signal: new AbortController().signal,
      })
      return { status: response?.status, text: Buffer.from(await collectBody(response?.body as Uint8Array)).toString() }
    }
    expect((await ask('/api/v1/secrets', {})).status).toBe(403)
    expect((await ask('/api/v1/secrets', { 'impersonate-user': 'system:admin' })).status).toBe(403)
    const { spec } = slotFor(hubId, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'far', namespace: 'shop' },
    })
    const user = `system:serviceaccount:atoll-system:workspace-${spec.source.logicalCluster}`
    const own = await ask(`/api/v1/namespaces/${spec.targetNamespace}/configmaps/far`, { 'impersonate-user': user })
    expect([own.status, own.text]).toEqual([200, expect.stringContaining('"far"')])
    expect((await ask('/api/v1/namespaces/kube-system/configmaps', { 'impersonate-user': user })).status).toBe(403)
  })

  it('starts again from what it keeps, and replaces a certificate that is past two thirds of its life', async () => {
    await agent?.close()
    const store = createFileCredentials(folder.path)
    const before = await store.load()
    if (!before) throw new Error('nothing was kept')
    const { csrPem, keyPem } = createCertificateRequest({ commonName: agentUser(uid), organizations: [agentGroup] })
    const old = signCertificateRequest(authority, csrPem, {
      subject: { commonName: agentUser(uid), organizations: [agentGroup] },
      nowMs: Date.now() - 20 * 3_600_000,
      lifetimeMs: dayMs,
    })
    await store.save({ ...before, certPem: old, keyPem })
    agent = await runAgent(optionsOf())
    const again = agent
    const renewed = await eventually(
      async () => {
        const now = await store.load()
        return now && now.certPem !== old && now
      },
      { what: 'the certificate is renewed' },
    )
    expect(new X509Certificate(renewed.certPem).subject).toContain(agentUser(uid))
    expect(renewed.keyPem).not.toBe(keyPem)
    await eventually(() => again.connected && again.acting, { what: 'the agent acts again' })
  })
})
