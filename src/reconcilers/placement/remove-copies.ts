import { canonicalJson } from '../../base/canonical-json.ts'
import type { ReconcileResult } from '../../controller/controller.ts'
import { placementStatusAnnotation } from '../../meta/fleet/fleet-names.ts'
import { type Problem, problemsOfShares } from './placement-problems.ts'
import { withoutOwnStatus } from './own-status.ts'
import type { PlacementSteps, Source, SourceAddress } from './placement-steps.ts'
import { explain } from './report-placement.ts'
import { deliveryName } from './slot-names.ts'
import { isGone, makeAbsent } from './slots.ts'
import { markOf, targetsOf } from './source-mark.ts'

const abandonAfterMs = 60_000 // how long a deleted source waits for a child that cannot be reached
const lookAgainMs = 5_000

/** Of a source that nobody can see: slots whose removal was decided and carried out go, and no others are touched. */
export async function removeAcknowledged(steps: PlacementSteps, address: SourceAddress): Promise<void> {
  const name = deliveryName({ ...address, kind: '' })
  for (const { uid } of await steps.childClusters()) {
    const delivery = await steps.getDelivery(uid, name)
    if (delivery?.spec.desired === 'Absent') await makeAbsent(steps, uid, name)
  }
}

/**
 * The source is deleted, gone or unplaced: its copies go. A child that cannot be reached holds nothing hostage: after a
 * minute the source is let go, and the slot stays for when the child returns.
 */
export async function removeCopies(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source | undefined,
): Promise<ReconcileResult | void> {
  const name = deliveryName({ ...address, kind: '' })
  const registered = await steps.childClusters()
  const names = new Map(registered.map((childCluster) => [childCluster.uid, childCluster.name]))
  const candidates = source ? targetsOf(source.object) : [...names.keys()]
  const waiting: string[] = []
  const gone = new Set<string>()
  for (const uid of candidates) {
    if (await makeAbsent(steps, uid, name)) gone.add(uid)
    else if ((steps.unreachableForMs(uid) ?? 0) < abandonAfterMs) waiting.push(uid)
  }
  if (!source) return waiting.length > 0 ? { requeueAfterMs: lookAgainMs } : undefined
  // The marks are guarded by the version that was read.
  if (await clearStatus(steps, address, source)) return { requeueAfterMs: 0 }
  const problems = await whyNotGone(steps, name, waiting, names)
  for (const uid of candidates)
    if (!gone.has(uid) && !waiting.includes(uid))
      problems.push({ childCluster: names.get(uid) ?? uid, reason: 'LeftBehind', message: leftBehind })
  if (waiting.length > 0) {
    if (waiting.length < candidates.length)
      await steps.markSource(address, source, { ...markOf(source.object), finalizer: true, targets: waiting })
    else await explain(steps, address, source, problems)
    return { requeueAfterMs: lookAgainMs }
  }
  const told = await explain(steps, address, source, problems)
  if (!markOf(source.object).finalizer) return
  // Letting go is guarded by the version that was read.
  if (told) return { requeueAfterMs: 0 }
  await steps.markSource(address, source, { finalizer: false, targets: [], selectedBy: undefined })
}

/** What copies said that are none of this object any more. True when the object was written. */
async function clearStatus(steps: PlacementSteps, address: SourceAddress, source: Source): Promise<boolean> {
  const { object, hasStatus } = source
  if (!hasStatus || object.metadata.deletionTimestamp) return false
  const rest = withoutOwnStatus(object)
  if (!rest || canonicalJson(rest) === canonicalJson(object['status'] ?? {})) return false
  return steps.updateStatus(address, source, rest)
}

/** Copies that cannot be removed now, because their children are silent, refuse or hold them. */
async function whyNotGone(
  steps: PlacementSteps,
  name: string,
  uids: readonly string[],
  names: ReadonlyMap<string, string>,
): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const uid of uids) {
    const delivery = await steps.getDelivery(uid, name)
    if (!delivery) continue
    const share = { childCluster: names.get(uid) ?? uid, delivery, stale: false }
    problems.push(...problemsOfShares([share], () => steps.troubleOf(uid), steps.now()).problems)
  }
  return problems
}

const leftBehind = 'the child cluster could not be reached for a minute: its copy is removed when it is back'

/** An object that nothing places: what was wrong, or is left behind, is over when its last slot has gone. */
export async function explainUnplaced(
  steps: PlacementSteps,
  address: SourceAddress,
  source: Source,
  problem: Problem | undefined,
): Promise<void> {
  const before = source.object.metadata.annotations?.[placementStatusAnnotation]
  if (before === undefined && !problem) return
  const name = deliveryName({ ...address, kind: '' })
  await clearStatus(steps, address, source)
  const problems = problem ? [problem] : []
  for (const { uid, name: childCluster } of await steps.childClusters())
    if (!(await isGone(steps, uid, name))) problems.push({ childCluster, reason: 'LeftBehind', message: leftBehind })
  await explain(steps, address, source, problems)
}
