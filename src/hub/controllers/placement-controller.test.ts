import { expect, test } from 'vitest'
import { silentLogger } from '../../base/logger.ts'
import { conflict, invalid, notFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { writeStatus } from './placement-controller.ts'

const things = { group: 'example.com', resource: 'things' }
const thing: KubeObject = {
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 'one', resourceVersion: '7' },
  status: { url: 'theirs', phase: 'ours' },
}

/** A server that answers a write of the status with this resourceVersion, or refuses it. */
function statusOf(answer: string | Error) {
  const written: KubeObject[] = []
  const objects = {
    async update(object: KubeObject): Promise<KubeObject> {
      written.push(object)
      if (typeof answer !== 'string') throw answer
      return { ...object, metadata: { ...object.metadata, resourceVersion: answer } }
    },
  }
  return { written, write: (status: { url?: string }) => writeStatus(objects, thing, status, silentLogger) }
}

test('a status is written whole, and an empty one is none', async () => {
  const { write, written } = statusOf('8')
  expect(await write({ url: 'theirs' })).toBe(true)
  expect(await write({})).toBe(true)
  expect(written.map((object) => object['status'])).toEqual([{ url: 'theirs' }, undefined])
})

test('a status that is there already changes nothing', async () => {
  expect(await statusOf('7').write({ url: 'theirs' })).toBe(false)
})

test.each([
  ['that its type refuses', invalid({ group: things.group, kind: 'Thing' }, 'one', [])],
  ['of an object that has gone', notFound(things, 'one')],
])('a status %s is not written, and nothing waits for it', async (_, refused) => {
  expect(await statusOf(refused).write({ url: 'theirs' })).toBe(false)
})

test('a status that somebody else has changed is looked at again', async () => {
  await expect(statusOf(conflict(things, 'one', 'stale')).write({})).rejects.toThrow('stale')
})
