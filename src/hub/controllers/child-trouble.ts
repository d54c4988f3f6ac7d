import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import type { ChildTrouble } from '../../reconcilers/placement/placement-problems.ts'

/**
 * Why a child cluster takes nothing now, in words for those who place there: they see that it is away, and nothing of its
 * addresses. `silentMs` is how long it has not been heard of; undefined while it is.
 */
export function childTrouble(
  childCluster: ChildCluster | undefined,
  silentMs: number | undefined,
): ChildTrouble | undefined {
  if (!childCluster) return { reason: 'ChildUnreachable', message: 'the child cluster is not registered any more' }
  const { status } = childCluster
  if (status?.lastHeartbeatTime === undefined)
    return { reason: 'NotJoined', message: 'nothing has been heard from the child cluster yet' }
  if (silentMs !== undefined) {
    const message = `the child cluster has not been heard of since ${status.lastHeartbeatTime}: what is there stays, changes wait`
    return { reason: 'ChildUnreachable', message }
  }
  if (status.conditions?.some(({ type, status: is }) => type === 'Forked' && is === 'True')) {
    const message = 'the hub was restored to an earlier state: changes wait until an administrator has confirmed it'
    return { reason: 'HubForked', message }
  }
  return undefined
}
