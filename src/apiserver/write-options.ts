import { invalid } from '../meta/api-errors.ts'
import { type FieldError, fieldForbidden, fieldNotSupported, fieldRequired } from '../meta/field-error.ts'
import { managerName, validateFieldManager } from '../meta/managed-fields/manager-name.ts'
import type { Exchange } from './exchange.ts'
import { parseBoolean } from './request-info.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** The query of a write. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** Named by the client, or the first word of its User-Agent. */
  readonly manager: string
  readonly force: boolean
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'

const defaults: Omit<WriteOptions, 'manager'> = { dryRun: false, fieldValidation: 'Warn', force: false }

/** Throws 422 in upstream's words. `isApply`: a server-side apply, which needs a manager and may use force. */
export function parseWriteOptions(exchange: Exchange, kind: OptionsKind, isApply = false): WriteOptions {
  if (exchange.info.query === '' && !isApply)
    return { manager: managerName(undefined, exchange.header('user-agent')), ...defaults }
  const dryRun = exchange.parameters.getAll('dryRun')
  const validation = exchange.parameter('fieldValidation')
  const manager = exchange.parameter('fieldManager')
  const force = exchange.parameters.get('force')
  const errors: FieldError[] = []
  if (kind === 'PatchOptions') {
    if (isApply && manager === '') errors.push(fieldRequired('fieldManager', 'is required for apply patch'))
    if (!isApply && force !== null) errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'))
  }
  errors.push(...validateFieldManager(manager))
  errors.push(...validateDryRun(dryRun))
  if (!isFieldValidation(validation)) {
    errors.push(fieldNotSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
    throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: validation === '' ? 'Warn' : validation,
    manager: managerName(manager, exchange.header('user-agent')),
    force: parseBoolean(force),
  }
}

export function validateDryRun(values: readonly string[]): FieldError[] {
  const wrong = values.filter((value) => value !== 'All')
  return wrong.length > 0 ? [fieldNotSupported('dryRun', values, ['All'])] : []
}

function isFieldValidation(text: string): text is FieldValidation | '' {
  return text === '' || text === 'Ignore' || text === 'Warn' || text === 'Strict'
}
