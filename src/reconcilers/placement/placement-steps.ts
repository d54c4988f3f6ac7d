import type { ReconcileRequest } from '../../controller/controller.ts'
import type { Delivery } from '../../meta/fleet/delivery.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { JsonObject, KubeObject } from '../../meta/object.ts'
import type { RegisteredChildCluster } from './choose-child-clusters.ts'
import type { ChildTrouble, Problem } from './placement-problems.ts'

/** A placed object by its stored resource. */
export interface SourceAddress {
  logicalCluster: string
  group: string
  resource: string
  namespace: string
  name: string
}

export interface Source {
  object: KubeObject
  kind: string
  hasStatus: boolean
}

/** What placement writes on a source object, so that nothing is delivered that its deletion would forget. */
export interface SourceMark {
  /** Hold the object until its copies are gone. */
  finalizer: boolean
  /** uids of the child clusters that have, or may have, a slot for it; sorted. */
  targets: readonly string[]
  /** The Placement that chose it by a selector. */
  selectedBy: string | undefined
}

/** What the owner of a placed object is to hear of. */
export interface News extends Problem {
  type: 'Normal' | 'Warning'
}

export interface PlacementSteps {
  /**
   * Undefined when it is gone; `unserved` when its workspace does not serve its type, and so nobody can tell. The object
   * carries apiVersion and kind.
   */
  getSource(address: SourceAddress): Promise<Source | 'unserved' | undefined>
  namespaceLabels(logicalCluster: string, namespace: string): Promise<Readonly<Record<string, string>>>
  placements(logicalCluster: string): readonly Placement[]
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  workspacePath(logicalCluster: string): Promise<string>
  getDelivery(childClusterUid: string, name: string): Promise<Delivery | undefined>
  /** Creates it, or updates the spec of the one that stands there (guarded by its resourceVersion). */
  putDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  /** Removes a slot whose removal was acknowledged. */
  deleteDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  /** Sets or removes our finalizer and annotations, guarded by the source's resourceVersion. */
  markSource(address: SourceAddress, source: Source, mark: SourceMark): Promise<void>
  /** Writes the whole status, as `placementManager`, unless its type refuses it. True when the object has become another one. */
  updateStatus(address: SourceAddress, source: Source, status: JsonObject): Promise<boolean>
  /** Writes `text` into the annotation that says what is wrong with an object's placement, or takes it away. */
  explain(address: SourceAddress, source: Source, text: string | undefined): Promise<void>
  /** Says it aloud: an Event beside the object. Never fails, and may leave one out when there are too many. */
  tell(address: SourceAddress, source: Source, news: News): Promise<void>
  /** Slots that an object's copies must wait for: the CRD of a published type. */
  dependencies(address: SourceAddress): Promise<readonly string[]>
  /** True when a placed autoscaler of the workspace says how many replicas the source has on a child. */
  isAutoscaled(address: SourceAddress, source: Source): Promise<boolean>
  /** Milliseconds since the child was last heard of; undefined while it is reachable. */
  unreachableForMs(childClusterUid: string): number | undefined
  /** Why that child takes nothing now; undefined when it does. */
  troubleOf(childClusterUid: string): ChildTrouble | undefined
  hub(): { id: string }
  /** The hub's incarnation as that child counts it. */
  incarnationOf(childClusterUid: string): number
  now(): number
}

/** A request about one source object. */
export function sourceRequest({ logicalCluster, group, resource, namespace, name }: SourceAddress): ReconcileRequest {
  return { logicalCluster, namespace, name: `${group}/${resource}/${name}` }
}

export function fromSourceRequest({ logicalCluster, namespace, name }: ReconcileRequest): SourceAddress {
  const [group = '', resource = '', objectName = ''] = name.split('/')
  return { logicalCluster, group, resource, namespace, name: objectName }
}
