import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { apiRequest, type ApiRequest, type ApiResponse } from './api-request.ts'
import { auditPolicy } from './audit-log.ts'
import { eventually } from './eventually.ts'
import { freePorts, isListening } from './free-port.ts'
import { requireKubeBinaries } from './kube-binaries.ts'
import { ProcessGroup, type Service } from './process-group.ts'
import { createTempDir } from './temp-dir.ts'

/** Somebody whom the API server knows by a token. */
export interface ClusterUser {
  readonly name: string
  readonly groups?: readonly string[]
}

export interface ControlPlaneOptions {
  /** In the names of folders and kubeconfig contexts; default "kube". */
  readonly name?: string
  /** Known beside `admin`; without groups they may do only what RBAC objects allow. */
  readonly users?: readonly ClusterUser[]
  /** Writes an audit log of all writes; default false, because it costs time on each of them. */
  readonly audit?: boolean
  /** Default true: etcd syncs every write to disk as in production. */
  readonly durable?: boolean
  /** More flags for kube-apiserver. */
  readonly apiServerArgs?: readonly string[]
}

/** etcd and kube-apiserver with RBAC and tokens, on loopback ports of their own. */
export interface ControlPlane extends AsyncDisposable {
  readonly name: string
  /** Holds data, logs and kubeconfigs; goes away at the end. */
  readonly folder: string
  readonly serverUrl: string
  /** The authority of the serving certificate: PEM, then base64. It stays the same over restarts. */
  readonly caData: string
  /** The token of `admin`, a member of system:masters. */
  readonly adminToken: string
  /** The kubeconfig of `admin`. */
  readonly kubeconfigPath: string
  /** The private key of service account tokens, for a controller manager. */
  readonly serviceAccountKeyFile: string
  /** The audit log, which exists only with `audit`. */
  readonly auditLogFile: string
  /** The programs, to which more may be added; closed with the control plane. */
  readonly processes: ProcessGroup
  /** The processes of etcd and, while it runs, of kube-apiserver, to measure them. */
  pids: () => { readonly etcd: number; readonly apiServer: number | undefined }
  tokenOf: (user: string) => string
  /** Writes a kubeconfig of a known user and returns its path. */
  writeKubeconfig: (user: string) => Promise<string>
  /** One request as `admin`, or as the user of another token. */
  request: (path: string, request?: ApiRequest, token?: string) => Promise<ApiResponse>
  /** An orderly end of kube-apiserver; data, port and certificate stay. */
  stopApiServer: () => Promise<void>
  /** As if its machine lost power. */
  killApiServer: () => Promise<void>
  startApiServer: () => Promise<void>
  close: () => Promise<void>
}

const startTimeoutMs = 60_000
const admin: ClusterUser = { name: 'admin', groups: ['system:masters'] }

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = requireKubeBinaries(['etcd', 'kube-apiserver'])
  const { name = 'kube', audit = false, durable = true, apiServerArgs = [] } = options
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3)
  const { path: folder } = await createTempDir(name)
  const processes = new ProcessGroup(folder)
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const serverUrl = `https://127.0.0.1:${apiPort}`
  const files = {
    tokens: join(folder, 'tokens.csv'),
    serviceAccountKey: join(folder, 'service-account.key'),
    auditPolicy: join(folder, 'audit-policy.json'),
    auditLog: join(folder, 'audit.log'),
    certificates: join(folder, 'certificates'),
  }
  const tokens = new Map<string, string>()

  const startEtcd = () =>
    processes.start('etcd', join(binaries, 'etcd'), [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--log-level=warn',
      ...(durable ? [] : ['--unsafe-no-fsync']),
    ])
  const startServer = () =>
    processes.start('kube-apiserver', join(binaries, 'kube-apiserver'), [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${apiPort}`,
      '--bind-address=127.0.0.1',
      // A loopback address may not be an endpoint of the Service "kubernetes", and nothing else needs one to be found.
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${files.certificates}`,
      `--token-auth-file=${files.tokens}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${files.serviceAccountKey}`,
      `--service-account-signing-key-file=${files.serviceAccountKey}`,
      '--service-cluster-ip-range=10.0.0.0/16',
      // Ends open watches at the end instead of waiting for them.
      '--shutdown-watch-termination-grace-period=1s',
      ...(audit ? [`--audit-policy-file=${files.auditPolicy}`, `--audit-log-path=${files.auditLog}`] : []),
      ...apiServerArgs,
    ])

  try {
    await writeFile(files.tokens, tokenFile([admin, ...(options.users ?? [])], tokens), { mode: 0o600 })
    await writeFile(files.serviceAccountKey, newServiceAccountKey(), { mode: 0o600 })
    await writeFile(files.auditPolicy, JSON.stringify(auditPolicy))
    const adminToken = tokenOf(admin.name)
    const etcd = startEtcd()
    // A server that does not find etcd at once looks again only after seconds.
    await whileRunning([etcd], 'etcd listens', () => isListening(etcdPort))
    let apiServer: Service | undefined = startServer()
    // Written by the server on its first start; it ends with the certificate of its own authority.
    const certificateFile = join(files.certificates, 'apiserver.crt')
    const caData = await whileRunning([etcd, apiServer], 'kube-apiserver writes its certificate', async () => {
      const pem = await readFile(certificateFile)
      // The server's own and its authority's: a file that is being written has fewer.
      return pem.toString().split('-----END CERTIFICATE-----').length > 2 && pem.toString('base64')
    })
    const request: ControlPlane['request'] = (path, body, token = adminToken) =>
      apiRequest({ serverUrl, caData, token }, path, body)
    const ready = (server: Service) =>
      whileRunning([etcd, server], 'kube-apiserver is ready', async () => (await request('/readyz')).status === 200)
    await ready(apiServer)

    const writeKubeconfig = async (user: string) => {
      const path = join(folder, `${user.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`)
      await writeFile(path, kubeconfig({ name, serverUrl, caData, user, token: tokenOf(user) }), { mode: 0o600 })
      return path
    }
    const end = async (how: 'stop' | 'kill') => {
      const ending = apiServer
      apiServer = undefined
      if (ending !== undefined) await processes[how](ending)
    }
    return {
      name,
      folder,
      serverUrl,
      caData,
      adminToken,
      kubeconfigPath: await writeKubeconfig(admin.name),
      serviceAccountKeyFile: files.serviceAccountKey,
      auditLogFile: files.auditLog,
      processes,
      pids: () => ({ etcd: etcd.pid, apiServer: apiServer?.pid }),
      tokenOf,
      writeKubeconfig,
      request,
      stopApiServer: () => end('stop'),
      killApiServer: () => end('kill'),
      startApiServer: async () => {
        if (apiServer !== undefined) return
        apiServer = startServer()
        await ready(apiServer)
      },
      close: () => processes.close(),
      [Symbol.asyncDispose]: () => processes.close(),
    }
  } catch (error) {
    await processes.close()
    throw error
  }

  function tokenOf(user: string): string {
    const token = tokens.get(user)
    if (token === undefined) throw new Error(`${name} has no user ${user}`)
    return token
  }
}

/** Waits for something that `services` bring about; fails at once, with the end of its log, when one of them ends. */
export async function whileRunning<T>(
  services: readonly Service[],
  what: string,
  question: () => Promise<T | undefined | false>,
): Promise<T> {
  const answer = await eventually<{ value: T } | { dead: Service }>(
    async () => {
      const dead = services.find((service) => service.ended() !== undefined)
      if (dead !== undefined) return { dead }
      const value = await question()
      return value !== undefined && value !== false && { value }
    },
    { what, timeoutMs: startTimeoutMs, intervalMs: 50 },
  ).catch((error: unknown) => {
    throw new Error(services.map(lastWords).join('\n'), { cause: error })
  })
  if ('dead' in answer) throw new Error(`${what}: ${lastWords(answer.dead)}`)
  return answer.value
}

function lastWords(service: Service): string {
  return `${service.name} (${service.ended() ?? 'running'}) wrote last:\n${service.logTail()}`
}

/** Lines of a token file: token,name,uid,"group,group". Fills `tokens`. */
function tokenFile(users: readonly ClusterUser[], tokens: Map<string, string>): string {
  for (const { name } of users) tokens.set(name, randomBytes(16).toString('hex'))
  return users.map(({ name, groups = [] }) => `${tokens.get(name)},${name},${name},"${groups.join(',')}"\n`).join('')
}

function newServiceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString()
}

interface KubeconfigOf {
  readonly name: string
  readonly serverUrl: string
  readonly caData: string
  readonly user: string
  readonly token: string
}

/** JSON, which is YAML. */
function kubeconfig({ name, serverUrl, caData, user, token }: KubeconfigOf): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: serverUrl, 'certificate-authority-data': caData } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user, namespace: 'default' } }],
    'current-context': name,
  })
}
