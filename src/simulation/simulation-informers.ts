import type { Logger } from '../base/logger.ts'
import type { Client } from '../client/client.ts'
import { createInformer, type Informer } from '../informer/informer.ts'
import type { GroupVersionResource } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'
import * as resources from './simulated-resources.ts'
import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  Job,
  Node,
  Pod,
  ReplicaSet,
  Service,
  StatefulSet,
  Volume,
  VolumeClaim,
} from './workload-types.ts'

export interface SimulationInformers {
  nodes: Informer<Node>
  /** Indexes: `owner`, `orphans`, `node` (empty: not bound yet). */
  pods: Informer<Pod>
  deployments: Informer<Deployment>
  /** Indexes: `owner`, `orphans`. */
  replicaSets: Informer<ReplicaSet>
  statefulSets: Informer<StatefulSet>
  daemonSets: Informer<DaemonSet>
  /** Indexes: `owner`, `orphans`. */
  controllerRevisions: Informer<ControllerRevision>
  jobs: Informer<Job>
  volumeClaims: Informer<VolumeClaim>
  volumes: Informer<Volume>
  services: Informer<Service>
}

/** Under `owner` objects are found by the uid of their controller, under `orphans` by namespace when they have none. */
const ownerIndexes = {
  owner: (object: KubeObject) => {
    const uid = controllerOf(object)?.uid
    return uid === undefined ? [] : [uid]
  },
  orphans: (object: KubeObject) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']),
}

/** The whole cluster in memory: right for a simulation, whose clusters are small. */
export function createSimulationInformers(client: Client, logger: Logger): SimulationInformers {
  const informer = <T extends KubeObject>(
    resource: GroupVersionResource,
    indexers: Record<string, (object: T) => readonly string[]> = {},
  ) => createInformer<T>({ client: client.resource<T>(resource), logger, indexers })
  return {
    nodes: informer(resources.nodes),
    pods: informer<Pod>(resources.pods, { ...ownerIndexes, node: ({ spec }) => [spec.nodeName ?? ''] }),
    deployments: informer(resources.deployments),
    replicaSets: informer<ReplicaSet>(resources.replicaSets, ownerIndexes),
    statefulSets: informer(resources.statefulSets),
    daemonSets: informer(resources.daemonSets),
    controllerRevisions: informer<ControllerRevision>(resources.controllerRevisions, ownerIndexes),
    jobs: informer(resources.jobs),
    volumeClaims: informer(resources.volumeClaims),
    volumes: informer(resources.volumes),
    services: informer(resources.services),
  }
}

export function controllerOf({ metadata }: KubeObject) {
  return metadata.ownerReferences?.find(({ controller }) => controller)
}
