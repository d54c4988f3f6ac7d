import type { Client } from '../client/client.ts'
import type { HttpTransportOptions } from '../client/node/http-transport.ts'
import { isAlreadyExists } from '../meta/api-errors.ts'
import type { ChildCluster } from '../meta/fleet/child-cluster.ts'
import { agentNamespace, fleetApiVersion } from '../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../meta/object.ts'
import { childClusters } from './child-clusters.ts'

const secrets = { group: '', version: 'v1', resource: 'secrets' }

/** Kubeconfig mode: what the hub dials the cluster with, in a Secret that the ChildCluster names. */
export async function storeCredentials(
  client: Client,
  { metadata }: ChildCluster,
  { serverUrl, caPem }: HttpTransportOptions,
  { token, expires }: { token: string; expires: string },
): Promise<void> {
  const namespaces = client.resource({ group: '', version: 'v1', resource: 'namespaces' })
  await namespaces
    .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  const { name = '', uid = '' } = metadata
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `child-${name}`,
      namespace: agentNamespace,
      // Goes with its ChildCluster, however that goes.
      ownerReferences: [{ apiVersion: fleetApiVersion, kind: 'ChildCluster', name, uid }],
    },
    stringData: { server: serverUrl, 'ca.crt': caPem ?? '', token, expires },
  }
  const write = { fieldManager: 'atoll-join', force: true }
  await client
    .resource(secrets)
    .patch({ namespace: agentNamespace, name: `child-${name}` }, { type: 'apply', body: secret }, write)
  const body = { spec: { credentialsSecret: `child-${name}` } }
  await client.resource(childClusters).patch({ name }, { type: 'merge', body })
}
