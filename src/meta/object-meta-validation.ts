import { fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, goQuote, type FieldError } from './field-error.ts'
import { fromApiVersion } from './group-version.ts'
import { validateLabels } from './labels-validation.ts'
import { checkQualifiedName, nameIsDnsLabel, type NameCheck } from './names.ts'
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './object.ts'
import { utf8ByteLength } from './utf8.ts'

/** All annotations of an object together, keys included. */
export const annotationsMaxBytes = 262_144
const fieldManagerMaxBytes = 128
const subresourceMaxBytes = 256

export const immutableMessage = 'field is immutable'

export interface ObjectMetaRules {
  readonly namespaced: boolean
  readonly checkName: NameCheck
  /** Where the metadata is; default `metadata`. */
  readonly field?: string
}

/**
 * Metadata of an object that is about to be created, its name already generated. The JSON types are right: the schema of
 * ObjectMeta has been checked before.
 */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules): FieldError[] {
  const field = rules.field ?? 'metadata'
  const errors: FieldError[] = []
  if (meta.generateName) {
    for (const message of rules.checkName(meta.generateName, true)) {
      errors.push(fieldInvalid(`${field}.generateName`, meta.generateName, message))
    }
  }
  if (!meta.name) errors.push(fieldRequired(`${field}.name`, 'name or generateName is required'))
  else {
    for (const message of rules.checkName(meta.name, false)) {
      errors.push(fieldInvalid(`${field}.name`, meta.name, message))
    }
  }
  validateNamespace(meta.namespace, rules.namespaced, `${field}.namespace`, errors)
  if ((meta.generation ?? 0) < 0) {
    errors.push(fieldInvalid(`${field}.generation`, meta.generation, 'must be greater than or equal to 0'))
  }
  errors.push(
    ...validateLabels(meta.labels, `${field}.labels`),
    ...validateAnnotations(meta.annotations, `${field}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences, `${field}.ownerReferences`),
    ...validateFinalizers(meta.finalizers, `${field}.finalizers`),
    ...validateManagedFields(meta.managedFields, `${field}.managedFields`),
  )
  return errors
}

/** What an update may not change, and what it brings. `meta` holds the resourceVersion that it is based on. */
export function validateObjectMetaUpdate(meta: ObjectMeta, previous: ObjectMeta, field = 'metadata'): FieldError[] {
  const errors: FieldError[] = []
  if (previous.deletionTimestamp) {
    errors.push(...validateNoNewFinalizers(meta.finalizers, previous.finalizers, `${field}.finalizers`))
  }
  if (!meta.resourceVersion) {
    errors.push(fieldInvalid(`${field}.resourceVersion`, '', 'must be specified for an update'))
  }
  if ((meta.generation ?? 0) < (previous.generation ?? 0)) {
    errors.push(fieldInvalid(`${field}.generation`, meta.generation ?? 0, 'must not be decremented'))
  }
  for (const name of immutableStrings) {
    if ((meta[name] ?? '') !== (previous[name] ?? '')) {
      errors.push(fieldInvalid(`${field}.${name}`, meta[name] ?? '', immutableMessage))
    }
  }
  for (const name of immutableOptionals) {
    if ((meta[name] ?? null) !== (previous[name] ?? null)) {
      errors.push(fieldInvalid(`${field}.${name}`, meta[name] ?? null, immutableMessage))
    }
  }
  errors.push(
    ...validateLabels(meta.labels, `${field}.labels`),
    ...validateAnnotations(meta.annotations, `${field}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences, `${field}.ownerReferences`),
    ...validateManagedFields(meta.managedFields, `${field}.managedFields`),
  )
  return errors
}

const immutableStrings = ['name', 'namespace', 'uid'] as const
const immutableOptionals = ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

function validateNamespace(
  namespace: string | undefined,
  namespaced: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (!namespaced) {
    if (namespace) errors.push(fieldForbidden(field, 'not allowed on this type'))
  } else if (!namespace) errors.push(fieldRequired(field))
  else for (const message of nameIsDnsLabel(namespace, false)) errors.push(fieldInvalid(field, namespace, message))
}

export function validateAnnotations(annotations: ObjectMeta['annotations'], field: string): FieldError[] {
  const errors: FieldError[] = []
  if (!annotations) return errors
  let bytes = 0
  for (const key of Object.keys(annotations)) {
    bytes += utf8ByteLength(key) + utf8ByteLength(annotations[key] ?? '')
    for (const message of checkQualifiedName(key.toLowerCase())) errors.push(fieldInvalid(field, key, message))
  }
  if (bytes > annotationsMaxBytes) errors.push(fieldTooLong(field, annotationsMaxBytes))
  return errors
}

export function validateOwnerReferences(
  references: readonly OwnerReference[] | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const reference of references ?? []) {
    errors.push(...validateOwnerReference(reference, field))
    if (reference.controller !== true) continue
    const current = `${reference.kind}/${reference.name}`
    if (controller === undefined) controller = current
    else {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`
      errors.push(fieldInvalid(field, references, why))
    }
  }
  return errors
}

function validateOwnerReference(reference: OwnerReference, field: string): FieldError[] {
  const { apiVersion, kind, name, uid }: Partial<OwnerReference> = reference
  const errors: FieldError[] = []
  if (!fromApiVersion(apiVersion ?? '')) {
    errors.push(fieldInvalid(`${field}.apiVersion`, apiVersion ?? '', 'version must not be empty'))
  }
  for (const [part, value] of Object.entries({ kind, name, uid })) {
    if (!value) errors.push(fieldInvalid(`${field}.${part}`, '', 'must not be empty'))
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    errors.push(fieldInvalid(field, reference, '/v1, Kind=Event is disallowed from being an owner'))
  }
  return errors
}

export function validateFinalizers(finalizers: readonly string[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const finalizer of finalizers ?? []) {
    for (const message of checkQualifiedName(finalizer)) errors.push(fieldInvalid(field, finalizer, message))
  }
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const why = 'finalizer orphan and foregroundDeletion cannot be both set'
    errors.push(fieldInvalid(field, finalizers, why))
  }
  return errors
}

function validateNoNewFinalizers(
  finalizers: readonly string[] | undefined,
  previous: readonly string[] | undefined,
  field: string,
): FieldError[] {
  const known = new Set(previous)
  const added = [...new Set(finalizers)].filter((finalizer) => !known.has(finalizer)).sort()
  if (added.length === 0) return []
  const list = `[]string{${added.map((finalizer) => goQuote(finalizer)).join(', ')}}`
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`
  return [fieldForbidden(field, why)]
}

export function validateManagedFields(entries: readonly ManagedFieldsEntry[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  entries?.forEach((entry, index) => {
    const path = `${field}[${index}]`
    const { operation, fieldsType } = entry
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(fieldInvalid(`${path}.operation`, operation ?? '', 'must be `Apply` or `Update`'))
    }
    if (fieldsType && fieldsType !== 'FieldsV1') {
      errors.push(fieldInvalid(`${path}.fieldsType`, fieldsType, 'must be `FieldsV1`'))
    }
    errors.push(...validateFieldManager(entry.manager ?? '', `${path}.manager`))
    if (utf8ByteLength(entry.subresource ?? '') > subresourceMaxBytes) {
      errors.push(fieldTooLong(`${path}.subresource`, subresourceMaxBytes))
    }
  })
  return errors
}

/** The name of a field manager: at most 128 bytes, printable. */
export function validateFieldManager(manager: string, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (utf8ByteLength(manager) > fieldManagerMaxBytes) errors.push(fieldTooLong(field, fieldManagerMaxBytes))
  let position = 0
  for (const character of manager) {
    if (!isPrintable(character)) {
      errors.push(fieldInvalid(field, manager, `invalid character ${describe(character)} (at position ${position})`))
    }
    position += utf8ByteLength(character)
  }
  return errors
}

// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space.
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)
}

// Go's %#U for characters that are not printable.
function describe(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
