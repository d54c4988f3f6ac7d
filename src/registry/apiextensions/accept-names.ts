import { formatTime } from '../../meta/time.ts'
import type { Condition } from '../../meta/object.ts'
import { equalJson } from '../schema/json-value.ts'
import { type CrdNames, type CrdObject, type CrdStatus, findCondition } from './crd-object.ts'

/**
 * Gives a CRD the names that it asks for, as far as no other CRD of its group has them, and says so in the conditions
 * NamesAccepted and Established. `others` are the other CRDs of its logical cluster. The result is a new status; names
 * once accepted stay, and what is established stays so.
 */
export function acceptNames(crd: CrdObject, others: readonly CrdObject[], nowMs: number): CrdStatus {
  const taken = namesTaken(crd, others)
  const { names, conflict } = chooseNames(crd.spec.names, crd.status?.acceptedNames, taken)
  const conditions: NewCondition[] = conflict
    ? [{ type: 'NamesAccepted', status: 'False', ...conflict }]
    : [{ type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }]
  if (findCondition(crd, 'Established')?.status !== 'True') conditions.push(conflict ? notAccepted : established)
  return { ...crd.status, acceptedNames: names, conditions: setConditions(crd, conditions, nowMs) }
}

/** The status of a CRD that waits for names, now that others may have given theirs up; undefined when it stays as it is. */
export function settleNames(crd: CrdObject, others: readonly CrdObject[], nowMs: number): CrdStatus | undefined {
  if (hasItsNames(crd)) return undefined
  const status = acceptNames(crd, others, nowMs)
  return equalJson(status, crd.status) ? undefined : status
}

/** Whether the names that a CRD asks for are the ones that it has. */
export function hasItsNames({ spec, status }: CrdObject): boolean {
  return (
    JSON.stringify(orderNames(spec.names)) ===
    JSON.stringify(orderNames(status?.acceptedNames ?? { plural: '', kind: '' }))
  )
}

function orderNames({ plural, singular, kind, listKind, shortNames = [], categories = [] }: CrdNames): unknown {
  return [plural, singular, kind, listKind, shortNames, categories]
}

export type NewCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

const established: NewCondition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
}
const notAccepted: NewCondition = {
  type: 'Established',
  status: 'False',
  reason: 'NotAccepted',
  message: 'not all names are accepted',
}

/** The conditions with some of them set; the time of a transition changes with the status only. */
export function setConditions(crd: CrdObject, changes: readonly NewCondition[], nowMs: number): Condition[] {
  const conditions = [...(crd.status?.conditions ?? [])]
  for (const { type, status, reason, message } of changes) {
    const index = conditions.findIndex((condition) => condition.type === type)
    const before = conditions[index]
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : formatTime(nowMs)
    const condition: Condition = { ...before, type, status, lastTransitionTime, reason, message }
    if (index < 0) conditions.push(condition)
    else conditions[index] = condition
  }
  return conditions
}

interface TakenNames {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

function namesTaken(crd: CrdObject, others: readonly CrdObject[]): TakenNames {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { metadata, spec, status } of others) {
    const names = status?.acceptedNames
    if (!names || spec.group !== crd.spec.group || metadata.name === crd.metadata.name) continue
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name)
    for (const name of [names.kind, names.listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}

interface Choice {
  readonly names: CrdNames
  readonly conflict: { reason: string; message: string } | undefined
}

/** Each name by itself: those without a conflict are taken; the last conflict is reported, as upstream does. */
function chooseNames(wanted: CrdNames, accepted: CrdNames | undefined, taken: TakenNames): Choice {
  const names: CrdNames = { ...(accepted ?? { plural: '', kind: '' }) }
  let conflict: Choice['conflict']
  const choose = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, used: ReadonlySet<string>) => {
    const name = wanted[field] ?? ''
    if (name !== (accepted?.[field] ?? '') && used.has(name)) conflict = { reason, message: inUse([name]) }
    else if (name !== '') names[field] = name
  }
  choose('plural', 'PluralConflict', taken.resources)
  choose('singular', 'SingularConflict', taken.resources)
  const shortNames = wanted.shortNames ?? []
  const used = shortNames.filter((name) => !accepted?.shortNames?.includes(name) && taken.resources.has(name))
  if (used.length > 0) conflict = { reason: 'ShortNamesConflict', message: inUse(used) }
  else if (shortNames.length > 0) names.shortNames = shortNames
  else delete names.shortNames
  choose('kind', 'KindConflict', taken.kinds)
  choose('listKind', 'ListKindConflict', taken.kinds)
  if (wanted.categories && wanted.categories.length > 0) names.categories = wanted.categories
  else delete names.categories
  return { names, conflict }
}

function inUse(names: readonly string[]): string {
  const texts = names.map((name) => `${JSON.stringify(name)} is already in use`)
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}
