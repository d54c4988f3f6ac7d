import { expect, it } from 'vitest'
import { placedFinalizer, placementLabel, targetsAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { ObjectMeta } from '../../meta/object.ts'
import { admit } from '../testing/admission-request.ts'
import { createPlacementMark } from './placement-mark.ts'

const labels = { [placementLabel]: 'p' }

function markOf(metadata: ObjectMeta, targets: readonly string[] | Promise<readonly string[]> = ['a', 'b']) {
  const plugin = createPlacementMark(() => targets)
  return admit(plugin, { object: { metadata: { name: 'x', ...metadata } } }).then((object) => object?.metadata)
}

it('is put on a labelled object beside what it brings along', async () => {
  const given = { labels, annotations: { mine: '1' }, finalizers: ['example.com/mine'] }
  const marked = {
    annotations: { mine: '1', [targetsAnnotation]: 'a,b' },
    finalizers: ['example.com/mine', placedFinalizer],
  }
  expect(await markOf(given)).toMatchObject(marked)
  expect(await markOf(given, Promise.resolve(['a', 'b']))).toMatchObject(marked)
  expect(await markOf({ labels, finalizers: [placedFinalizer] })).toMatchObject({ finalizers: [placedFinalizer] })
})

it('is left out when nothing is foreseen, without the label, and on an object that stands', async () => {
  expect(await markOf({ labels }, [])).toEqual({ name: 'x', labels })
  expect(await markOf({ labels: { other: 'p' } })).toEqual({ name: 'x', labels: { other: 'p' } })
  expect(await markOf({ labels: { [placementLabel]: '' } })).toEqual({ name: 'x', labels: { [placementLabel]: '' } })
  const object = { metadata: { name: 'x', labels } }
  const plugin = createPlacementMark(() => ['a'])
  expect(await admit(plugin, { object, oldObject: { metadata: { name: 'x' } } })).toEqual(object)
})

it.each([{ labels: 7 }, { labels: { [placementLabel]: 7 } }, { labels, annotations: [] }, { labels, finalizers: 'x' }])(
  'leaves what is malformed to validation: %j',
  async (metadata) => {
    expect(await markOf(metadata as unknown as ObjectMeta)).toEqual({ name: 'x', ...metadata })
  },
)
