import { maxInt64, minInt64 } from '../../meta/int64.ts'
import type { SchemaNode } from '../../meta/schema.ts'
import { breaksRule, factorNotPositive, formatGoNumber, outOfRange, type SchemaProblem } from './schema-problem.ts'

/** An integer as Go decodes it: an int64. What is larger, or has a fraction, is a float64 there. */
export function isGoInteger(value: number | bigint): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return value >= minInt64 && value <= maxInt64
}

const maxSafe = Number.MAX_SAFE_INTEGER
const epsilon = 1e-9

/** Whether a float passes for an integer, with the tolerance that upstream has. */
export function isNearlyInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > maxSafe) return false
  if (Number.isInteger(value)) return true
  const whole = Math.trunc(Math.max(value, 0))
  return Math.abs(value - whole) / (Math.abs(value) + Math.abs(whole)) < epsilon
}

type Report = (describe: SchemaProblem['describe']) => void

/** The constraints of numbers. Integers are compared as integers: a limit of 2.5 is 2 to them. */
export function validateNumber(value: number | bigint, node: SchemaNode, report: Report): void {
  checkRange(value, node, 'Checked', report)
  if (node.multipleOf !== undefined) checkMultiple(value, node.multipleOf, node, report)
  if (node.maximum !== undefined) checkMaximum(value, node.maximum, node, report)
  if (node.minimum !== undefined) checkMinimum(value, node.minimum, node, report)
}

/** False, and reported, when the number does not fit the schema's type and format. */
function checkRange(value: number | bigint, node: SchemaNode, what: string, report: Report): boolean {
  if (fitsFormat(value, node)) return true
  report(outOfRange(what, node.type, formatFor(node)))
  return false
}

function formatFor(node: SchemaNode): string {
  const known = node.type === 'integer' ? ['int32', 'int64'] : ['float', 'double']
  return node.format !== undefined && known.includes(node.format) ? node.format : ''
}

function fitsFormat(value: number | bigint, node: SchemaNode): boolean {
  if (node.type === 'integer') {
    if (!isGoInteger(value)) return false
    return node.format !== 'int32' || (Number(value) >= -2_147_483_648 && Number(value) <= 2_147_483_647)
  }
  return node.type !== 'number' || node.format !== 'float' || Number.isFinite(Math.fround(Number(value)))
}

function limitFor(value: number | bigint, limit: number, node: SchemaNode, what: string, report: Report): number {
  const fits = checkRange(limit, node, what, report)
  return fits && isGoInteger(value) ? Math.trunc(limit) : limit
}

function checkMaximum(value: number | bigint, maximum: number, node: SchemaNode, report: Report): void {
  const limit = limitFor(value, maximum, node, 'Maximum boundary', report)
  if (node.exclusiveMaximum ? value < limit : value <= limit) return
  report(
    breaksRule(value, `should be less than ${node.exclusiveMaximum ? '' : 'or equal to '}${formatGoNumber(limit)}`),
  )
}

function checkMinimum(value: number | bigint, minimum: number, node: SchemaNode, report: Report): void {
  const limit = limitFor(value, minimum, node, 'Minimum boundary', report)
  if (node.exclusiveMinimum ? value > limit : value >= limit) return
  report(
    breaksRule(value, `should be greater than ${node.exclusiveMinimum ? '' : 'or equal to '}${formatGoNumber(limit)}`),
  )
}

function checkMultiple(value: number | bigint, multipleOf: number, node: SchemaNode, report: Report): void {
  const factor = limitFor(value, multipleOf, node, 'MultipleOf', report)
  if (factor <= 0) report(factorNotPositive(factor))
  else if (!isMultiple(value, factor)) report(breaksRule(value, `should be a multiple of ${formatGoNumber(factor)}`))
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (isGoInteger(value) && Number.isInteger(factor)) return BigInt(value) % BigInt(factor) === 0n
  return isNearlyInteger(factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor)
}
