import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyObjectOf } from '../../src/meta/managed-fields/empty-object.ts'
import type { JsonObject } from '../../src/meta/object.ts'
import { builtinSchema } from '../../src/registry/schema/builtin-schemas.ts'
import { compileStructuralSchema } from '../../src/registry/schema/structural-schema.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { eventually } from '../support/eventually.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import { looseCrd, widgetCrd } from './patch-crds.ts'
import { type OracleResource, type Outcome, runStep, type Step } from './patch-oracle.ts'
import { createRandom, randomDeploymentStep, randomWidgetStep } from './random-steps.ts'
import { type Scenario, scenarios } from './patch-scenarios.ts'

const binaries = kubeBinaries([...judgePrograms])
if (!binaries.available) console.warn(`SKIPPED: ${binaries.reason}`)

function builtin(group: string, version: string, kind: string, resource: string): OracleResource {
  const schema = builtinSchema(group, version, kind)
  const prefix = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return {
    kind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    collection: `${prefix}/namespaces/default/${resource}`,
    schema,
    emptyObject: emptyObjectOf(schema),
    custom: false,
    hasStatus: schema.properties?.has('status') ?? false,
  }
}

function custom(crd: JsonObject, kind: string, resource: string): OracleResource {
  const [version] = (
    crd as { spec: { versions: { schema: { openAPIV3Schema: JsonObject }; subresources?: object }[] } }
  ).spec.versions
  return {
    kind,
    apiVersion: 'example.com/v1',
    collection: `/apis/example.com/v1/namespaces/default/${resource}`,
    schema: compileStructuralSchema(version!.schema.openAPIV3Schema).node,
    custom: true,
    hasStatus: version!.subresources !== undefined,
  }
}

const resources: Record<Scenario['resource'], OracleResource> = {
  configmap: builtin('', 'v1', 'ConfigMap', 'configmaps'),
  deployment: builtin('apps', 'v1', 'Deployment', 'deployments'),
  service: {
    ...builtin('', 'v1', 'Service', 'services'),
    filledLater: ['spec.clusterIP', 'spec.clusterIPs', 'spec.ipFamilies', 'spec.ipFamilyPolicy'],
  },
  widget: custom(widgetCrd, 'Widget', 'widgets'),
  loose: custom(looseCrd, 'Loose', 'looses'),
}

describe.skipIf(!binaries.available)('patches and managed fields, beside a real kube-apiserver', () => {
  let server: ControlPlane

  beforeAll(async () => {
    server = await startJudge({ name: 'patches' })
    for (const crd of [widgetCrd, looseCrd]) {
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
      const answer = await server.request(path, { method: 'POST', body: crd })
      expect(answer.status, answer.text).toBe(201)
    }
    for (const { collection } of [resources.widget, resources.loose]) {
      await eventually(async () => (await server.request(collection)).status === 200, {
        what: `${collection} is served`,
      })
    }
  })
  afterAll(async () => {
    await server?.close()
  })

  for (const [index, { title, resource, steps }] of scenarios.entries()) {
    it(`${resource}: ${title}`, async () => {
      const name = `case-${index}`
      for (const [number, step] of steps.entries()) {
        const body = named(step.body, name)
        const { theirs, ours } = await runStep(server, resources[resource], name, { ...step, body })
        const what = `step ${number}: ${step.type} ${JSON.stringify(step.body)}`
        expect.soft(comparable(ours), what).toEqual(comparable(theirs))
      }
    })
  }

  const walks = [
    { resource: 'widget', makeStep: randomWidgetStep },
    { resource: 'deployment', makeStep: randomDeploymentStep },
  ] as const
  for (const seed of seeds()) {
    it.each(walks)(`$resource: ${stepsPerWalk} random steps, seed ${seed}`, async ({ resource, makeStep }) => {
      const random = createRandom(seed)
      const name = `walk-${seed}`
      let exists = false
      for (let number = 0; number < stepsPerWalk; number++) {
        const drawn = makeStep(random, exists)
        const step = { ...drawn, body: named(drawn.body, name) }
        const { theirs, ours } = await runStep(server, resources[resource], name, step)
        exists ||= theirs.code < 300
        const what = `seed ${seed}, step ${number}: ${step.type} by ${step.manager}: ${JSON.stringify(step.body)}`
        expect(comparable(ours), what).toEqual(comparable(theirs))
      }
    })
  }
})

const stepsPerWalk = 40

/** `ATOLL_SEEDS=100-200` for a longer search. */
function seeds(): number[] {
  const [first = 1, last = first] = (process.env['ATOLL_SEEDS'] ?? '1-3').split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function named(body: Step['body'], name: string): Step['body'] {
  return JSON.parse(JSON.stringify(body).replaceAll('NAME', name)) as Step['body']
}

/** The real server reports in the random order of Go's maps, and does not tell why an operation of a patch failed. */
function comparable(outcome: Outcome): Outcome {
  if (!outcome.error) return outcome
  const { message = '', causes } = outcome.error
  const silent = message === 'the server rejected our request due to an error in our request'
  const sorted = Array.isArray(causes) ? causes.map((cause) => JSON.stringify(cause)).sort() : causes
  return {
    ...outcome,
    error: { ...outcome.error, message: message.split('\n').sort().join('\n'), causes: silent ? null : sorted },
  }
}
