import { fieldInvalid, formatBadValue, type FieldError } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { CrdScale } from '../apiextensions/crd-object.ts'
import type { ScaleDefinition } from '../resource-definition.ts'
import { isJsonObject, ownField } from '../schema/json-value.ts'
import { isGoInteger } from '../schema/validate-number.ts'

const maxReplicas = 2_147_483_647

/** `.spec.replicas` → `['spec', 'replicas']` */
function parsePath(path: string): readonly string[] {
  return path.replace(/^\./, '').split('.')
}

export function toScaleDefinition({
  specReplicasPath,
  statusReplicasPath,
  labelSelectorPath,
}: CrdScale): ScaleDefinition {
  const selectorPath = labelSelectorPath ? parsePath(labelSelectorPath) : undefined
  const selector = (object: KubeObject): string => {
    const found = selectorPath && read(object, selectorPath)
    return found && 'value' in found && typeof found.value === 'string' ? found.value : ''
  }
  return {
    specReplicasPath: parsePath(specReplicasPath),
    statusReplicasPath: parsePath(statusReplicasPath),
    ...(selectorPath ? { selector } : {}),
  }
}

export function validateScaleSpec(object: KubeObject, { specReplicasPath }: CrdScale): readonly FieldError[] {
  return validateReplicas(object, specReplicasPath)
}

export function validateScaleStatus(object: KubeObject, scale: CrdScale): readonly FieldError[] {
  const errors = validateReplicas(object, scale.statusReplicasPath)
  const { labelSelectorPath } = scale
  if (labelSelectorPath === undefined) return errors
  const found = read(object, parsePath(labelSelectorPath))
  if (!found) return errors
  const problem = 'problem' in found ? found.problem : wrongType(found.value, 'string', 'string')
  return problem === undefined ? errors : [...errors, accessorError(labelSelectorPath, '', problem)]
}

function validateReplicas(object: KubeObject, path: string): readonly FieldError[] {
  const found = read(object, parsePath(path))
  if (!found) return []
  const problem = 'problem' in found ? found.problem : wrongType(found.value, 'int64', 'integer')
  if (problem !== undefined) return [accessorError(path, 0, problem)]
  const replicas = Number('value' in found ? found.value : 0)
  if (replicas < 0) return [fieldInvalid(path, replicas, 'should be a non-negative integer')]
  if (replicas > maxReplicas) return [fieldInvalid(path, replicas, `should be less than or equal to ${maxReplicas}`)]
  return []
}

function accessorError(path: string, value: unknown, problem: string): FieldError {
  return fieldInvalid(path, value, `${path} accessor error: ${problem}`)
}

/** The value at a path, or why the path cannot be followed; undefined when nothing is there. */
function read(object: KubeObject, path: readonly string[]): { value: unknown } | { problem: string } | undefined {
  let value: unknown = object
  for (const name of path) {
    if (!isJsonObject(value)) return { problem: mismatch(value, 'map[string]interface{}') }
    value = ownField(value, name)
    if (value === undefined || value === null) return undefined
  }
  return { value }
}

function wrongType(value: unknown, expected: string, kind: 'string' | 'integer'): string | undefined {
  return goTypeOf(value) === (kind === 'string' ? 'string' : 'int64') ? undefined : mismatch(value, expected)
}

function mismatch(value: unknown, expected: string): string {
  const shown = typeof value === 'string' ? value : formatBadValue(value)
  return `${shown} is of the type ${goTypeOf(value)}, expected ${expected}`
}

function goTypeOf(value: unknown): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint') return isGoInteger(value) ? 'int64' : 'float64'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}
