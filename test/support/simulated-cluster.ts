import { startSimulatedChildCluster } from '../../src/cli/demo/simulated-child-cluster.ts'
import { readKubeconfig, selectContext } from '../../src/client/node/kubeconfig.ts'
import { apiRequest, type ApiRequest, type ApiResponse } from './api-request.ts'
import type { KubeCluster } from './kube-cluster.ts'
import { createTempDir } from './temp-dir.ts'

export interface SimulatedClusterOptions {
  readonly name?: string
  /** How many nodes to pretend; default 1. */
  readonly nodes?: number
  readonly podStartDelayMs?: number
}

/**
 * What end-to-end tests need of a cluster: a `KubeCluster` has all of it, a simulated one too, so that the same tests run
 * on both.
 */
export type TestCluster = Pick<
  KubeCluster,
  | 'name'
  | 'folder'
  | 'serverUrl'
  | 'caData'
  | 'adminToken'
  | 'kubeconfigPath'
  | 'request'
  | 'stopKwok'
  | 'startKwok'
  | 'stopApiServer'
  | 'killApiServer'
  | 'startApiServer'
  | 'close'
> &
  AsyncDisposable

/**
 * A SIMULATED cluster in this process, ready in a second and without any binary: see `startSimulatedChildCluster`. Its
 * objects survive a stop of its API server; killing it is the same as stopping it, for it cannot die alone.
 */
export async function startSimulatedCluster(options: SimulatedClusterOptions = {}): Promise<TestCluster> {
  const { name = 'simulated', ...rest } = options
  const directory = await createTempDir(name)
  const cluster = await startSimulatedChildCluster({ ...rest, name, folder: directory.path, storage: 'leveldb' })
  const close = async () => {
    await cluster.close()
    await directory.remove()
  }
  try {
    const { kubeconfigPath, serverUrl } = cluster
    const selected = selectContext(readKubeconfig(kubeconfigPath), kubeconfigPath)
    const caData = selected.cluster['certificate-authority-data'] ?? ''
    const adminToken = await mintAdminToken(cluster.client)
    return {
      name,
      folder: directory.path,
      serverUrl,
      caData,
      adminToken,
      kubeconfigPath,
      request: (path: string, request?: ApiRequest, token = adminToken): Promise<ApiResponse> =>
        apiRequest({ serverUrl, caData, token }, path, request),
      stopKwok: () => cluster.pauseKubelet(),
      startKwok: () => cluster.resumeKubelet(),
      stopApiServer: () => cluster.stopApiServer(),
      killApiServer: () => cluster.stopApiServer(),
      startApiServer: () => cluster.startApiServer(),
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Client = Awaited<ReturnType<typeof startSimulatedChildCluster>>['client']

/** A token of a ServiceAccount that may do everything: what a static token of an administrator is elsewhere. */
async function mintAdminToken(client: Client): Promise<string> {
  const namespace = 'kube-system'
  const name = 'administrator'
  const accounts = client.resource({ group: '', version: 'v1', resource: 'serviceaccounts' })
  await accounts.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } })
  await client.resource({ group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterrolebindings' }).create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  })
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name },
    spec: { expirationSeconds: 24 * 3_600 },
  }
  const { status } = await accounts.create(request, { subresource: 'token', namespace })
  return (status as { token: string }).token
}
