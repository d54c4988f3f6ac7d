import { describe, expect, it } from 'vitest'
import { builtinDefinitions } from './builtin-definitions.ts'

function definition(group: string, resource: string) {
  const found = builtinDefinitions().find((item) => item.group === group && item.resource === resource)
  if (!found) throw new Error(`${resource}.${group} is missing`)
  return found
}

describe('built-in definitions', () => {
  it('come in the order of discovery, core first, the preferred version first', () => {
    const definitions = builtinDefinitions()
    const groups = [...new Set(definitions.map(({ group }) => group))]
    expect(definitions).toHaveLength(67)
    expect(groups).toHaveLength(21)
    expect(groups.slice(0, 4)).toEqual(['', 'apiregistration.k8s.io', 'apps', 'events.k8s.io'])
    const autoscalers = definition('autoscaling', 'horizontalpodautoscalers')
    expect(autoscalers.versions.map(({ version }) => version)).toEqual(['v2', 'v1'])
  })

  it('read schemas, columns and bootstrap objects only when asked', () => {
    const pods = definition('', 'pods')
    const version = pods.versions[0]!
    expect(Object.getOwnPropertyDescriptor(version, 'columns')?.get).toBeTypeOf('function')
    expect(version.columns.map(({ name }) => name)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ])
    expect(Object.getOwnPropertyDescriptor(version, 'columns')?.get).toBeUndefined()
  })

  it('say with a 503 what nobody answers, and use the answer that is given', async () => {
    const answer = () => Promise.resolve({ metadata: {} })
    const reviews = 'authentication.k8s.io/tokenreviews'
    const context = {} as never
    const bare = definition('authentication.k8s.io', 'tokenreviews')
    await expect(bare.virtualCreate?.({ metadata: {} }, context)).rejects.toMatchObject({ code: 503 })
    const wired = builtinDefinitions({ virtualCreate: new Map([[reviews, answer]]) })
    expect(wired.find(({ resource }) => resource === 'tokenreviews')?.virtualCreate).toBe(answer)
  })

  it('give a whole definition way to another one in its place', () => {
    const replacement = { ...definition('apiextensions.k8s.io', 'customresourcedefinitions'), kind: 'Other' }
    const replaced = builtinDefinitions({
      definitions: new Map([['apiextensions.k8s.io/customresourcedefinitions', replacement]]),
    })
    expect(replaced.filter(({ kind }) => kind === 'Other')).toEqual([replacement])
  })

  it('carry the bootstrap objects sorted by key', () => {
    const { overlay } = definition('rbac.authorization.k8s.io', 'roles')
    const keys = [...(overlay?.objects.keys() ?? [])]
    expect(keys).toEqual([...keys].sort())
    expect(keys).toContain('kube-system/extension-apiserver-authentication-reader')
    const admin = definition('rbac.authorization.k8s.io', 'clusterroles').overlay?.objects.get('/admin')
    expect(admin).toMatchObject({ kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1' })
    expect(definition('', 'configmaps').overlay).toBeUndefined()
  })

  it('store events of both groups in one place', () => {
    const events = definition('events.k8s.io', 'events')
    expect(events.identity).toBe(definition('', 'events').identity)
    expect(events.storedAs).toEqual({ group: '', resource: 'events' })
  })
})
