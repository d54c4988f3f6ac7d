import { placementLabel, selectedByAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { Placement } from '../../meta/fleet/placement.ts'
import type { KubeObject } from '../../meta/object.ts'
import { matchesTerms } from './choose-child-clusters.ts'
import { whyNotDeliverable } from './placeable.ts'
import type { Problem } from './placement-problems.ts'
import type { PlacementSteps, Source, SourceAddress } from './placement-steps.ts'
import { targetsOf } from './source-mark.ts'

export interface Chosen {
  type: 'placement'
  placement: Placement
  selectedBy: string | undefined
}
type Choice = Chosen | { type: 'none'; problem?: Problem } | { type: 'undecided'; problem: Problem }

/**
 * The object's label, then its namespace's, then selectors. A tie, or a Placement that does not exist (any more), changes
 * nothing.
 */
export async function choosePlacement(
  steps: PlacementSteps,
  address: SourceAddress,
  { object }: Source,
): Promise<Choice> {
  const own = object.metadata.labels?.[placementLabel]
  const undeliverable = whyNotDeliverable(address.group, address.resource, object)
  if (undeliverable !== undefined)
    // What only happens to be in a labelled namespace stays without a word.
    return own ? { type: 'none', problem: { reason: 'NotPlaceable', message: undeliverable } } : { type: 'none' }
  const placements = steps.placements(address.logicalCluster)
  const inherited =
    own ??
    (address.namespace === ''
      ? undefined
      : (await steps.namespaceLabels(address.logicalCluster, address.namespace))[placementLabel])
  if (inherited) {
    const placement = placements.find(({ metadata }) => metadata.name === inherited)
    if (placement && isStanding(placement)) return { type: 'placement', placement, selectedBy: undefined }
    if (placement?.spec.deletionPolicy === 'Delete') return { type: 'none' }
    return { type: 'undecided', problem: placementNotFound(inherited, object) }
  }
  const claiming = placements.filter((placement) => isSelectedBy(placement, address, object))
  const selecting = claiming.filter(isStanding)
  const [only] = selecting
  if (selecting.length > 1) return { type: 'undecided', problem: ambiguous(selecting) }
  if (only) return { type: 'placement', placement: only, selectedBy: only.metadata.name }
  const before = object.metadata.annotations?.[selectedByAnnotation]
  const selector = placements.find(({ metadata }) => metadata.name === before)
  const isEnding = selector !== undefined && !isStanding(selector) && selector.spec.deletionPolicy !== 'Delete'
  const isOrphaned = before !== undefined && (!selector || isEnding)
  return isOrphaned ? { type: 'undecided', problem: placementNotFound(before, object) } : { type: 'none' }
}

function placementNotFound(name: string, object: KubeObject): Problem {
  const kept = targetsOf(object).length > 0 ? '; the copies that there are stay as they are' : ''
  return { reason: 'PlacementNotFound', message: `there is no Placement "${name}" in this workspace${kept}` }
}

function ambiguous(selecting: readonly Placement[]): Problem {
  const names = selecting
    .map(({ metadata }) => `"${metadata.name}"`)
    .sort()
    .join(' and ')
  const message = `selected by the Placements ${names}: nothing changes until the label ${placementLabel} names one, or only one selects it`
  return { reason: 'Ambiguous', message }
}

export function isStanding({ metadata }: Placement): boolean {
  return metadata.deletionTimestamp === undefined
}

function isSelectedBy(
  { spec }: Placement,
  { group, namespace }: SourceAddress,
  { kind, metadata }: KubeObject,
): boolean {
  return (spec.resourceSelectors ?? []).some(
    (selector) =>
      selector.kind === kind &&
      (selector.apiGroup ?? '') === group &&
      (selector.namespace === undefined || selector.namespace === namespace) &&
      matchesTerms(selector.labelSelector, metadata.labels ?? {}),
  )
}
