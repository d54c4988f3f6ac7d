import type { Delivery } from '../../meta/fleet/delivery.ts'
import type { Publication } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { RegisteredChildCluster } from '../placement/choose-child-clusters.ts'
import type { ChildTrouble } from '../placement/placement-problems.ts'

/** A workspace that types may be published to. */
export interface PublicationWorkspace {
  logicalCluster: string
  path: string
  labels: Readonly<Record<string, string>>
}

/** A publication and the logical cluster of its provider. */
export interface Published {
  provider: string
  publication: Publication
}

export type Target = NonNullable<NonNullable<Publication['status']>['targets']>[number]

export interface PublicationSteps {
  getPublication(logicalCluster: string, name: string): Promise<Publication | undefined>
  /** Every publication of the hub. */
  publications(): readonly Published[]
  /** Path of a logical cluster. */
  workspacePath(logicalCluster: string): Promise<string>
  /** Every workspace there is, the provider's own among them. */
  workspaces(): AsyncIterable<PublicationWorkspace>
  /** Undefined when it is gone, or no workspace that somebody made. */
  workspaceOf(logicalCluster: string): Promise<PublicationWorkspace | undefined>
  getCrd(logicalCluster: string, name: string): Promise<KubeObject | undefined>
  /** Answer the object as it is stored. */
  createCrd(logicalCluster: string, crd: KubeObject): Promise<KubeObject>
  updateCrd(logicalCluster: string, crd: KubeObject): Promise<KubeObject>
  /** Every CRD of every workspace, by name. */
  crdAddresses(): AsyncIterable<{ logicalCluster: string; name: string }>
  /** Whether a logical cluster stores an object of the type that a CRD declares. */
  hasInstances(logicalCluster: string, crd: KubeObject): Promise<boolean>
  childClusters(): Promise<readonly RegisteredChildCluster[]>
  /** Slots that bring CRDs of this provider to child clusters. */
  crdSlots(provider: string): Promise<readonly { childClusterUid: string; name: string }[]>
  getDelivery(childClusterUid: string, name: string): Promise<Delivery | undefined>
  putDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  deleteDelivery(childClusterUid: string, delivery: Delivery): Promise<void>
  troubleOf(childClusterUid: string): ChildTrouble | undefined
  updateStatus(logicalCluster: string, publication: Publication): Promise<void>
  /** What is known of a publication's targets has changed: its status is to be written soon. */
  statusChanged(provider: string, name: string): void
  /** Something failed in one workspace: it is to be looked at again, by itself. */
  retryWorkspace(logicalCluster: string): void
  hub(): { id: string }
  /** The hub's incarnation as that child counts it. */
  incarnationOf(childClusterUid: string): number
  now(): number
}
