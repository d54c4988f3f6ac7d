import { describe, expect, it } from 'vitest'
import type { SchemaNode } from '../../meta/schema.ts'
import { builtinSchema, definitionNameOfNode, hasBuiltinSchema, objectMetaSchema } from './builtin-schemas.ts'

function at(node: SchemaNode, ...path: string[]): SchemaNode {
  return path.reduce<SchemaNode>((current, step) => {
    const next = step === '[]' ? current.items : (current.properties?.get(step) ?? current.additionalProperties)
    if (!next) throw new Error(`no ${step}`)
    return next
  }, node)
}

const deployment = builtinSchema('apps', 'v1', 'Deployment')

describe('builtinSchema', () => {
  it('is made once, and shares what kinds have in common', () => {
    expect(builtinSchema('apps', 'v1', 'Deployment')).toBe(deployment)
    const pod = builtinSchema('', 'v1', 'Pod')
    const template = at(deployment, 'spec', 'template', 'spec')
    expect(template.properties).toBe(at(pod, 'spec').properties)
    expect(at(deployment, 'metadata').properties).toBe(objectMetaSchema().properties)
  })

  it('has the facts of strategic merge and of server-side apply', () => {
    const containers = at(deployment, 'spec', 'template', 'spec', 'containers')
    expect(containers).toMatchObject({
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategies: ['merge'],
    })
    expect(at(containers, '[]', 'ports')).toMatchObject({ listMapKeys: ['containerPort', 'protocol'] })
    expect(at(deployment, 'spec', 'strategy').patchStrategies).toEqual(['retainKeys'])
    expect(at(deployment, 'spec', 'template', 'spec', 'volumes').patchStrategies).toEqual(['merge', 'retainKeys'])
    expect(at(deployment, 'metadata', 'finalizers')).toMatchObject({ listType: 'set', patchStrategies: ['merge'] })
    expect(at(deployment, 'spec', 'selector').mapType).toBe('atomic')
  })

  it('recognises the types that have a JSON form of their own', () => {
    const container = at(deployment, 'spec', 'template', 'spec', 'containers', '[]')
    expect(at(container, 'resources', 'limits', 'cpu').format).toBe('quantity')
    expect(at(container, 'livenessProbe', 'httpGet', 'port').type).toBe('int-or-string')
    expect(at(deployment, 'metadata', 'creationTimestamp').format).toBe('date-time')
    expect(at(builtinSchema('coordination.k8s.io', 'v1', 'Lease'), 'spec', 'renewTime').format).toBe('micro-time')
    expect(at(deployment, 'metadata', 'managedFields', '[]', 'fieldsV1')).toMatchObject({
      type: 'any',
      preserveUnknownFields: true,
    })
    expect(at(builtinSchema('apps', 'v1', 'ControllerRevision'), 'data')).toMatchObject({
      type: 'any',
      preserveUnknownFields: true,
    })
    expect(at(builtinSchema('', 'v1', 'Secret'), 'data', 'key').format).toBe('byte')
  })

  it('leads back into itself where a definition does', () => {
    const schema = at(
      builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'),
      'spec',
      'versions',
      '[]',
      'schema',
      'openAPIV3Schema',
    )
    expect(at(schema, 'properties', 'x').properties).toBe(schema.properties)
    expect(at(schema, 'not', 'allOf', '[]').properties).toBe(schema.properties)
    expect(at(schema, 'items').properties).toBe(schema.properties)
    expect(at(schema, 'additionalProperties').properties).toBe(schema.properties)
  })

  it('knows where its nodes come from', () => {
    expect(definitionNameOfNode(deployment)).toBe('io.k8s.api.apps.v1.Deployment')
    expect(definitionNameOfNode(at(deployment, 'spec'))).toBe('io.k8s.api.apps.v1.DeploymentSpec')
    expect(definitionNameOfNode(at(deployment, 'kind'))).toBe(undefined)
  })

  it('refuses kinds that it does not know', () => {
    expect(hasBuiltinSchema('apps', 'v1', 'Nothing')).toBe(false)
    expect(() => builtinSchema('apps', 'v1', 'Nothing')).toThrow('no schema of kind Nothing in apps/v1')
  })
})
