import { isPromise } from '../../base/maybe-promise.ts'
import { goQuote } from '../../meta/field-error.ts'
import type { OperationContext, Strategy } from '../resource-definition.ts'
import { equalJson, isJsonObject, ownField } from '../schema/json-value.ts'
import { isKnownFormat } from '../schema/schema-formats.ts'
import { acceptNames, hasItsNames, setConditions } from './accept-names.ts'
import {
  cleanupFinalizer,
  crdGroup,
  crdResource,
  type CrdObject,
  type CrdSpec,
  storageVersionOf,
} from './crd-object.ts'
import { someSchemaNode } from './schema-nodes.ts'
import { validateCrd } from './validate-crd.ts'

/**
 * The rules of CustomResourceDefinition. Names are accepted and the type is established in the write that brings them
 * (docs/adr/0004-crds-are-established-by-their-own-write.md); a DELETE leaves the CRD terminating until its instances are gone.
 */
export const crdStrategy: Strategy = {
  allowUnconditionalUpdate: false,
  applyDefaults: (object) => applyDefaults(object as CrdObject),
  prepareForCreate(object, context) {
    const crd = object as CrdObject
    crd.status = { storedVersions: storageVersions(crd.spec) }
    grantNames(crd, context)
  },
  prepareForUpdate(object, previous, context) {
    const crd = object as CrdObject
    // The status is still the previous object's own: it is replaced, never changed.
    const stored = crd.status?.storedVersions ?? []
    const storage = storageVersionOf(crd.spec)
    if (storage !== '' && !stored.includes(storage))
      crd.status = { ...crd.status, storedVersions: [...stored, storage] }
    if (!equalJson(crd.spec, previous['spec']) || !hasItsNames(crd)) grantNames(crd, context)
  },
  validate: (object, _, previous) => validateCrd(object as CrdObject, previous as CrdObject | undefined),
  warnings: (object, previous) => warningsOf(object as CrdObject, previous as CrdObject | undefined),
  holdsDeletion: ({ metadata }) => metadata.deletionTimestamp === undefined,
  onMarkedForDeletion: (object) => markTerminating(object as CrdObject),
}

/**
 * What only the status endpoint changes; the names that are accepted there are the writer's to know. It looks at metadata
 * alone, as upstream does: stored versions that are wrong can be repaired here, and the finalizer goes in spite of them.
 */
export const crdStatusStrategy: Strategy = {}

function applyDefaults(crd: CrdObject): void {
  const { spec, status } = crd
  const { names } = spec
  if (!names.singular) names.singular = names.kind.toLowerCase()
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`
  spec.versions ??= []
  spec.conversion ??= { strategy: 'None' }
  const config = spec.conversion.webhook && ownField(spec.conversion.webhook, 'clientConfig')
  const service = isJsonObject(config) ? ownField(config, 'service') : undefined
  if (isJsonObject(service)) service['port'] ??= 443
  // Without them, objects are stored in the version that says so, whatever a writer of the status makes of it.
  if (!status?.storedVersions?.length) crd.status = { ...status, storedVersions: storageVersions(spec) }
}

function storageVersions(spec: CrdSpec): string[] {
  const version = storageVersionOf(spec)
  return version === '' ? [] : [version]
}

function grantNames(crd: CrdObject, { reader, logicalCluster, nowMs }: OperationContext): void {
  const others = reader.list({ logicalCluster, group: crdGroup, resource: crdResource, namespace: '' })
  // Where reading takes time, a conflict of names is not seen: what is asked for is granted.
  const known = isPromise(others) ? [] : (others as readonly CrdObject[])
  crd.status = acceptNames(crd, known, nowMs)
}

function markTerminating(crd: CrdObject): void {
  const { metadata } = crd
  const finalizers = metadata.finalizers ?? []
  if (!finalizers.includes(cleanupFinalizer)) metadata.finalizers = [...finalizers, cleanupFinalizer]
  const terminating = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  } as const
  const markedMs = Date.parse(metadata.deletionTimestamp ?? '')
  crd.status = { ...crd.status, conditions: setConditions(crd, [terminating], markedMs) }
}

function warningsOf(crd: CrdObject, previous: CrdObject | undefined): readonly string[] {
  if (previous && equalJson(crd.spec, previous.spec)) return []
  const before = new Set(previous ? strangeFormats(previous.spec) : [])
  const formats = strangeFormats(crd.spec).filter((format) => !before.has(format))
  const warnings = formats.map((format) => `unrecognized format ${goQuote(format)}`)
  return hasRules(crd.spec) ? [...warnings, rulesWarning] : warnings
}

const rulesWarning =
  'x-kubernetes-validations rules are stored and published, but this server does not enforce them yet'

function hasRules(spec: CrdSpec): boolean {
  return someSchemaNode(spec, (schema) => {
    const rules = ownField(schema, 'x-kubernetes-validations')
    return Array.isArray(rules) && rules.length > 0
  })
}

function strangeFormats(spec: CrdSpec): readonly string[] {
  const formats: string[] = []
  someSchemaNode(spec, (schema) => {
    const format = ownField(schema, 'format')
    const type = ownField(schema, 'type')
    if (
      typeof format === 'string' &&
      format !== '' &&
      !isKnownFormat(typeof type === 'string' ? type : undefined, format)
    ) {
      formats.push(format)
    }
    return false
  })
  return formats
}
