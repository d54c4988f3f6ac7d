import { ApiStatusError, badRequest, failure } from '../api-errors.ts'

/** A patch that cannot be read: 400. */
export const undecodablePatch = badRequest

/**
 * A patch that is well formed but does not fit the object: 422 with upstream's fixed sentence. Upstream keeps the reason
 * to itself; here it is the one cause, in the form that upstream gives to unexpected answers.
 */
export function rejectedPatch(why: string): ApiStatusError {
  return failure({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: { causes: [{ reason: 'UnexpectedServerResponse', message: why }] },
  })
}

export function oversizedPatch(why: string): ApiStatusError {
  return failure({ code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: ${why}` })
}

/**
 * Upstream answers errors of its merge code, which the client caused, with 500, no reason and the plain text. Clients
 * have learned to show that text, so code and form stay.
 */
export function unmergeablePatch(message: string): ApiStatusError {
  return new ApiStatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
