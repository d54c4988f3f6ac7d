import { badRequest, invalid } from '../meta/api-errors.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, goQuote } from '../meta/field-error.ts'
import type { JsonObject } from '../meta/object.ts'
import type { DeleteOptions } from '../registry/generic/object-store.ts'
import { isJsonObject } from '../registry/schema/json-value.ts'
import { decodeBody } from '../registry/codec/body.ts'
import { type Exchange, parseCount } from './exchange.ts'
import { parseBoolean } from './request-info.ts'
import { validateDryRun } from './write-options.ts'

/** Of custom resources, too: clients send the options of every DELETE in protobuf. */
const deleteOptionsKind = { group: '', version: 'v1', kind: 'DeleteOptions' }
const policies = ['Foreground', 'Background', 'Orphan'] as const
type Policy = (typeof policies)[number]

export interface ParsedDeleteOptions {
  readonly options: DeleteOptions
  readonly dryRun: boolean
}

/** DeleteOptions of the body or, without one, of the query. Throws 400 and 422. */
export function parseDeleteOptions(exchange: Exchange): ParsedDeleteOptions {
  const hasBody = exchange.request.body.length > 0
  if (!hasBody && exchange.info.query === '') return { options: {}, dryRun: false }
  const raw = hasBody ? decodeOptions(exchange) : queryOptions(exchange)
  const propagationPolicy = raw['propagationPolicy'] ?? undefined
  const orphanDependents = raw['orphanDependents'] ?? undefined
  const grace = raw['gracePeriodSeconds'] ?? undefined
  const dryRun = toStrings(raw['dryRun'])
  const errors: FieldError[] = validateDryRun(dryRun)
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(
      fieldInvalid(
        'propagationPolicy',
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    )
  }
  if (propagationPolicy !== undefined && !isPolicy(propagationPolicy)) {
    errors.push(fieldNotSupported('propagationPolicy', propagationPolicy, [...policies, 'nil']))
  }
  if (grace !== undefined && typeof grace !== 'number')
    throw badRequest(notOfType('gracePeriodSeconds', grace, 'int64'))
  if (raw['ignoreStoreReadErrorWithClusterBreakingPotential'] === true) {
    errors.push(
      fieldForbidden('ignoreStoreReadErrorWithClusterBreakingPotential', 'this server has no unsafe deletion'),
    )
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const policy = policyOf(propagationPolicy, orphanDependents)
  const preconditions = preconditionsOf(raw['preconditions'])
  const options: DeleteOptions = {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(preconditions ? { preconditions } : {}),
  }
  return { options, dryRun: dryRun.length > 0 }
}

function decodeOptions(exchange: Exchange): JsonObject {
  const contentType = exchange.header('content-type')
  const { body: bytes } = exchange.request
  const { object } = decodeBody({ bytes, contentType, defaultGvk: deleteOptionsKind, isCustomResource: false })
  // The options belong to every group and version.
  if (object['kind'] === deleteOptionsKind.kind) return object
  const { kind, apiVersion } = object as { kind: string; apiVersion: string } // decodeBody has seen to it
  const what = `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)}`
  throw badRequest(`${what} in scheme "pkg/runtime/scheme.go:111"`)
}

function notOfType(field: string, value: unknown, type: string): string {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${found} into Go struct field DeleteOptions.${field} of type ${type}`
}

function queryOptions(exchange: Exchange): JsonObject {
  const { parameters } = exchange
  const grace = parseCount(exchange, 'gracePeriodSeconds')
  const orphan = parameters.get('orphanDependents')
  const policy = parameters.get('propagationPolicy')
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(orphan === null ? {} : { orphanDependents: parseBoolean(orphan) }),
    ...(policy === null || policy === '' ? {} : { propagationPolicy: policy }),
    dryRun: parameters.getAll('dryRun'),
  }
}

function isPolicy(value: unknown): value is Policy {
  return policies.some((policy) => policy === value)
}

function policyOf(propagationPolicy: unknown, orphanDependents: unknown): Policy | undefined {
  if (isPolicy(propagationPolicy)) return propagationPolicy
  if (orphanDependents === true) return 'Orphan'
  return orphanDependents === false ? 'Background' : undefined
}

function preconditionsOf(value: unknown): DeleteOptions['preconditions'] {
  if (!isJsonObject(value)) return undefined
  const { uid, resourceVersion } = value
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  }
}

function toStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
