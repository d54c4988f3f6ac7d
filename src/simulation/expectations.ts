import type { Clock } from '../base/clock.ts'
import type { Informer } from '../informer/informer.ts'
import type { Pod } from './workload-types.ts'

/**
 * What an owner's controller has written and its pod informer does not show yet. Counting pods in between would create
 * or delete twice, so a controller counts only when its owner's expectations are met. An expectation is registered
 * before the request, so that its event cannot come too early, and withdrawn when the request fails.
 */
export interface Expectations {
  expectCreation(ownerUid: string, podName: string): void
  expectDeletion(ownerUid: string, podUid: string): void
  /** The request failed, or met nothing to change. */
  withdraw(ownerUid: string, podNameOrUid: string): void
  isMet(ownerUid: string): boolean
}

const forgetAfterMs = 30_000 // an informer that had to list again may never show what came and went in between

/** When to look again at an owner whose expectations are not met, should their events never come. */
export const lookAgainMs = 5_000

export function createExpectations(pods: Informer<Pod>, clock: Clock): Expectations {
  const open = new Map<string, Map<string, number>>()

  function expect(ownerUid: string, what: string): void {
    const expected = open.get(ownerUid) ?? new Map<string, number>()
    open.set(ownerUid, expected.set(what, clock.now()))
  }
  function withdraw(ownerUid: string, what: string): void {
    const expected = open.get(ownerUid)
    expected?.delete(what)
    if (expected?.size === 0) open.delete(ownerUid)
  }

  pods.onEvent(({ type, object: { metadata } }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.uid
    if (owner === undefined || !open.has(owner)) return
    withdraw(owner, metadata.name ?? '')
    if (type === 'deleted' || metadata.deletionTimestamp) withdraw(owner, metadata.uid ?? '')
  })

  return {
    expectCreation: expect,
    expectDeletion: expect,
    withdraw,
    isMet(ownerUid) {
      for (const [what, since] of open.get(ownerUid) ?? [])
        if (clock.now() - since > forgetAfterMs) withdraw(ownerUid, what)
      return !open.has(ownerUid)
    },
  }
}
