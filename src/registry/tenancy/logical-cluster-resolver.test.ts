import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import type { ObjectReader } from '../object-reader.ts'
import { createLogicalClusterResolver } from './logical-cluster-resolver.ts'

/** Workspaces by `<parent>/<name>`, with the logical cluster that each stands for. */
function setUp(workspaces: Record<string, string>, how: 'at once' | 'later' = 'at once') {
  const clusters = new Map(Object.entries(workspaces))
  const asked: string[] = []
  const toWorkspace = (cluster: string): KubeObject => ({ metadata: {}, spec: { cluster } })
  const reader: ObjectReader = {
    get({ logicalCluster, resource, name }) {
      const key = resource === 'workspaces' ? `${logicalCluster}/${name}` : logicalCluster
      asked.push(key)
      const cluster = clusters.get(key)
      const found = cluster === undefined ? undefined : toWorkspace(cluster)
      return how === 'later' ? Promise.resolve(found) : found
    },
    list: () => [],
  }
  return { ...createLogicalClusterResolver(reader), clusters, asked }
}

const acme = { 'root/acme': 'c1', 'c1/payments': 'c2' }

describe('a workspace path', () => {
  test('is walked once, through each parent', () => {
    const { resolve, asked } = setUp(acme)
    expect(resolve('root:acme:payments')).toBe('c2')
    expect(resolve('root:acme:payments')).toBe('c2')
    expect(asked).toEqual(['root/acme', 'c1/payments'])
  })

  test('leads to the new workspace when one was deleted and made again under its name', async () => {
    const { resolve, clusters, invalidate } = setUp(acme)
    await resolve('root:acme:payments')
    clusters.delete('c1/payments')
    invalidate()
    expect(resolve('root:acme:payments')).toBeUndefined()
    clusters.set('c1/payments', 'c3')
    invalidate()
    expect(resolve('root:acme:payments')).toBe('c3')
  })

  test('ends with any of its parents, and follows when another takes its place', async () => {
    const { resolve, clusters, invalidate } = setUp(acme)
    await resolve('root:acme:payments')
    clusters.delete('root/acme')
    invalidate()
    expect(resolve('root:acme:payments')).toBeUndefined()
    clusters.set('root/acme', 'c9')
    invalidate()
    expect(resolve('root:acme:payments')).toBeUndefined()
    clusters.set('c9/payments', 'c10')
    expect(resolve('root:acme:payments')).toBe('c10')
  })

  test('that leads nowhere is looked for again', () => {
    const { resolve, clusters } = setUp({ 'root/acme': 'c1' })
    expect(resolve('root:acme:payments')).toBeUndefined()
    clusters.set('c1/payments', 'c2')
    expect(resolve('root:acme:payments')).toBe('c2')
  })

  test('is not remembered as it was before a change that overtook the walk', async () => {
    const { resolve, clusters, invalidate } = setUp(acme, 'later')
    const overtaken = resolve('root:acme:payments')
    clusters.set('c1/payments', 'c3') // its parent has been read, it has not
    clusters.set('root/acme', 'c4')
    invalidate()
    expect(await overtaken).toBe('c3')
    expect(await resolve('root:acme:payments')).toBeUndefined()
  })

  test.each([
    'root:',
    'root::payments',
    ':acme',
    'acme:payments',
    'root:__proto__',
    'root:acme:constructor',
    'toString:x',
  ])('such as %s leads nowhere', (path) => {
    expect(setUp(acme).resolve(path)).toBeUndefined()
  })
})

describe('a name of a logical cluster', () => {
  test('is looked up each time, and is no path, whatever colons it has', () => {
    const { resolve, clusters, asked } = setUp({ c1: 'itself', 'system:child:u1': 'itself' })
    expect(resolve('c1')).toBe('c1')
    expect(resolve('system:child:u1')).toBe('system:child:u1')
    clusters.clear()
    expect(resolve('c1')).toBeUndefined()
    expect(resolve('system:child:u1')).toBeUndefined()
    expect(resolve('')).toBeUndefined()
    expect(asked).toEqual(['c1', 'system:child:u1', 'c1', 'system:child:u1'])
  })
})
