import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isApiStatusError } from '../../meta/api-errors.ts'
import { parseJson } from '../../meta/json.ts'
import type { Json, JsonObject } from '../../meta/object.ts'
import { listKinds } from './protobuf-schema.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import {
  decodeProtobuf,
  decodeWatchEvent,
  encodeProtobuf,
  encodeWatchFrame,
  hasProtobuf,
  isProtobuf,
  readProtobufType,
} from './protobuf.ts'

const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Objects as Kubernetes' Go types (1.36) write them: protobuf in base64, and JSON. */
const recorded: [what: string, protobuf: string, json: string][] = [
  [
    'an empty Deployment',
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ElwKEAoAEgAaACIAKgAyADgAQgASOhowChAKABIAGgAiACoAMgA4AEIAEhwaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=',
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}',
  ],
  [
    'explicit zeros behind pointers',
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EnUKEAoAEgAaACIAKgAyADgAQgASUwgAGjAKEAoAEgAaACIAKgAyADgAQgASHBoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiFwoAEhMKCQgBEAAaAzI1JRIGCAAQABoAKAAwADgAGgwIABAAGAAgACgAOAAaACIA',
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{},"spec":{"replicas":0,"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{"rollingUpdate":{"maxUnavailable":"25%","maxSurge":0}},"revisionHistoryLimit":0},"status":{}}',
  ],
  [
    'a claim with an empty storage class',
    'azhzAAobCgJ2MRIVUGVyc2lzdGVudFZvbHVtZUNsYWltEkIKEAoAEgAaACIAKgAyADgAQgASKhIkEg0KA2NwdRIGCgQ1MDBtEhMKB3N0b3JhZ2USCAoGMTUzNk1pGgAqABoCCgAaACIA',
    '{"kind":"PersistentVolumeClaim","apiVersion":"v1","metadata":{},"spec":{"resources":{"requests":{"cpu":"500m","storage":"1536Mi"}},"storageClassName":""},"status":{}}',
  ],
  [
    'inlined volume sources, probes and references',
    'azhzAAoJCgJ2MRIDUG9kEqEBChAKABIAGgAiACoAMgA4AEIAEngKCgoBdhIFMgMKAXMSTgoBYxIAKgA6EQoBZRIAGgoiCAoDCgFzEgFrQgBSIAoUEhIKABIKCAEQABoEaHR0cBoAIgAQABgAIAUoADAAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaEwoAGgAiACoAMgBKAFoAcgCIAQAaACIA',
    '{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"volumes":[{"name":"v","secret":{"secretName":"s"}}],"containers":[{"name":"c","env":[{"name":"e","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"resources":{},"livenessProbe":{"httpGet":{"port":"http"},"periodSeconds":5}}]},"status":{}}',
  ],
  [
    'bytes as base64',
    'azhzAAoMCgJ2MRIGU2VjcmV0EjQKEAoAEgAaACIAKgAyADgAQgASDgoJX19wcm90b19fEgF4EgcKAWESAgD/EgUKAWISABoAGgAiAA==',
    '{"kind":"Secret","apiVersion":"v1","metadata":{},"data":{"__proto__":"eA==","a":"AP8=","b":""}}',
  ],
  [
    'microseconds',
    'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIkChAKABIAGgAiACoAMgA4AEIAEhAaDAil+s2sBhCI6tzDAiIAGgAiAA==',
    '{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{"acquireTime":"2024-01-02T03:04:05.678901Z","renewTime":null}}',
  ],
  [
    'lists of strings in a map',
    'azhzAAouChdhdXRob3JpemF0aW9uLms4cy5pby92MRITU3ViamVjdEFjY2Vzc1JldmlldxI3ChAKABIAGgAiACoAMgA4AEIAEhkaAXUqBQoBYRIAKgsKAWISBgoBMQoBMjIAGggIABIAGgAgABoAIgA=',
    '{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"user":"u","extra":{"a":[],"b":["1","2"]}},"status":{"allowed":false}}',
  ],
  [
    'schemas or booleans',
    'azhzAAozChdhcGlleHRlbnNpb25zLms4cy5pby92MRIYQ3VzdG9tUmVzb3VyY2VEZWZpbml0aW9uEosCChAKABIAGgAiACoAMgA4AEIAEugBCgAaCAoAEgAiACoAIgA61QEKAnYxEAAYACLIAQrFAQoAEgAiACoGb2JqZWN0MgA6AEIZChd7ImEiOjEyMzQ1Njc4OTAxMjM0NTY3fUkAAAAAAAAAAFAAYAB6AJABAMIBIAoeCgASACIAKgAyADoAUABgAHoAkAEAqAIAuAIAwAIB6gEpCgJubxIjCgASACIAKgAyADoAUABgAHoAkAEA8gECCACoAgC4AgDAAgDyASgIARIkCgASACIAKgZzdHJpbmcyADoAUABgAHoAkAEAqAIAuAIAwAIAqAIAsAIAuAIAwAIAOABQABoMEggKABIAIgAqACAAGgAiAA==',
    '{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"spec":{"group":"","names":{"plural":"","kind":""},"scope":"","versions":[{"name":"v1","served":false,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","default":{"a":12345678901234567},"maximum":0,"items":{"x-kubernetes-int-or-string":true},"properties":{"no":{"additionalProperties":false}},"additionalProperties":{"type":"string"},"x-kubernetes-preserve-unknown-fields":false}}}]},"status":{"conditions":null,"acceptedNames":{"plural":"","kind":""},"storedVersions":null}}',
  ],
  [
    'raw JSON',
    'azhzAAodCgdhcHBzL3YxEhJDb250cm9sbGVyUmV2aXNpb24SQwoQCgASABoAIgAqADIAOABCABIkCiJ7InNwZWMiOnsibiI6OTIyMzM3MjAzNjg1NDc3NTgwN319GP///////////wEaACIA',
    '{"kind":"ControllerRevision","apiVersion":"apps/v1","metadata":{},"data":{"spec":{"n":9223372036854775807}},"revision":-1}',
  ],
  [
    'options with preconditions',
    'azhzAAoVCglwb2xpY3kvdjESCEV2aWN0aW9uEiMKEAoAEgAaACIAKgAyADgAQgASDwgAEgMKAXUiBk9ycGhhbhoAIgA=',
    '{"kind":"Eviction","apiVersion":"policy/v1","metadata":{},"deleteOptions":{"gracePeriodSeconds":0,"preconditions":{"uid":"u"},"propagationPolicy":"Orphan"}}',
  ],
  [
    'options of another group',
    'azhzAAomChVzdGFibGUuZXhhbXBsZS5jb20vdjESDURlbGV0ZU9wdGlvbnMSBwgeKgNBbGwaACIA',
    '{"kind":"DeleteOptions","apiVersion":"stable.example.com/v1","gracePeriodSeconds":30,"dryRun":["All"]}',
  ],
  [
    'managed fields',
    'azhzAAonCg5tZXRhLms4cy5pby92MRIVUGFydGlhbE9iamVjdE1ldGFkYXRhEk8KTQoBeBIAGgAiACoAMgA4gICAgICAgIAQQggIgOLPqgYQAIoBKQoBbRIFQXBwbHkaADIIRmllbGRzVjE6DwoNeyJmOnNwZWMiOnt9fUIAGgAiAA==',
    '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"x","generation":1152921504606846976,"creationTimestamp":"2023-11-14T22:13:20Z","managedFields":[{"manager":"m","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]}}',
  ],
]

describe('objects recorded from Go', () => {
  test.each(recorded)('%s: decoded as Go decodes', (_, protobuf, json) => {
    expect(decodeProtobuf(fromBase64(protobuf))).toEqual(parseJson(json))
  })

  // A pointer to a zero time is null in JSON, which reads as no pointer.
  test.each(recorded.filter(([what]) => what !== 'microseconds'))(
    '%s: encoded to the same bytes',
    (_, protobuf, json) => {
      expect(hex(encodeProtobuf(parseJson(json) as JsonObject))).toBe(hex(fromBase64(protobuf)))
    },
  )
})

const fixtures = join(process.env['ATOLL_FIXTURES'] ?? '../shared/fixtures', 'kubernetes-api')
const fixtureNames = existsSync(fixtures)
  ? [...new Set(readdirSync(fixtures).map((file) => file.replace(/\.[a-z]+$/, '')))]
  : []
const skipReason = fixtureNames.length > 0 ? '' : ` (skipped: no fixtures in ${fixtures}, set ATOLL_FIXTURES)`

/** Kinds and fields that the fixtures have from versions after 1.36. */
const newerKinds = new Set([
  'certificates.k8s.io.v1.ClusterTrustBundle',
  'certificates.k8s.io.v1.PodCertificateRequest',
  'lifecycle.k8s.io.v1alpha1.Eviction',
  'lifecycle.k8s.io.v1alpha1.EvictionRequest',
  'resource.k8s.io.v1.DeviceTaintRule',
  'scheduling.k8s.io.v1alpha3.CompositePodGroup',
  'scheduling.k8s.io.v1alpha3.PodGroup',
  'scheduling.k8s.io.v1alpha3.Workload',
  'scheduling.k8s.io.v1beta1.PodGroup',
  'scheduling.k8s.io.v1beta1.Workload',
  'storagemigration.k8s.io.v1.StorageVersionMigration',
])
const newerFields = new Set(
  (
    'emptyDir.mode user defaultUser bindMountOptions httpGet.protocol grpc.mode evictionResponders healthStatus attestations ' +
    'conditions.observedGeneration scheduling podPreemptionPolicy volumeHealth skipNodeOperations mapping overhead ' +
    'nodeAllocatableResources partitionTypeAttribute defaultPartitionTypeAttribute partitionSummary shareableSummary ' +
    'nodeAllocatableResourceClaimStatuses.resources CSINode.status'
  ).split(' '),
)

describe(`the fixtures of every built-in kind${skipReason}`, () => {
  test.skipIf(fixtureNames.length === 0).each(fixtureNames)('%s', (name) => {
    const json = parseJson(readFileSync(join(fixtures, `${name}.json`))) as JsonObject
    const protobuf = new Uint8Array(readFileSync(join(fixtures, `${name}.pb`)))
    if (newerKinds.has(name)) {
      expect(() => decodeProtobuf(protobuf)).toThrow('is registered for version')
      return
    }
    // The WatchEvent of the fixtures has no type in its envelope.
    if (name === 'core.v1.WatchEvent') {
      const decoded = decodeProtobuf(protobuf, { group: '', version: 'v1', kind: 'WatchEvent' })
      expect(decoded).toEqual({ kind: 'WatchEvent', apiVersion: 'v1', ...json })
      return
    }
    const decoded = decodeProtobuf(protobuf)
    const differences = differingFields(json, decoded, name.split('.').slice(-1))
    expect(differences.filter((field) => !isNewer(field))).toEqual([])
    const expected = differences.length === 0 ? protobuf : encodeProtobuf(decoded)
    expect(hex(encodeProtobuf(json))).toBe(hex(expected))
  })
})

/** Paths where two documents differ, without indexes: `Pod.spec.volumes.emptyDir.mode`. */
function differingFields(a: Json | undefined, b: Json | undefined, path: string[]): string[] {
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) {
    return a === b ? [] : [path.join('.')]
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].flatMap((key) => {
    const next = Array.isArray(a) ? path : [...path, key]
    return differingFields((a as JsonObject)[key], (b as JsonObject)[key], next)
  })
}

function isContainer(value: Json | undefined): value is Json[] | JsonObject {
  return typeof value === 'object' && value !== null
}

function isNewer(field: string): boolean {
  const parts = field.split('.')
  return newerFields.has(parts.slice(-1).join('.')) || newerFields.has(parts.slice(-2).join('.'))
}

describe('the table of kinds', () => {
  test('knows built-in kinds and options of any group, and nothing else', () => {
    expect(listKinds().length).toBeGreaterThan(300)
    expect(hasProtobuf('v1', 'Pod')).toBe(true)
    expect(hasProtobuf('any.example.com/v1', 'DeleteOptions')).toBe(true)
    expect(hasProtobuf('any.example.com/v1', 'Pod')).toBe(false)
    expect(hasProtobuf('constructor', 'toString')).toBe(false)
    expect(hasProtobuf('v1', 'constructor')).toBe(false)
  })

  test('every kind can be read from nothing and written again', () => {
    for (const [apiVersion, kind] of listKinds()) {
      const empty = { apiVersion, kind }
      const bytes = encodeProtobuf(empty)
      expect(hex(encodeProtobuf(decodeProtobuf(bytes)))).toBe(hex(bytes))
    }
  })
})

describe('envelopes', () => {
  const untyped = Buffer.concat([Buffer.from('k8s\0'), wrapped(2, wrapped(1, wrapped(1, Buffer.from('abc'))))])

  test('the type of the URL counts when the envelope has none', () => {
    expect(() => decodeProtobuf(untyped)).toThrow('no kind "" is registered for version ""')
    expect(decodeProtobuf(untyped, { group: 'apps', version: 'v1', kind: 'ControllerRevision' })['kind']).toBe(
      'ControllerRevision',
    )
    expect(readProtobufType(untyped)).toEqual({ apiVersion: '', kind: '' })
    expect(readProtobufType(Uint8Array.of(1))).toBeUndefined()
  })

  test('an object stays what it is in a List and in a watch', () => {
    const pod = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'x' } }
    const frame = encodeWatchFrame('ADDED', pod)
    expect(Buffer.from(frame).readUInt32BE()).toBe(frame.length - 4)
    const event = decodeWatchEvent(frame.subarray(4))
    expect(event['type']).toBe('ADDED')
    expect(event['object']).toEqual({ ...pod, metadata: { name: 'x' }, spec: { containers: null }, status: {} })
  })

  test('unknown fields are skipped, whatever they are', () => {
    const metadata = wrapped(1, wrapped(1, Buffer.from('abc')))
    // Field 99 as varint, fixed64, bytes, a group with two fields in it, and fixed32.
    const unknown = Buffer.from('98067f990600000000000000009a0601619b06a3060807a4069c069d0600000000', 'hex')
    const plain = enveloped('v1', 'Namespace', metadata)
    const withUnknown = enveloped('v1', 'Namespace', Buffer.concat([unknown, metadata, unknown]))
    expect(decodeProtobuf(withUnknown)).toEqual(decodeProtobuf(plain))
    expect(decodeProtobuf(plain)).toEqual({
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name: 'abc' },
      spec: {},
      status: {},
    })
  })

  test('a message may come in pieces, and packed lists are read', () => {
    const piece = (field: number, text: string): Uint8Array => wrapped(1, wrapped(field, Buffer.from(text)))
    const split = enveloped('v1', 'Namespace', Buffer.concat([piece(1, 'abc'), piece(2, 'gen-')]))
    expect(decodeProtobuf(split)['metadata']).toEqual({ name: 'abc', generateName: 'gen-' })
    const groups = wrapped(2, wrapped(14, wrapped(4, Buffer.of(1, 2, 3))))
    const pod = decodeProtobuf(enveloped('v1', 'Pod', groups)) as { spec?: Json }
    expect(pod.spec).toEqual({ containers: null, securityContext: { supplementalGroups: [1, 2, 3] } })
  })
})

const namespace = (message: number[]): Uint8Array => enveloped('v1', 'Namespace', Uint8Array.from(message))

describe('faulty bytes', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'empty data'],
    [
      'JSON',
      Buffer.from('{}'),
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    ],
    ['magic only', Buffer.from('k8s\0'), 'empty body'],
    ['a cut varint', namespace([0x0a]), 'unexpected EOF'],
    ['a length beyond the end', namespace([0x0a, 0x05, 0x01]), 'unexpected EOF'],
    ['an endless varint', namespace([0x0a, ...Array.from({ length: 12 }, () => 0xff)]), 'proto: integer overflow'],
    ['field zero', namespace([0x02, 0x00]), 'proto: illegal tag 0 (wire type 2)'],
    ['an end of no group', namespace([0x0c]), 'proto: wiretype end group for non-group'],
    ['an unknown wire type', namespace([0xa6, 0x06]), 'proto: illegal wireType 6'],
    ['a number for a message', namespace([0x08, 0x01]), 'proto: wrong wireType = 0 for field metadata'],
    ['a negative length', namespace([0x0a, ...Array.from({ length: 9 }, () => 0xff), 0x01]), 'proto: negative length'],
  ])('%s', (_, bytes, message) => {
    expect(isProtobuf(bytes) || message.includes('empty data') || message.includes('prefix')).toBe(true)
    expect(() => decodeProtobuf(bytes)).toThrow(message)
  })

  test('a quantity, a time or raw JSON that is none gets 400', () => {
    const quota = encodeProtobuf({ kind: 'ResourceQuota', apiVersion: 'v1', spec: { hard: { cpu: '77' } } })
    const broken = Buffer.from(Buffer.from(quota).toString('latin1').replace('77', '7x'), 'latin1')
    expect(() => decodeProtobuf(broken)).toThrow('quantities must match')
    const revision = encodeProtobuf({ kind: 'ControllerRevision', apiVersion: 'apps/v1', data: { a: 1 } })
    const raw = Buffer.from(Buffer.from(revision).toString('latin1').replace('"a":', '"a";'), 'latin1')
    expect(() => decodeProtobuf(raw)).toThrow("invalid character ';' after object key")
  })

  test('schemas inside schemas end at a limit, and so do objects inside objects', () => {
    let message: Uint8Array = new Uint8Array()
    for (let depth = 0; depth < 5_000; depth++) message = wrapped(36 - 7, wrapped(2, message))
    const definition = wrapped(2, wrapped(7, wrapped(4, wrapped(1, message))))
    const crd = 'CustomResourceDefinition'
    expect(() => decodeProtobuf(enveloped('apiextensions.k8s.io/v1', crd, definition))).toThrow('exceeded max depth')

    let object: Uint8Array = enveloped('v1', 'List', new Uint8Array())
    for (let depth = 0; depth < 5_000; depth++) object = enveloped('v1', 'List', wrapped(2, wrapped(1, object)))
    expect(() => decodeProtobuf(object)).toThrow('exceeded max depth')
  })

  test('two bytes a message do not become gigabytes', () => {
    const pods = Buffer.alloc(3_000_000, Buffer.of(0x12, 0x00))
    expect(() => decodeProtobuf(enveloped('v1', 'PodList', pods))).toThrow('too many messages')
  })

  test('twenty thousand mutations are read or get 400, never anything else', () => {
    const samples = recorded.map(([, protobuf]) => Buffer.from(protobuf, 'base64'))
    const edit = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'delete', 'cut', 'double'))
    const mutation = fc.tuple(fc.nat(samples.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(mutation, ([sample, edits]) => {
        let bytes = Buffer.from(samples[sample] ?? [])
        for (const [at, byte, how] of edits) bytes = mutate(bytes, at % (bytes.length + 1), byte, how)
        try {
          expect(typeof decodeProtobuf(bytes)).toBe('object')
        } catch (error) {
          expect(isApiStatusError(error) && error.code).toBe(400)
        }
      }),
      { numRuns: 20_000 },
    )
  })
})

function wrapped(field: number, message: Uint8Array): Uint8Array {
  const writer = new ProtobufWriter(message.length + 16)
  writer.raw(message)
  writer.varint(message.length)
  writer.tag(field, 2)
  return writer.finish()
}

function enveloped(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const type = Buffer.concat([wrapped(1, Buffer.from(apiVersion)), wrapped(2, Buffer.from(kind))])
  return Buffer.concat([Buffer.from('k8s\0'), wrapped(1, type), wrapped(2, message)])
}

function mutate(bytes: Buffer<ArrayBuffer>, at: number, byte: number, how: string): Buffer<ArrayBuffer> {
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (how === 'insert') return Buffer.concat([before, Buffer.of(byte), after])
  if (how === 'delete') return Buffer.concat([before, after.subarray(1 + (byte % 8))])
  if (how === 'cut') return Buffer.from(before)
  if (how === 'double') return Buffer.concat([before, after.subarray(0, byte % 32), after])
  return Buffer.concat([before, Buffer.of(byte), after.subarray(1)])
}
