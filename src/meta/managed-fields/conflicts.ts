import { type ApiStatusError, failure } from '../api-errors.ts'
import { goQuote } from '../field-error.ts'
import { type FieldSet, pathsOf } from './field-set.ts'
import { type Manager, type Managers } from './managers.ts'
import { formatPath } from './path-element.ts'

interface Conflict {
  readonly manager: string
  readonly field: string
}

/** 409 with a cause for each field of each manager; `taken` is by manager identity. */
export function conflictError(taken: ReadonlyMap<string, FieldSet>, managers: Managers): ApiStatusError {
  const conflicts = [...taken]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([identity, fields]) => {
      const manager = describeManager(managers.get(identity))
      return [...pathsOf(fields)].map((path): Conflict => ({ manager, field: formatPath(path) }))
    })
  const causes = conflicts.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field,
  }))
  return failure({ code: 409, reason: 'Conflict', message: messageOf(conflicts), details: { causes } })
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (conflicts.length === 1 && only)
    return `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.field}`
  const fieldsByManager = new Map<string, string[]>()
  for (const { manager, field } of conflicts) {
    const fields = fieldsByManager.get(manager)
    if (fields) fields.push(field)
    else fieldsByManager.set(manager, [field])
  }
  const lines = [...fieldsByManager].flatMap(([manager, fields]) => {
    return [`conflicts with ${manager}:`, ...fields.map((field) => `- ${field}`)]
  })
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

/** `"kubectl" with subresource "status" using apps/v1`; appliers have no version. */
function describeManager(manager: Manager | undefined): string {
  if (!manager) return '""'
  const { name, subresource, operation, apiVersion } = manager
  const who = goQuote(name) + (subresource === '' ? '' : ` with subresource ${goQuote(subresource)}`)
  return operation === 'Update' ? `${who} using ${apiVersion}` : who
}
