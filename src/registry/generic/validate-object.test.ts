import { expect, test } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { customResourceDefinitionsDefinition } from '../apiextensions/crd-definition.ts'
import { builtinDefinitions } from '../builtin/builtin-definitions.ts'
import type { OperationContext } from '../resource-definition.ts'
import { validateChange, validateNew } from './validate-object.ts'

const definitions = [...builtinDefinitions(), customResourceDefinitionsDefinition]
const context: OperationContext = {
  logicalCluster: 'root',
  user: { name: 'admin', groups: [] },
  namespace: 'default',
  version: 'v1',
  dryRun: false,
  nowMs: 0,
  warn: () => {},
  reader: { get: () => undefined, list: () => [] },
}

/** What is said of the finalizers of a new object, and of one that gets them later. */
function finalizerErrors(group: string, resource: string, finalizers: string[]): readonly string[][] {
  const definition = definitions.find((one) => one.group === group && one.resource === resource)
  const version = definition?.versions[0]
  if (!definition || !version) throw new Error(`no ${resource}`)
  // Metadata alone is judged here: what a kind says of the rest is its own.
  const scope = { logicalCluster: 'root', definition: { ...definition, custom: false, strategy: {} }, version }
  const previous: KubeObject = { metadata: { name: 'one', resourceVersion: '1' } }
  const object: KubeObject = { metadata: { ...previous.metadata, finalizers } }
  const errors = [validateNew(scope, object, context), validateChange(scope, {}, object, previous, context)]
  return errors.map((found) =>
    found.filter(({ field }) => field.startsWith('metadata.finalizers')).map(({ message }) => message),
  )
}

// Asked of kube-apiserver 1.36.1, kind by kind.
test.each([
  ['', 'configmaps'],
  ['apps', 'deployments'],
  ['events.k8s.io', 'events'],
])('finalizers of %s/%s say whose they are, on create and update', (group, resource) => {
  const why = 'Invalid value: "example.com": name is neither a standard finalizer name nor is it fully qualified'
  expect(finalizerErrors(group, resource, ['example.com'])).toEqual([[why], [why]])
  expect(finalizerErrors(group, resource, ['example.com/hold', 'orphan'])).toEqual([[], []])
})

test.each([
  ['', 'events'],
  ['policy', 'poddisruptionbudgets'],
  ['coordination.k8s.io', 'leases'],
  ['admissionregistration.k8s.io', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
])('finalizers of %s/%s are any qualified names', (group, resource) => {
  expect(finalizerErrors(group, resource, ['example.com', 'customresourcecleanup.apiextensions.k8s.io'])).toEqual([
    [],
    [],
  ])
  expect(finalizerErrors(group, resource, ['Bad_!'])[1]).toHaveLength(1)
})
