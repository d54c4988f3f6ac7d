import type { Condition } from './object.ts'
import { formatTime } from './time.ts'

/** A condition without the time of its last transition, which follows from what it was before. */
export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/** The time of a transition changes with the status only: not with reason, message or generation. */
export function withTransition(condition: NewCondition, known: readonly Condition[], nowMs: number): Condition {
  const before = known.find(({ type }) => type === condition.type)
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : formatTime(nowMs)
  return { ...condition, lastTransitionTime }
}
