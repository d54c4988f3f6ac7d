import { forbidden } from '../../meta/api-errors.ts'
import { goQuote, type FieldError } from '../../meta/field-error.ts'
import type { GroupResource } from '../../meta/group-version.ts'
import { checkQualifiedName } from '../../meta/names.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import type { CrdScale } from '../apiextensions/crd-object.ts'
import type { Strategy } from '../resource-definition.ts'
import { validateSchema } from '../schema/validate-schema.ts'
import { validateScaleSpec, validateScaleStatus } from './scale-paths.ts'

/** What a custom resource's rules are made from; schemas are compiled when they are first asked for. */
export interface CustomRules {
  readonly type: GroupResource
  schemaOf(version: string): SchemaNode
  scaleOf(version: string): CrdScale | undefined
  /** The CRD is being deleted: nothing new comes in. */
  readonly terminating: boolean
}

/** Facts of k8s.io/apiextensions-apiserver/pkg/registry/customresource. */
export function customStrategy({ type, schemaOf, scaleOf, terminating }: CustomRules): Strategy {
  return {
    generation: 'all-but-metadata-and-status',
    allowUnconditionalUpdate: false,
    ...(terminating ? { prepareForCreate: refuseNew(type) } : {}),
    validate: (object, { version }, previous) => [
      ...validateSchema(object, schemaOf(version), previous ? { previous } : {}),
      ...withScale(scaleOf(version), (scale) => [
        ...validateScaleSpec(object, scale),
        ...validateScaleStatus(object, scale),
      ]),
    ],
    warnings: (object, previous) => finalizerWarnings(object, previous),
  }
}

export function customStatusStrategy({ schemaOf, scaleOf }: CustomRules): Strategy {
  return {
    validateUpdate: (object, previous, { version }) => [
      ...validateStatus(object, previous, schemaOf(version)),
      ...withScale(scaleOf(version), (scale) => validateScaleStatus(object, scale)),
    ],
  }
}

function withScale(
  scale: CrdScale | undefined,
  validate: (scale: CrdScale) => readonly FieldError[],
): readonly FieldError[] {
  return scale ? validate(scale) : []
}

/** Status is judged by itself: what else may be wrong with the object is not this writer's fault. */
function validateStatus(object: KubeObject, previous: KubeObject, schema: SchemaNode): readonly FieldError[] {
  const node = schema.properties?.get('status')
  const status = object['status']
  if (!node || status === undefined) return []
  return validateSchema(status, node, { path: 'status', previous: previous['status'] })
}

function refuseNew(type: GroupResource): (object: KubeObject) => never {
  return ({ metadata }) => {
    const why = 'create not allowed while custom resource definition is terminating'
    throw forbidden(type, metadata.name ?? '', why)
  }
}

const standardFinalizers: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

function finalizerWarnings({ metadata }: KubeObject, previous: KubeObject | undefined): readonly string[] {
  const known = previous?.metadata.finalizers ?? []
  const added = new Set((metadata.finalizers ?? []).filter((finalizer) => !known.includes(finalizer)))
  return [...added].sort().flatMap(finalizerWarning)
}

function finalizerWarning(finalizer: string): readonly string[] {
  const about = `metadata.finalizers: ${goQuote(finalizer)}: `
  const warnings = checkQualifiedName(finalizer).map((message) => about + message)
  if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return warnings
  const path = finalizer.includes('.') ? 'including a path (/) ' : ''
  return [
    ...warnings,
    `${about}prefer a domain-qualified finalizer name ${path}to avoid accidental conflicts with other finalizer writers`,
  ]
}
