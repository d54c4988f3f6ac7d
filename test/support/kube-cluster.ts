import { join } from 'node:path'
import { readAuditLog, type AuditEntry, type AuditFilter } from './audit-log.ts'
import { startControlPlane, whileRunning, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts'
import { freePorts } from './free-port.ts'
import { requireKubeBinaries } from './kube-binaries.ts'

export interface KubeClusterOptions extends ControlPlaneOptions {
  /** How many fake nodes; default 1. */
  readonly nodes?: number
}

/**
 * A real cluster but for its machines: everything of a control plane, with an audit log, the controllers, the scheduler,
 * and nodes whose kubelets kwok pretends. Pods become Running without a container anywhere.
 */
export interface KubeCluster extends ControlPlane {
  /** The writes so far; controllers appear as `system:serviceaccount:kube-system:<name>-controller`, kubelets as `kwok`. */
  auditEntries: (filter?: AuditFilter) => Promise<AuditEntry[]>
  /** Freezes the kubelets: from now on no pod becomes Running and none finishes its deletion. */
  stopKwok: () => void
  startKwok: () => void
}

const controllerManager = 'system:kube-controller-manager'
const scheduler = 'system:kube-scheduler'
const kwok = 'kwok'

export async function startKubeCluster(options: KubeClusterOptions = {}): Promise<KubeCluster> {
  const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const
  const binaries = requireKubeBinaries(programs)
  const { name = 'cluster', nodes = 1, users = [], audit = true, durable = false } = options
  const components = [{ name: controllerManager }, { name: scheduler }, { name: kwok, groups: ['system:masters'] }]
  const plane = await startControlPlane({ ...options, name, audit, durable, users: [...users, ...components] })
  try {
    const { folder, processes, request } = plane
    const [managerPort = 0, schedulerPort = 0] = await freePorts(2)
    const managerConfig = await plane.writeKubeconfig(controllerManager)
    const manager = processes.start('kube-controller-manager', join(binaries, 'kube-controller-manager'), [
      ...delegating(managerConfig, managerPort, folder),
      `--service-account-private-key-file=${plane.serviceAccountKeyFile}`,
      `--root-ca-file=${join(folder, 'certificates', 'apiserver.crt')}`,
      // One identity for each controller: the audit log says which of them it was.
      '--use-service-account-credentials=true',
      '--controllers=*,-nodeipam',
    ])
    const schedulerService = processes.start('kube-scheduler', join(binaries, 'kube-scheduler'), [
      ...delegating(await plane.writeKubeconfig(scheduler), schedulerPort, folder),
    ])
    const kubelets = processes.start('kwok', join(binaries, 'kwok'), [
      `--kubeconfig=${await plane.writeKubeconfig(kwok)}`,
      '--manage-all-nodes=true',
      // Without leases the node controller takes the nodes for dead.
      '--node-lease-duration-seconds=40',
    ])
    for (let index = 0; index < nodes; index++) await createNode(plane, `node-${index}`)
    await whileRunning([manager, schedulerService, kubelets], `${nodes} nodes are ready`, async () => {
      const list = (await request('/api/v1/nodes')).json() as NodeList
      return list.items.filter(isReady).length === nodes
    })
    await whileRunning([manager], 'the default service account exists', async () => {
      const path = '/api/v1/namespaces/default/serviceaccounts/default'
      return (await request(path)).status === 200
    })
    return {
      ...plane,
      auditEntries: (filter) => readAuditLog(plane.auditLogFile, filter),
      // Not ended: another kwok would wait until the node leases of the first have expired.
      stopKwok: () => processes.pause(kubelets),
      startKwok: () => processes.resume(kubelets),
    }
  } catch (error) {
    await plane.close()
    throw error
  }
}

function delegating(kubeconfig: string, port: number, folder: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, `certificates-${port}`)}`,
    '--leader-elect=false',
    // The default of 20 a second makes the start of the controllers wait for seconds.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]
}

interface NodeList {
  readonly items: readonly {
    readonly spec?: { readonly taints?: readonly unknown[] }
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
  }[]
}

/** Ready, and the node controller has taken its not-ready taint away: pods can be scheduled from here on. */
function isReady(node: NodeList['items'][number]): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  return ready && (node.spec?.taints ?? []).length === 0
}

async function createNode(plane: ControlPlane, name: string): Promise<void> {
  const resources = { cpu: '32', memory: '256Gi', pods: '1000' }
  const response = await plane.request('/api/v1/nodes', {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: { type: 'kwok', 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' },
      },
      status: { capacity: resources, allocatable: resources },
    },
  })
  if (response.status !== 201) throw new Error(`creating node ${name}: ${response.status} ${response.text}`)
}
