import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Backend, TxnRequest } from '../backend.ts'
import { isStorageError } from '../storage-error.ts'
import { bytes, pages, plain, record, replay, type OpenHarness } from './backend-harness.ts'

interface ModelItem {
  key: string
  value: string
  revision: number
  createRevision: number
}

/** The contract in its most naive form: every state that ever was. */
class Model {
  states: { revision: number; items: Map<string, ModelItem> }[] = [{ revision: 1, items: new Map() }]
  events: { revision: number; key: string }[] = []
  compacted = 0

  get newest() {
    return this.states.at(-1)!
  }

  at(revision: number): ModelItem[] {
    const state = this.states.findLast((candidate) => candidate.revision <= revision)!
    return [...state.items.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** What a reader knows who has read everything at a revision. */
  known(revision: number): NonNullable<TxnRequest['known']> {
    return { revision, items: this.at(revision).map((item) => ({ ...item, value: bytes(item.value) })) }
  }

  txn({ guards = [], puts = [], deletes = [] }: TxnRequest, revision: number | undefined): object {
    for (const guard of guards) {
      const current = this.newest.items.get(guard.key)
      if ((current?.revision ?? 0) !== guard.revision) return { ok: false, lost: guard, current }
    }
    const gone = deletes.filter((key) => this.newest.items.has(key))
    if (puts.length + gone.length === 0) return { ok: true, revision: this.newest.revision }
    if (revision === undefined || revision <= this.newest.revision) return { ok: true, revision: 'a greater one' }
    const items = new Map(this.newest.items)
    const event = (type: string, key: string, value: string | undefined) => {
      const before = items.get(key)
      const createRevision = before?.createRevision ?? revision
      const previous = before && { value: before.value, revision: before.revision }
      this.events.push({ type, key, value, revision, createRevision, previous } as { revision: number; key: string })
      if (value === undefined) items.delete(key)
      else items.set(key, { key, value, revision, createRevision })
    }
    for (const { key, value } of puts) event('put', key, Buffer.from(value).toString())
    for (const key of gone) event('delete', key, undefined)
    this.states.push({ revision, items })
    return { ok: true, revision }
  }
}

const keys = ['a', 'a/b', 'a0', 'b', '__proto__', 'c/1', 'c/2']
const key = fc.constantFrom(...keys)
const txn = fc.record({
  guards: fc.array(fc.record({ key, revision: fc.constantFrom('right', 'right', 'right', 'absent', 'wrong') }), {
    maxLength: 2,
  }),
  puts: fc.uniqueArray(fc.record({ key, value: fc.string({ maxLength: 5 }) }), {
    maxLength: 3,
    selector: (put) => put.key,
  }),
  deletes: fc.uniqueArray(key, { maxLength: 2 }),
  /** Who writes has read before, just now or long ago. */
  readAt: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
})
const fraction = fc.double({ min: 0, max: 1, noNaN: true })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('txns' as const), txns: fc.array(txn, { minLength: 1, maxLength: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('range' as const),
      at: fraction,
      limit: fc.integer({ min: 1, max: 4 }),
      start: key,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('history' as const),
      after: fraction,
      limit: fc.integer({ min: 1, max: 5 }),
      prefix: fc.constantFrom('', 'a', 'c/'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: -5, max: 50 }) }) },
)

type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never
type Step = Generated<typeof step>

export function modelContract(open: OpenHarness): void {
  it('does what a naive model does, whatever the order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const harness = await open()
        try {
          await compare(harness.backend, steps)
        } finally {
          await harness.dispose()
        }
      }),
      { numRuns: Number(process.env['ATOLL_MODEL_RUNS'] ?? 40) },
    )
  })
}

async function compare(backend: Backend, steps: Step[]): Promise<void> {
  const model = new Model()
  const feed = record(backend)
  for (const step of steps) {
    if (step.kind === 'txns') await compareTxns(backend, model, step.txns)
    else if (step.kind === 'range') await compareRange(backend, model, step)
    else if (step.kind === 'history') await compareHistory(backend, model, step)
    else if (step.kind === 'compact') {
      const revision = Math.round(model.newest.revision * step.at)
      await backend.compact(revision)
      const reached = await backend.compactedRevision()
      expect(reached).toBe(Math.max(model.compacted, revision === model.newest.revision ? reached : revision))
      expect(reached).toBeLessThan(model.newest.revision)
      model.compacted = reached
    } else {
      const revision = model.newest.revision + step.by
      await backend.advanceRevision(revision)
      if (step.by > 0) model.states.push({ revision, items: model.newest.items })
    }
    expect(await backend.confirmedRevision()).toBe(model.newest.revision)
  }
  expect(feed.events()).toEqual(model.events)
}

type Txns = Generated<typeof txn>[]

/** All at once: they are decided in the order of the calls. */
async function compareTxns(backend: Backend, model: Model, txns: Txns): Promise<void> {
  const revisions = new Map(model.at(model.newest.revision).map((item) => [item.key, item.revision]))
  const requests = txns.map(({ guards, puts, deletes, readAt }): TxnRequest => {
    const revisionOf = { right: (key: string) => revisions.get(key) ?? 0, absent: () => 0, wrong: () => 4711 }
    return {
      guards: guards.map(({ key, revision }) => ({ key, revision: revisionOf[revision as 'right'](key) })),
      puts: puts.map(({ key, value }) => ({ key, value: bytes(value) })),
      deletes: deletes.filter((key) => !puts.some((put) => put.key === key)),
      ...(readAt === undefined ? {} : { known: model.known(Math.max(1, Math.round(model.newest.revision * readAt))) }),
    }
  })
  const results = await Promise.all(requests.map((request) => backend.txn(request)))
  results.forEach((result, i) => {
    const expected = model.txn(requests[i]!, result.ok ? result.revision : undefined)
    expect(result.ok ? result : { ...result, current: plain(result.current) }).toEqual(expected)
  })
}

async function compareRange(backend: Backend, model: Model, step: { at: number; limit: number; start: string }) {
  const revision = Math.round(model.newest.revision * step.at)
  const range = { start: step.start, end: 'd', limit: step.limit }
  const expected = (at: number) => model.at(at).filter((item) => item.key >= range.start && item.key < range.end)
  expect((await pages(backend, range)).items).toEqual(expected(model.newest.revision))
  if (revision > model.compacted) {
    expect((await pages(backend, { ...range, revision })).items).toEqual(expected(revision))
    for (const key of keys)
      expect(plain(await backend.get(key, revision))).toEqual(model.at(revision).find((item) => item.key === key))
  } else await expect(failure(() => backend.range({ ...range, revision }))).resolves.toBe('compacted')
}

async function compareHistory(backend: Backend, model: Model, step: { after: number; limit: number; prefix: string }) {
  const after = Math.round(model.newest.revision * step.after)
  if (after < model.compacted) {
    await expect(failure(() => backend.history({ after, limit: 1 }))).resolves.toBe('compacted')
    return
  }
  const { events, revision } = await replay(backend, after, step.prefix ? step : { limit: step.limit })
  expect(events).toEqual(model.events.filter((event) => event.revision > after && event.key.startsWith(step.prefix)))
  expect(revision).toBe(model.newest.revision)
}

async function failure(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'no failure'
  } catch (error) {
    return isStorageError(error) ? error.code : String(error)
  }
}
