import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import type { OperationContext, ResourceDefinition, Strategy } from '../resource-definition.ts'
import { isApiStatusError } from '../../meta/api-errors.ts'
import { builtinDefinitions } from './builtin-definitions.ts'

const definitions = builtinDefinitions()
const names = [
  'spec',
  'status',
  'metadata',
  'template',
  'containers',
  'volumes',
  'ports',
  'selector',
  'matchLabels',
  'rules',
  'data',
  'type',
  'env',
  'resources',
  'limits',
  '__proto__',
  'constructor',
]
const garbage = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      10n ** 20n,
      '',
      'x',
      '5%',
      'None',
      'Always',
      'RollingUpdate',
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 5 }),
  ),
})).value

const objects = fc
  .tuple(garbage, garbage, garbage, garbage)
  .map(([spec, status, data, rules]): KubeObject => ({ metadata: { name: 'x' }, spec, status, data, rules }))

function contextFor(version: string): OperationContext {
  return {
    logicalCluster: 'root',
    user: { name: 'u', groups: [] },
    namespace: 'default',
    version,
    dryRun: false,
    nowMs: 0,
    warn: () => undefined,
    reader: { get: () => undefined, list: () => [] },
  }
}

function runStrategy(strategy: Strategy | undefined, object: KubeObject, previous: KubeObject, version: string): void {
  const context = contextFor(version)
  strategy?.applyDefaults?.(object, version)
  strategy?.prepareForCreate?.(object, context)
  strategy?.prepareForUpdate?.(object, previous, context)
  strategy?.validate?.(object, context)
  strategy?.validateUpdate?.(object, previous, context)
  strategy?.canonicalize?.(object)
  strategy?.holdsDeletion?.(object)
  strategy?.onMarkedForDeletion?.(object)
  strategy?.gracePeriodSeconds?.(object, undefined)
}

function runAll(definition: ResourceDefinition, object: KubeObject, previous: KubeObject): void {
  for (const version of definition.versions) {
    for (const column of version.columns) column.cell(object, { nowMs: 0 })
    for (const value of version.selectableFields.values()) expect(typeof value(object)).toBe('string')
    version.toStorage?.(object)
    version.fromStorage?.(object)
    runStrategy(definition.strategy, structuredClone(object), previous, version.version)
    for (const subresource of definition.subresources) {
      if (subresource.type !== 'status' && subresource.type !== 'part') continue
      runStrategy(subresource.strategy, structuredClone(object), previous, version.version)
    }
  }
}

describe('code of the built-in kinds', () => {
  it('never fails over objects of any shape, and changes nothing but the object', () => {
    fc.assert(
      fc.property(objects, objects, (object, previous) => {
        const before = structuredClone(previous)
        for (const definition of definitions) {
          try {
            runAll(definition, object, previous)
          } catch (error) {
            if (!isApiStatusError(error)) throw new Error(`${definition.kind} fails`, { cause: error })
          }
        }
        expect(previous).toEqual(before)
      }),
      { numRuns: 100 },
    )
    expect(Object.keys(Object.prototype)).toEqual([]) // nothing was written through a key called __proto__
  })
})
