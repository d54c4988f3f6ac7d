import { type FieldError, fieldRequired, fieldTooMany } from '../../meta/field-error.ts'
import { nameIsDnsSubdomain } from '../../meta/names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from '../../meta/object-meta-validation.ts'
import type { OperationContext, Strategy } from '../resource-definition.ts'
import type { ResourceScope } from './object-store.ts'

const maxOwnerReferences = 32 // each one is an index key in the object's transaction

/** Everything that is wrong with an object that is about to be created. */
export function validateNew(scope: ResourceScope, object: KubeObject, context: OperationContext): FieldError[] {
  const { definition } = scope
  const { strategy, namespaced } = definition
  const checkName = strategy.validateName ?? nameIsDnsSubdomain
  const errors = validateObjectMeta(object.metadata, { namespaced, checkName })
  validateOwnerCount(object, errors)
  append(errors, strategy.validate?.(object, context))
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
  validateOwnerCount(object, errors)
  append(errors, strategy?.validate?.(object, context, previous))
  append(errors, strategy?.validateUpdate?.(object, previous, context))
  return errors
}

/** The 422 of a PUT that does not say what it is based on, where the kind demands it. */
export function missingResourceVersion(): FieldError {
  const { reason, field } = fieldRequired('metadata.resourceVersion')
  return {
    reason: reason === 'FieldValueRequired' ? 'FieldValueInvalid' : reason,
    field,
    message: 'Invalid value: 0x0: must be specified for an update',
  }
}

function validateOwnerCount({ metadata }: KubeObject, errors: FieldError[]): void {
  const count = metadata.ownerReferences?.length ?? 0
  if (count > maxOwnerReferences) errors.push(fieldTooMany('metadata.ownerReferences', count, maxOwnerReferences))
}

function append(errors: FieldError[], more: readonly FieldError[] | undefined): void {
  if (more) for (const error of more) errors.push(error)
}
