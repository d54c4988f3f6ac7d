import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../meta/object.ts'
import { builtinSchema } from './builtin-schemas.ts'
import { checkTypes, undecodable } from './check-types.ts'
import { compileStructuralSchema } from './structural-schema.ts'

function deployment(
  spec: JsonObject,
  container: JsonObject = {},
  metadata: JsonObject | string = { name: 'x' },
): JsonObject {
  const template = { metadata: {}, spec: { containers: [{ name: 'c', ...container }] } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template, ...spec } }
}

function crdWith(openAPIV3Schema: JsonObject): JsonObject {
  return { spec: { versions: [{ schema: { openAPIV3Schema } }] } }
}

const apps = builtinSchema('apps', 'v1', 'Deployment')
const text = 'json: cannot unmarshal'

/** What kube-apiserver 1.36.1 answers, without its `Deployment in version "v1" cannot be handled as a Deployment: `. */
const refused: [string, JsonObject, string][] = [
  [
    'a string for an integer',
    deployment({ replicas: '3' }),
    `${text} string into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'a fraction',
    deployment({ replicas: 3.5 }),
    `${text} number 3.5 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'more than an int32',
    deployment({ replicas: 99_999_999_999 }),
    `${text} number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'a bool for an integer',
    deployment({ replicas: true }),
    `${text} bool into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'an object for an integer',
    deployment({ replicas: {} }),
    `${text} object into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'an array for an integer',
    deployment({ replicas: [] }),
    `${text} array into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    'a string for a bool',
    deployment({ paused: 'x' }),
    `${text} string into Go struct field DeploymentSpec.spec.paused of type bool`,
  ],
  [
    'a string for a struct',
    deployment({ template: 'x' }),
    `${text} string into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec`,
  ],
  [
    'an array for a struct',
    { spec: [] },
    `${text} array into Go struct field Deployment.spec of type v1.DeploymentSpec`,
  ],
  [
    'a string for a list',
    deployment({ template: { spec: { containers: 'x' } } }),
    `${text} string into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container`,
  ],
  [
    'a string for an item',
    deployment({ template: { spec: { containers: ['x'] } } }),
    `${text} string into Go struct field PodSpec.spec.template.spec.containers of type v1.Container`,
  ],
  [
    'a number for a string',
    deployment({}, { image: 5 }),
    `${text} number into Go struct field Container.spec.template.spec.containers.image of type string`,
  ],
  [
    'a number for a named string',
    deployment({}, { imagePullPolicy: 5 }),
    `${text} number into Go struct field Container.spec.template.spec.containers.imagePullPolicy of type v1.PullPolicy`,
  ],
  [
    'a number below an embedded struct',
    deployment({}, { env: [{ name: 'x', valueFrom: { secretKeyRef: { name: 5 } } }] }),
    `${text} number into Go struct field SecretKeySelector.spec.template.spec.containers.env.valueFrom.secretKeyRef.LocalObjectReference.name of type string`,
  ],
  [
    'a word for a port',
    deployment({}, { ports: [{ containerPort: 'x' }] }),
    `${text} string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32`,
  ],
  [
    'a string for a command',
    deployment({}, { command: 'x' }),
    `${text} string into Go struct field Container.spec.template.spec.containers.command of type []string`,
  ],
  [
    'a number in a command',
    deployment({}, { command: [5] }),
    `${text} number into Go struct field Container.spec.template.spec.containers.command of type string`,
  ],
  [
    'a string for a named map',
    deployment({}, { resources: { limits: 'x' } }),
    `${text} string into Go struct field ResourceRequirements.spec.template.spec.containers.resources.limits of type v1.ResourceList`,
  ],
  [
    'a quantity that is none',
    deployment({}, { resources: { limits: { cpu: 'x' } } }),
    `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  ],
  [
    'a bool for a quantity',
    deployment({}, { resources: { limits: { cpu: true } } }),
    `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  ],
  [
    'a bool for an int or string',
    deployment({}, { livenessProbe: { httpGet: { port: true } } }),
    `${text} bool into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32`,
  ],
  [
    'a fraction for an int or string',
    deployment({}, { livenessProbe: { httpGet: { port: 1.5 } } }),
    `${text} number 1.5 into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32`,
  ],
  [
    'a string for metadata',
    deployment({}, {}, 'x'),
    `${text} string into Go struct field Deployment.metadata of type v1.ObjectMeta`,
  ],
  [
    'a string for labels',
    deployment({}, {}, { labels: 'x' }),
    `${text} string into Go struct field ObjectMeta.metadata.labels of type map[string]string`,
  ],
  [
    'a number for a label',
    deployment({}, {}, { labels: { a: 5 } }),
    `${text} number into Go struct field ObjectMeta.metadata.labels of type string`,
  ],
  [
    'a word for a time',
    deployment({}, {}, { creationTimestamp: 'x' }),
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
  [
    'a number for a time',
    deployment({}, {}, { creationTimestamp: 5 }),
    `${text} number into Go struct field ObjectMeta.metadata.creationTimestamp of type string`,
  ],
  [
    'a number for a uid',
    deployment({}, {}, { uid: 5 }),
    `${text} number into Go struct field ObjectMeta.metadata.uid of type types.UID`,
  ],
  [
    'a number for an owner',
    deployment({}, {}, { ownerReferences: [{ uid: 5 }] }),
    `${text} number into Go struct field OwnerReference.metadata.ownerReferences.uid of type types.UID`,
  ],
]

describe('checkTypes of a built-in kind', () => {
  it.each(refused)('refuses %s in the words of kube-apiserver', (_, object, expected) => {
    expect(checkTypes(object, apps)).toBe(expected)
  })

  it.each([
    ['%%%', 0],
    ['abc', 0],
    ['a===', 1],
    ['=', 0],
    ['YQ', 0],
    ['YQ=', 3],
    ['YQ==Y', 4],
    ['YWJ j', 3],
    ['Y%Q=', 1],
  ])('says where base64 goes wrong in %j', (data, at) => {
    const object = { data: { a: data } }
    expect(checkTypes(object, builtinSchema('', 'v1', 'Secret'))).toBe(`illegal base64 data at input byte ${at}`)
  })

  it('names the type of binary fields', () => {
    expect(checkTypes({ data: { a: 5 } }, builtinSchema('', 'v1', 'Secret'))).toBe(
      `${text} number into Go struct field Secret.data of type []uint8`,
    )
  })

  it('takes nulls, free-form fields and schemas in all their forms', () => {
    expect(
      checkTypes(deployment({ replicas: null }, { env: [null] }, { managedFields: [{ fieldsV1: 'x' }] }), apps),
    ).toBe(undefined)
    const crd = builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')
    const props = 'JSONSchemaProps.spec.versions.schema.openAPIV3Schema'
    expect(checkTypes(crdWith({ additionalProperties: true, items: [{ type: 'string' }], default: [1] }), crd)).toBe(
      undefined,
    )
    expect(checkTypes(crdWith({ additionalProperties: 5 }), crd)).toBe('boolean or JSON schema expected')
    expect(checkTypes(crdWith({ properties: { a: { additionalProperties: { type: 5 } } } }), crd)).toBe(
      `${text} number into Go struct field ${props}.properties.additionalProperties.type of type string`,
    )
  })

  it('brings quantities, times and base64 into the form that Go writes', () => {
    const object = deployment(
      {},
      { resources: { limits: { cpu: 0.5, memory: '1024Mi' } } },
      {
        creationTimestamp: '2020-01-01T00:00:00.5+02:00',
      },
    )
    expect(checkTypes(object, apps)).toBe(undefined)
    expect(object).toMatchObject({
      metadata: { creationTimestamp: '2019-12-31T22:00:00Z' },
      spec: { template: { spec: { containers: [{ resources: { limits: { cpu: '500m', memory: '1Gi' } } }] } } },
    })
    const secret = { data: { a: 'ab==', b: 'YQ==\n', c: 'YWJj' } }
    expect(checkTypes(secret, builtinSchema('', 'v1', 'Secret'))).toBe(undefined)
    expect(secret.data).toEqual({ a: 'aQ==', b: 'YQ==', c: 'YWJj' })
    const lease = { spec: { renewTime: '2020-01-01T00:00:00.123456+01:00' } }
    expect(checkTypes(lease, builtinSchema('coordination.k8s.io', 'v1', 'Lease'))).toBe(undefined)
    expect(lease.spec.renewTime).toBe('2019-12-31T23:00:00.123456Z')
  })

  it('makes the error that clients get', () => {
    expect(undecodable('Deployment', 'v1', 'why').status).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: 'Deployment in version "v1" cannot be handled as a Deployment: why',
    })
  })
})

describe('checkTypes of a custom resource', () => {
  const { node } = compileStructuralSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          n: { type: 'integer' },
          emb: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
      },
    },
  })

  it.each([
    [{ metadata: 'x' }, `${text} string into Go value of type v1.ObjectMeta`],
    [{ metadata: [] }, `${text} array into Go value of type v1.ObjectMeta`],
    [{ metadata: { labels: 5 } }, `${text} number into Go struct field ObjectMeta.labels of type map[string]string`],
    [{ metadata: { labels: { a: 5 } } }, `${text} number into Go struct field ObjectMeta.labels of type string`],
    [{ metadata: { generation: 'x' } }, `${text} string into Go struct field ObjectMeta.generation of type int64`],
    [{ spec: { emb: { apiVersion: 5 } } }, 'spec.emb.apiVersion: Invalid value: 5: must be a string'],
    [{ spec: { emb: { kind: null } } }, 'spec.emb.kind: Invalid value: null: must be a string'],
    [
      { spec: { emb: { metadata: { labels: 5 } } } },
      `spec.emb.metadata: Invalid value: {"labels":5}: ${text} number into Go struct field ObjectMeta.labels of type map[string]string`,
    ],
  ])('refuses %j', (object, expected) => {
    expect(checkTypes(object, node)).toBe(expected)
  })

  it('leaves everything else to validation', () => {
    expect(checkTypes({ metadata: { name: 'x' }, spec: { n: 'x', emb: { apiVersion: 'v1', kind: 'K' } } }, node)).toBe(
      undefined,
    )
    expect(checkTypes({ spec: 5 }, node)).toBe(undefined)
  })

  it('reads a null as empty metadata', () => {
    const object = { metadata: null, spec: { emb: { metadata: null } } }
    expect(checkTypes(object, node)).toBe(undefined)
    expect(object).toEqual({ metadata: {}, spec: { emb: { metadata: {} } } })
  })
})
