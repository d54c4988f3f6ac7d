import { fieldInvalid } from '../../../../meta/field-error.ts'
import { checkQualifiedName } from '../../../../meta/names.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { stringAt, stringsAt } from '../../fields.ts'
import { type FieldErrors, invalidFor, noErrors } from '../../validation/field-checks.ts'

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

export function validateFinalizers(namespace: KubeObject): FieldErrors {
  return stringsAt(namespace, 'spec', 'finalizers').flatMap((name) => checkFinalizer(name, 'spec.finalizers'))
}

export function validateFinalize(namespace: KubeObject): FieldErrors {
  return stringsAt(namespace, 'spec', 'finalizers').flatMap((name, index) =>
    checkFinalizer(name, `spec.finalizers[${index}]`),
  )
}

function checkFinalizer(name: string, field: string): FieldErrors {
  const errors = invalidFor(field, name, checkQualifiedName(name))
  if (name.includes('/') || standardFinalizers.has(name)) return errors
  return [...errors, fieldInvalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified')]
}

/** The phase says whether the namespace is being deleted, and nothing else. */
export function validateNamespaceStatus(namespace: KubeObject): FieldErrors {
  const phase = stringAt(namespace, 'status', 'phase')
  const isDeleted = namespace.metadata.deletionTimestamp !== undefined
  if (phase === (isDeleted ? 'Terminating' : 'Active')) return noErrors
  const detail = isDeleted
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty"
  return [fieldInvalid('status.Phase', phase, detail)]
}
