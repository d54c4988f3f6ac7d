import { type FieldError, fieldInvalid, fieldTooMany } from '../../meta/field-error.ts'
import { toQualifiedResource } from '../../meta/group-version.ts'
import { nameIsDnsSubdomain } from '../../meta/names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { validateFinalizers, validateObjectMeta, validateObjectMetaUpdate } from '../../meta/object-meta-validation.ts'
import type { OperationContext, Strategy } from '../resource-definition.ts'
import { validateSchema } from '../schema/validate-schema.ts'
import type { ResourceScope } from './object-store.ts'

const maxOwnerReferences = 32 // each one is an index key in the object's transaction

/** Everything that is wrong with an object that is about to be created. */
export function validateNew(scope: ResourceScope, object: KubeObject, context: OperationContext): FieldError[] {
  const { definition } = scope
  const { strategy, namespaced } = definition
  const checkName = strategy.validateName ?? nameIsDnsSubdomain
  const errors = validateObjectMeta(object.metadata, { namespaced, checkName })
  validateOwnerCount(object, errors)
  validateFinalizerNames(scope, object, errors)
  append(errors, strategy.validate?.(object, context))
  validateBuiltin(scope, object, undefined, errors)
  return errors
}

/** Everything that is wrong with what an object is about to become. */
export function validateChange(
  scope: ResourceScope,
  strategy: Strategy | undefined,
  object: KubeObject,
  previous: KubeObject,
  context: OperationContext,
): FieldError[] {
  const errors = validateObjectMetaUpdate(object.metadata, previous.metadata)
  append(errors, validateFinalizers(object.metadata.finalizers, 'metadata.finalizers'))
  validateOwnerCount(object, errors)
  validateFinalizerNames(scope, object, errors)
  append(errors, strategy?.validate?.(object, context, previous))
  append(errors, strategy?.validateUpdate?.(object, previous, context))
  validateBuiltin(scope, object, previous, errors)
  return errors
}

/**
 * What the schema of a built-in kind says beyond JSON types, which decoding has checked: required fields and enums. Rules
 * of the strategy come first and have the better words; custom resources bring their schema's rules in the strategy.
 */
function validateBuiltin(
  { definition, version }: ResourceScope,
  object: KubeObject,
  previous: KubeObject | undefined,
  errors: FieldError[],
): void {
  if (definition.custom) return
  const found = validateSchema(object, version.schema, previous ? { previous } : {})
  if (found.length === 0) return
  const known = new Set(errors.map(({ field, reason }) => `${reason} ${field}`))
  for (const error of found) {
    // Lists with keys may repeat a key (environment variables, container ports): upstream refuses that kind by kind.
    if (error.reason === 'FieldValueTypeInvalid' || error.reason === 'FieldValueDuplicate') continue
    if (!known.has(`${error.reason} ${error.field}`)) errors.push(error)
  }
}

/** The 422 of a PUT that does not say what it is based on, where the kind demands it. */
export function missingResourceVersion(): FieldError {
  return fieldInvalid('metadata.resourceVersion', 0, 'must be specified for an update')
}

function validateOwnerCount({ metadata }: KubeObject, errors: FieldError[]): void {
  const count = metadata.ownerReferences?.length ?? 0
  if (count > maxOwnerReferences) errors.push(fieldTooMany('metadata.ownerReferences', count, maxOwnerReferences))
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Kinds whose finalizers upstream does not look at so closely, when they are created or ever after. */
const kindsWithPlainFinalizers = new Set([
  'apiservices.apiregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'events',
  'leases.coordination.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
])

/** Finalizers of most built-in kinds say whose they are. */
function validateFinalizerNames({ definition }: ResourceScope, { metadata }: KubeObject, errors: FieldError[]): void {
  if (definition.custom || !metadata.finalizers || kindsWithPlainFinalizers.has(toQualifiedResource(definition))) return
  metadata.finalizers.forEach((name, index) => {
    if (name.includes('/') || standardFinalizers.has(name)) return
    const why = 'name is neither a standard finalizer name nor is it fully qualified'
    errors.push(fieldInvalid(`metadata.finalizers[${index}]`, name, why))
  })
}

function append(errors: FieldError[], more: readonly FieldError[] | undefined): void {
  if (more) for (const error of more) errors.push(error)
}
