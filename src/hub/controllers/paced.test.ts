import { expect, it } from 'vitest'
import { createManualClock } from '../../base/clock.ts'
import { paced } from './paced.ts'

const request = (name: string) => ({ logicalCluster: 'lc', namespace: '', name })

function setUp() {
  const clock = createManualClock(0)
  const abort = new AbortController()
  const passed: string[] = []
  const later = paced(({ name }) => passed.push(`${name} at ${clock.now()}`), clock, 100, abort.signal)
  return { clock, abort, passed, later }
}

it('passes each request on once in an interval, however often it comes', () => {
  const { clock, passed, later } = setUp()
  later(request('a'))
  clock.advance(60)
  later(request('b'))
  later(request('a'))
  expect(passed).toEqual([])
  clock.advance(40)
  expect(passed).toEqual(['a at 100', 'b at 100'])
  later(request('a'))
  clock.advance(1_000)
  expect(passed).toEqual(['a at 100', 'b at 100', 'a at 200'])
})

it('takes nothing any more when it has ended', () => {
  const { clock, abort, passed, later } = setUp()
  abort.abort()
  later(request('a'))
  clock.advance(1_000)
  expect(passed).toEqual([])
})
