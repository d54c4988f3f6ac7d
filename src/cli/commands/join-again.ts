import { claimConfigMap, profileClusterRole } from '../../agent/child-names.ts'
import { joinChildCluster } from '../../agent/join-child-cluster.ts'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import type { Transport } from '../../client/transport.ts'
import { ignoreNotFound } from '../../meta/api-errors.ts'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import { agentNamespace, hubIdAnnotation } from '../../meta/fleet/fleet-names.ts'
import { childClusters } from '../child-clusters.ts'
import { CliError } from '../cli-error.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const clusterRoles = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' }

export interface JoinAgainOptions {
  mode: ChildCluster['spec']['mode']
  /** Added to those that it has. */
  labels: Readonly<Record<string, string>>
  /** Undefined: those that it has. */
  publishedGroups: readonly string[] | undefined
  /** Speaks to the cluster as its administrator; undefined when no kubeconfig was named. */
  childTransport: Transport | undefined
}

/** A ChildCluster whose cluster has joined and stays: not one of an attempt that was broken off, nor one that leaves. */
export async function findJoined(client: Client, name: string): Promise<ChildCluster | undefined> {
  const known = await client.resource<ChildCluster>(childClusters).get({ name }).catch(ignoreNotFound)
  const hasJoined = known?.status?.lastHeartbeatTime !== undefined && known.metadata.deletionTimestamp === undefined
  return hasJoined ? known : undefined
}

/**
 * Brings what joining made in a cluster up to date, and says what that is. Only the cluster that is known by this name:
 * one that is claimed for another ChildCluster, or by another hub, is refused and left as it is.
 */
export async function joinAgain(client: Client, known: ChildCluster, options: JoinAgainOptions): Promise<string> {
  const { mode, labels, childTransport } = options
  const { name = '', uid: childClusterUid = '', annotations } = known.metadata
  const hubId = annotations?.[hubIdAnnotation] ?? ''
  if (known.spec.mode !== mode) throw alreadyThere(name, `, joined with --mode ${known.spec.mode}`)
  if (!childTransport) throw alreadyThere(name, '; to bring it up to date, name its kubeconfig with --child-kubeconfig')
  const child = createClient({ transport: childTransport, userAgent: 'atoll-join' })
  if (!(await isClaimed(child, hubId, childClusterUid))) throw alreadyThere(name)
  const before = await publishedGroupsOf(child)
  const publishedGroups = options.publishedGroups ?? before
  const { manifests } = await joinChildCluster({ hubId, childClusterUid, name, publishedGroups, childTransport })
  const body = { metadata: { labels } }
  if (Object.keys(labels).length > 0) await client.resource(childClusters).patch({ name }, { type: 'merge', body })
  return [
    `Child cluster "${name}" was joined before: the ${manifests.length} objects in the cluster are up to date,`,
    ` ${whichGroups(before, publishedGroups)}${whichLabels(labels)}.\n`,
    mode === 'agent' && before.join() !== publishedGroups.join() ? adviceForAgent(publishedGroups) : '',
  ].join('')
}

export function alreadyThere(name: string, more = ''): CliError {
  return new CliError(`there is a child cluster "${name}" already${more}: choose another name, or unjoin that one`)
}

async function isClaimed(child: Client, hubId: string, childClusterUid: string): Promise<boolean> {
  const objectName = { namespace: agentNamespace, name: claimConfigMap }
  const claim = await child.resource(configMaps).get(objectName).catch(ignoreNotFound)
  const claimed = (claim?.['data'] ?? {}) as Record<string, string>
  return claimed['hubId'] === hubId && claimed['childClusterUid'] === childClusterUid
}

/** Whole API groups are in the profile for published types only. */
async function publishedGroupsOf(child: Client): Promise<string[]> {
  const profile = await child.resource(clusterRoles).get({ name: profileClusterRole }).catch(ignoreNotFound)
  const rules = (profile?.['rules'] ?? []) as { apiGroups?: string[]; resources?: string[] }[]
  return rules.filter(({ resources }) => resources?.includes('*')).flatMap(({ apiGroups = [] }) => apiGroups)
}

function whichGroups(before: readonly string[], after: readonly string[]): string {
  const named = (groups: readonly string[]) =>
    groups.length === 0 ? 'no published API groups' : `the published API groups ${groups.join(', ')}`
  return `with ${named(after)}${before.join() === after.join() ? '' : ` instead of ${named(before)}`}`
}

function whichLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '' : `, and it has the labels ${pairs.join(', ')}`
}

function adviceForAgent(groups: readonly string[]): string {
  const flag = groups.length === 0 ? 'without --published-groups' : `with --published-groups ${groups.join(',')}`
  return `Start its agent ${flag} from now on: with an administrator's kubeconfig it makes these objects anew.\n`
}
