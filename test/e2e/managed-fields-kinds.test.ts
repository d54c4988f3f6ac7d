import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyObjectOf } from '../../src/meta/managed-fields/empty-object.ts'
import { endpointFields } from '../../src/meta/managed-fields/endpoint-fields.ts'
import { trackUpdate } from '../../src/meta/managed-fields/track-update.ts'
import type { KubeObject } from '../../src/meta/object.ts'
import type { SchemaNode } from '../../src/meta/schema.ts'
import { builtinDefinitions } from '../../src/registry/builtin/builtin-definitions.ts'
import type { ResourceDefinition, ResourceVersion } from '../../src/registry/resource-definition.ts'
import { builtinSamples } from '../support/builtin-samples.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { createdObject } from '../support/created-object.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'

const binaries = kubeBinaries([...judgePrograms])
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

const definitions = builtinDefinitions()

interface Place {
  readonly definition: ResourceDefinition
  readonly version: ResourceVersion
  readonly path: string
}

function placeOf(object: KubeObject): Place {
  const [first = '', second] = (object.apiVersion ?? '').split('/')
  const [group, name] = second === undefined ? ['', first] : [first, second]
  const definition = definitions.find((item) => item.group === group && item.kind === object.kind)
  const version = definition?.versions.find((item) => item.version === name)
  if (!definition || !version) throw new Error(`${object.kind} of ${object.apiVersion} is not defined`)
  const root = group === '' ? `/api/${name}` : `/apis/${group}/${name}`
  return {
    definition,
    version,
    path: `${root}${definition.namespaced ? '/namespaces/default' : ''}/${definition.resource}`,
  }
}

/** An empty list that Go keeps until it stores the object; ours is null at once. */
const exceptions = new Set(['discovery.k8s.io/v1 EndpointSlice: least'])

/** Defaulted, but without what a strategy does later, which nobody owns. */
function decoded({ definition, version }: Place, object: KubeObject): KubeObject {
  // Its annotation comes with upstream's conversion, which is early; ours is the strategy's.
  if (object.kind === 'DaemonSet') return createdObject({ definition, version }, object)
  const { strategy } = definition
  const { applyDefaults } = strategy
  const defaulting = { ...definition, strategy: applyDefaults ? { applyDefaults } : {} }
  return createdObject({ definition: defaulting, version }, object)
}

/** Go leaves out zero values that a client has sent. */
function withoutSentZeros(ours: unknown, theirs: unknown): unknown {
  if (Array.isArray(ours))
    return ours.map((item, at) => withoutSentZeros(item, Array.isArray(theirs) ? theirs[at] : undefined))
  if (typeof ours !== 'object' || ours === null) return ours
  const other = (theirs ?? {}) as Record<string, unknown>
  const entries = Object.entries(ours).filter(([key, value]) => other[key] !== undefined || !isZero(value))
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutSentZeros(value, other[key])]))
}

/** Go leaves out empty maps that it may omit. */
function withoutEmptyMaps(value: unknown, schema: SchemaNode | undefined): unknown {
  if (typeof value !== 'object' || value === null || schema === undefined) return value
  if (Array.isArray(value)) return value.map((item) => withoutEmptyMaps(item, schema.items))
  const below = (key: string) => schema.properties?.get(key) ?? schema.additionalProperties
  const isEmptyMap = (field: unknown, key: string) =>
    JSON.stringify(field) === '{}' && below(key)?.additionalProperties !== undefined
  const entries = Object.entries(value).filter(([key, field]) => !isEmptyMap(field, key))
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutEmptyMaps(field, below(key))]))
}

function isZero(value: unknown): boolean {
  return value === false || value === '' || value === 0 || value === null
}

describe.skipIf(!binaries.available)('who owns what of a new object, beside a real kube-apiserver', () => {
  let judge: ControlPlane
  beforeAll(async () => {
    judge = await startJudge({ name: 'kinds' })
  })
  afterAll(async () => {
    await judge?.close()
  })

  it.each(builtinSamples.filter(({ title }) => !exceptions.has(title)))('$title', async ({ object }) => {
    const place = placeOf(object)
    const response = await judge.request(`${place.path}?dryRun=All&fieldManager=tester`, {
      method: 'POST',
      body: object,
    })
    expect(response.status, response.text).toBe(201)
    const theirs = response.json() as KubeObject
    const { schema } = place.version
    const updated = withoutEmptyMaps(withoutSentZeros(decoded(place, object), theirs), schema) as KubeObject
    const ours = trackUpdate({
      updated,
      schema,
      manager: 'tester',
      apiVersion: object.apiVersion ?? '',
      emptyObject: emptyObjectOf(schema),
      ...endpointFields({
        ...place.definition,
        hasStatus: place.definition.subresources.some(({ type }) => type === 'status'),
      }),
      nowSeconds: 0,
    })
    expect(ours?.[0]?.fieldsV1).toEqual(theirs.metadata.managedFields?.[0]?.fieldsV1)
  })
})
