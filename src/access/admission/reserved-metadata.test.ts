import { describe, expect, it } from 'vitest'
import type { ObjectMeta } from '../../meta/object.ts'
import { admit } from '../testing/admission-request.ts'
import { reservedMetadata } from './reserved-metadata.ts'

const after = async (metadata: ObjectMeta, before?: ObjectMeta, groups = ['system:authenticated'], name = 'u') => {
  const user = { name, groups }
  const oldObject = before && { metadata: { name: 'x', ...before } }
  const object = await admit(reservedMetadata, { user, object: { metadata: { name: 'x', ...metadata } }, oldObject })
  return object?.metadata
}
const masters = ['system:masters']
const targets = 'internal.fleet.atoll.dev/targets'

describe('reserved labels and annotations', () => {
  it.each([
    [{ annotations: { [targets]: 'a' } }, 'annotation: "internal.fleet.atoll.dev/targets"'],
    [{ labels: { 'internal.fleet.atoll.dev/x': '' } }, 'label: "internal.fleet.atoll.dev/x"'],
    [{ annotations: { 'kcp.io/path': 'root:x' } }, 'annotation: "kcp.io/path"'],
    [{ labels: { 'tenancy.kcp.io/phase': 'Ready' } }, 'label: "tenancy.kcp.io/phase"'],
    [{ annotations: { 'kcp.io/cluster': 'two' } }, 'annotation: "kcp.io/cluster"'],
  ])('are refused from a tenant: %j', async (metadata, what) => {
    await expect(after(metadata)).rejects.toMatchObject({
      code: 403,
      message: `configmaps "x" is forbidden: modification of reserved ${what}`,
    })
  })

  it('may not be changed by a tenant, and stay when left out', async () => {
    const before = { annotations: { [targets]: 'a', mine: '1' }, labels: { 'tenancy.kcp.io/phase': 'Ready' } }
    await expect(after({ annotations: { [targets]: 'b' } }, before)).rejects.toMatchObject({ code: 403 })
    expect(await after({ annotations: { mine: '2' } }, before)).toEqual({
      name: 'x',
      annotations: { mine: '2', [targets]: 'a' },
      labels: { 'tenancy.kcp.io/phase': 'Ready' },
    })
    expect(await after({}, before)).toMatchObject({ annotations: { [targets]: 'a' } })
    expect(await after({ annotations: { [targets]: 'a' } }, before)).toMatchObject({ annotations: { [targets]: 'a' } })
  })

  it("may be written by an administrator, and a plain PUT of theirs does not lose the hub's own", async () => {
    const given = { annotations: { [targets]: 'a', 'kcp.io/path': 'root:x' } }
    expect(await after(given, undefined, masters)).toMatchObject(given)
    expect(await after({ annotations: { [targets]: 'b' } }, given, masters)).toMatchObject({
      annotations: { [targets]: 'b' },
    })
    expect(await after({}, given, masters)).toEqual({ name: 'x', annotations: { [targets]: 'a' } })
  })

  it("are the business of the hub's own parts alone", async () => {
    expect(await after({}, { annotations: { [targets]: 'a' } }, masters, 'system:atoll:controller')).toEqual({
      name: 'x',
    })
    await expect(after({ annotations: { [targets]: 'a' } }, undefined, [], 'system:atoll:x')).rejects.toMatchObject({
      code: 403,
    })
  })

  it('are told from keys that only look alike and from those that users are meant to set', async () => {
    const annotations = {
      'fleet.atoll.dev/placement': 'p',
      'xkcp.io/a': '1',
      'kcp.io': '1',
      'acme.com/kcp.io': '1',
      'experimental.quota.kcp.io/cluster-scoped': 'true',
    }
    expect(await after({ annotations })).toMatchObject({ annotations })
  })

  it('that a wildcard answer showed are dropped when they come back unchanged', async () => {
    expect(await after({ annotations: { 'kcp.io/cluster': 'one', a: '1' } })).toEqual({
      name: 'x',
      annotations: { a: '1' },
    })
  })

  it('survive odd input', async () => {
    await expect(
      after({ annotations: 7, labels: [] } as unknown as ObjectMeta, { annotations: { [targets]: 'a' } }),
    ).resolves.toBeDefined()
    const hostile = JSON.parse('{"annotations":{"__proto__":"x","constructor":"y"}}') as ObjectMeta
    expect(Object.keys((await after(hostile))?.annotations ?? {})).toEqual(['__proto__', 'constructor'])
  })
})

describe('the finalizer of what has a logical cluster of its own', () => {
  const hold = 'core.kcp.io/logicalcluster'
  const finalizersAfter = async (finalizers: string[] | undefined, groups: string[], name = 'u') => {
    const target = { group: 'tenancy.kcp.io', resource: 'workspaces', user: { name, groups } }
    const oldObject = { metadata: { name: 'x', finalizers: ['mine', hold] } }
    const object = { metadata: { name: 'x', ...(finalizers ? { finalizers } : {}) } }
    return (await admit(reservedMetadata, { ...target, object, oldObject }))?.metadata.finalizers
  }

  it('stays when a tenant takes it away: its logical cluster would stay for ever, and be reached by its name', async () => {
    expect(await finalizersAfter([], ['system:authenticated'])).toEqual([hold])
    expect(await finalizersAfter(undefined, ['system:authenticated'])).toEqual([hold])
    expect(await finalizersAfter(['other'], ['system:authenticated'])).toEqual(['other', hold])
    expect(await finalizersAfter([hold], ['system:authenticated'])).toEqual([hold])
  })

  it("is taken away by the hub's own parts, and by its administrator in an emergency", async () => {
    expect(await finalizersAfter([], masters)).toEqual([])
    expect(await finalizersAfter(['mine'], masters, 'system:atoll:controller')).toEqual(['mine'])
  })
})
