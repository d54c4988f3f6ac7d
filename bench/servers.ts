import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '../src/client/create-client.ts'
import { createHttpTransport } from '../src/client/node/http-transport.ts'
import { readKubeconfig, selectContext, toTransportOptions } from '../src/client/node/kubeconfig.ts'
import { startControlPlane } from '../test/support/control-plane.ts'
import type { Target } from './http2-load.ts'

export interface BenchServer {
  target: Target
  close(): Promise<void>
}

const user = 'bench'

/** kube-apiserver and etcd, durable, a token and RBAC: the peer. */
export async function startPeer(): Promise<BenchServer> {
  const plane = await startControlPlane({ name: 'bench', users: [{ name: user }], durable: true })
  await plane.request('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    method: 'POST',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    },
  })
  const { etcd, apiServer } = plane.pids()
  const target: Target = {
    name: 'kube-apiserver + etcd',
    origin: plane.serverUrl,
    basePath: '',
    token: plane.tokenOf(user),
    ca: Buffer.from(plane.caData, 'base64').toString(),
    pids: [etcd, ...(apiServer === undefined ? [] : [apiServer])],
  }
  return { target, close: () => plane.close() }
}

export interface HubServerProcess {
  child: ChildProcess
  pid: number
  /** From the start of the process to its line that it is ready. */
  readyMs: number
  /** An orderly end; the folder stays. */
  stop(): Promise<void>
}

/** `atoll serve` on a data directory. */
export async function startHubProcess(folder: string, flags: readonly string[] = []): Promise<HubServerProcess> {
  const args = [
    'dist/bin/atoll.js',
    'serve',
    '--data-dir',
    folder,
    '--listen',
    '127.0.0.1:0',
    '--log-level',
    'error',
    ...flags,
  ]
  const startedMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the hub ended with ${String(code)}`)))
  })
  return {
    child,
    pid: child.pid ?? 0,
    readyMs: performance.now() - startedMs,
    async stop() {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

/** The hub's administrator in the workspace `root`, from what the hub has written into its data directory. */
export function readAdminTarget(folder: string, pid = 0): Target {
  const selected = selectContext(readKubeconfig(join(folder, 'admin.kubeconfig')), 'admin.kubeconfig')
  const {
    serverUrl,
    caPem: ca = '',
    clientCertificatePem: cert = '',
    clientKeyPem: key = '',
  } = toTransportOptions(selected)
  const { origin, pathname: basePath } = new URL(serverUrl)
  return { name: 'atoll', origin, basePath, token: '', ca, certificate: { cert, key }, pids: [pid] }
}

/** A hub process on its embedded store, a workspace, and a ServiceAccount's token that RBAC lets do everything. */
export async function startHubServer(
  flags: readonly string[] = [],
): Promise<BenchServer & { admin: Target; child: ChildProcess; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-'))
  const { child, stop } = await startHubProcess(folder, flags)
  const selected = selectContext(readKubeconfig(join(folder, 'admin.kubeconfig')), 'admin.kubeconfig')
  const options = toTransportOptions(selected)
  const origin = new URL(options.serverUrl).origin
  const http = createHttpTransport({ ...options, serverUrl: origin })
  const root = createClient({ transport: http.transport, basePath: '/clusters/root' })
  const workspaces = root.resource({ group: 'tenancy.kcp.io', version: 'v1alpha1', resource: 'workspaces' })
  await workspaces.create({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name: user },
    spec: {},
  })
  const inside = createClient({ transport: http.transport, basePath: `/clusters/root:${user}` })
  const accounts = inside.resource({ group: '', version: 'v1', resource: 'serviceaccounts' })
  await accounts.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: user, namespace: 'default' } })
  await inside.resource({ group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterrolebindings' }).create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: user, namespace: 'default' }],
  })
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name: user, namespace: 'default' },
    spec: { expirationSeconds: 86_400 },
  }
  const { status } = await accounts.create(request, { subresource: 'token', namespace: 'default' })
  http.close()
  const target: Target = {
    name: 'atoll',
    origin,
    basePath: `/clusters/root:${user}`,
    token: (status as { token: string }).token,
    ca: options.caPem ?? '',
    pids: [child.pid ?? 0],
  }
  const admin = readAdminTarget(folder, child.pid)
  return {
    target,
    admin,
    child,
    folder,
    async close() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
