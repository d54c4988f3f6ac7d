import { canonicalJson } from '../../base/canonical-json.ts'
import type { ReconcileResult } from '../../controller/controller.ts'
import { placementStatusAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { aggregateStatus, type Share } from './aggregate-status.ts'
import { replicasOf } from './placeable.ts'
import { describeProblems, newProblems, type Problem, problemsOfShares, withDelivered } from './placement-problems.ts'
import { withoutOwnStatus } from './own-status.ts'
import type { PlacementSteps, Source, SourceAddress } from './placement-steps.ts'
import { deliveryName } from './slot-names.ts'
import { makeAbsent } from './slots.ts'
import { markOf } from './source-mark.ts'

interface Report {
  targets: readonly string[]
  /** Targets whose copies are left over: others have taken their place, and speak for the object. */
  leftOver?: readonly string[]
  /** Absent: as the copies say. */
  divided?: boolean
  problems: readonly Problem[]
}

/** What has become of the object, told in its status, its annotation and, when it is new and bad, an Event. */
export async function report(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  { targets, leftOver = [], divided, problems }: Report,
): Promise<ReconcileResult | void> {
  const name = deliveryName({ ...address, kind: '' })
  const byUid = new Map((await steps.childClusters()).map((childCluster) => [childCluster.uid, childCluster]))
  const shares: Share[] = []
  const uids = new Map<Share, string>()
  const finished: string[] = []
  for (const uid of targets) {
    const delivery = await steps.getDelivery(uid, name)
    if (!delivery || (delivery.spec.desired === 'Absent' && (await makeAbsent(steps, uid, name)))) {
      finished.push(uid)
      continue
    }
    const stale = steps.unreachableForMs(uid) !== undefined
    const share = { childCluster: byUid.get(uid)?.name ?? uid, delivery, stale }
    shares.push(share)
    uids.set(share, uid)
  }
  if (finished.length > 0) {
    const kept = targets.filter((uid) => !finished.includes(uid))
    await steps.markSource(address, source, {
      ...markOf(source.object),
      finalizer: kept.length > 0,
      targets: kept,
    })
    return { requeueAfterMs: 0 }
  }
  const nowMs = steps.now()
  const view = problemsOfShares(shares, (share) => steps.troubleOf(uids.get(share) ?? ''), nowMs)
  const all = [...problems, ...view.problems]
  const { object } = source
  if (source.hasStatus) {
    const speaking = shares.filter(
      (share) => share.delivery.spec.desired === 'Present' && !leftOver.includes(uids.get(share) ?? ''),
    )
    const options = { source: object, ...address, divided: divided ?? looksDivided(speaking, object), nowMs }
    // What no share says any more must not stand there as if one did.
    const status = withDelivered(aggregateStatus(speaking, options) ?? withoutOwnStatus(object), all, options)
    if (status && canonicalJson(status) !== canonicalJson(object['status'] ?? {}))
      await steps.updateStatus(address, source, status)
  }
  await explain(steps, address, source, all)
  return view.lookAgainMs === undefined ? undefined : { requeueAfterMs: view.lookAgainMs }
}

/** Copies of a Placement that is gone: they have a part each when the parts make up the whole. */
function looksDivided(shares: readonly Share[], source: KubeObject): boolean {
  const parts = shares.map(({ delivery: { spec } }) => replicasOf({ metadata: {}, spec: spec.manifest?.['spec'] }) ?? 0)
  const sum = parts.reduce((total, part) => total + part, 0)
  return shares.length > 1 && (sum === replicasOf(source) || new Set(parts).size > 1)
}

/**
 * The annotation says how it is now, an Event what is new; when the last problem is over, that is said too. True when the
 * object was written.
 */
export async function explain(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  problems: readonly Problem[],
): Promise<boolean> {
  const before = source.object.metadata.annotations?.[placementStatusAnnotation]
  const text = describeProblems(problems)
  if (text === before) return false
  for (const problem of newProblems(problems, before))
    await steps.tell(address, source, { type: 'Warning', ...problem })
  if (text === undefined)
    await steps.tell(address, source, {
      type: 'Normal',
      reason: 'PlacementResolved',
      message: 'what was wrong is over',
    })
  await steps.explain(address, source, text)
  return true
}
