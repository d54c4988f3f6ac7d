import { type FieldError, goQuote } from './field-error.ts'
import { type GroupResource, toQualifiedResource } from './group-version.ts'
import type { Status, StatusCause, StatusDetails, StatusReason } from './status.ts'

/** The only error on the wire. Made by the constructors below, in upstream's words; `toStatus` is the single exit. */
export class ApiStatusError extends Error {
  readonly status: Status

  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message ?? status.reason ?? 'error', options)
    this.name = 'ApiStatusError'
    this.status = status
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): StatusReason | undefined {
    return this.status.reason
  }
}

export interface FailureParts {
  code: number
  reason: StatusReason
  message: string
  details?: StatusDetails | undefined
  continueToken?: string
  cause?: unknown
}

export function failure({ code, reason, message, details, continueToken, cause }: FailureParts): ApiStatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: continueToken === undefined ? {} : { continue: continueToken },
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  }
  return new ApiStatusError(status, cause === undefined ? undefined : { cause })
}

/** `details` of an error about one object of a resource; an empty group is left out, as upstream does. */
export function detailsOf(type: GroupResource, name: string, extra: Partial<StatusDetails> = {}): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.resource,
    ...extra,
  }
}

export function badRequest(message: string, cause?: unknown): ApiStatusError {
  return failure({ code: 400, reason: 'BadRequest', message, cause })
}

export function unauthorized(message = 'Unauthorized'): ApiStatusError {
  return failure({ code: 401, reason: 'Unauthorized', message })
}

/** `why` completes `pods "x" is forbidden: …`. */
export function forbidden(type: GroupResource, name: string, why: string, causes?: StatusCause[]): ApiStatusError {
  const subject = toQualifiedResource(type)
  const message = name === '' ? `${subject} is forbidden: ${why}` : `${subject} ${goQuote(name)} is forbidden: ${why}`
  return failure({ code: 403, reason: 'Forbidden', message, details: detailsOf(type, name, causes ? { causes } : {}) })
}

/** Forbidden outside any resource: `forbidden: User "u" cannot get path "/p"`. */
export function forbiddenPath(why: string): ApiStatusError {
  return failure({ code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {} })
}

export function notFound(type: GroupResource, name: string): ApiStatusError {
  const message = `${toQualifiedResource(type)} ${goQuote(name)} not found`
  return failure({ code: 404, reason: 'NotFound', message, details: detailsOf(type, name) })
}

/** An unknown path, group, version or resource: clients go by the code alone. */
export function pathNotFound(): ApiStatusError {
  const message = 'the server could not find the requested resource'
  return failure({ code: 404, reason: 'NotFound', message, details: {} })
}

export function methodNotAllowed(type: GroupResource, action: string): ApiStatusError {
  const message = `${action} is not supported on resources of kind ${goQuote(toQualifiedResource(type))}`
  return failure({ code: 405, reason: 'MethodNotAllowed', message, details: detailsOf(type, '') })
}

/** A method that this path has nothing for: upstream's router has one sentence for all of them. */
export function methodNotServed(): ApiStatusError {
  const message = 'the server does not allow this method on the requested resource'
  return failure({ code: 405, reason: 'MethodNotAllowed', message, details: {} })
}

export function notAcceptable(accepted: readonly string[]): ApiStatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`
  return failure({ code: 406, reason: 'NotAcceptable', message })
}

export function alreadyExists(type: GroupResource, name: string, prefix = ''): ApiStatusError {
  const message = `${prefix}${toQualifiedResource(type)} ${goQuote(name)} already exists`
  return failure({ code: 409, reason: 'AlreadyExists', message, details: detailsOf(type, name) })
}

export function conflict(type: GroupResource, name: string, why: string, causes?: StatusCause[]): ApiStatusError {
  const message = `Operation cannot be fulfilled on ${toQualifiedResource(type)} ${goQuote(name)}: ${why}`
  return failure({ code: 409, reason: 'Conflict', message, details: detailsOf(type, name, causes ? { causes } : {}) })
}

/** The conflict of a stale resourceVersion. */
export function staleObject(type: GroupResource, name: string): ApiStatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again'
  return conflict(type, name, why)
}

export function expired(message: string, continueToken?: string): ApiStatusError {
  return failure({ code: 410, reason: 'Expired', message, ...(continueToken === undefined ? {} : { continueToken }) })
}

export function requestTooLarge(limitBytes: number): ApiStatusError {
  const message = `Request entity too large: limit is ${limitBytes}`
  return failure({ code: 413, reason: 'RequestEntityTooLarge', message })
}

export function unsupportedMediaType(accepted: readonly string[]): ApiStatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  return failure({ code: 415, reason: 'UnsupportedMediaType', message })
}

/** Everything that is wrong with an object, together. `type.kind` is the kind, as upstream's details say. */
export function invalid(
  type: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiStatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const subject = type.group === '' ? type.kind : `${type.kind}.${type.group}`
  return failure({
    code: 422,
    reason: 'Invalid',
    message: `${subject} ${goQuote(name)} is invalid: ${list ?? ''}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.kind,
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  })
}

export function internalError(message: string, cause?: unknown): ApiStatusError {
  const text = `Internal error occurred: ${message}`
  return failure({ code: 500, reason: 'InternalError', message: text, details: { causes: [{ message }] }, cause })
}

export function serviceUnavailable(message: string, cause?: unknown): ApiStatusError {
  return failure({ code: 503, reason: 'ServiceUnavailable', message, details: { retryAfterSeconds: 1 }, cause })
}

export function timeout(message: string, details?: StatusDetails): ApiStatusError {
  return failure({ code: 504, reason: 'Timeout', message, details })
}

export function isApiStatusError(error: unknown): error is ApiStatusError {
  return error instanceof ApiStatusError
}

function hasReason(error: unknown, reason: StatusReason): boolean {
  return isApiStatusError(error) && error.reason === reason
}

export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound')
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists')
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict')
export const isForbidden = (error: unknown): boolean => hasReason(error, 'Forbidden')
export const isInvalid = (error: unknown): boolean => hasReason(error, 'Invalid')
export const isExpired = (error: unknown): boolean => hasReason(error, 'Expired') || hasReason(error, 'Gone')

/** For `.catch` of a read or a delete: what is not there is undefined, every other error stays one. */
export function ignoreNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}

/** The single exit: what is not an ApiStatusError is handed to `onUnknown` (to be logged) and hidden behind a 500. */
export function toStatus(error: unknown, onUnknown: (error: unknown) => void): Status {
  if (isApiStatusError(error)) return error.status
  onUnknown(error)
  return internalError('the server failed while it handled the request').status
}
