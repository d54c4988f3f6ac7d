import { forbidden, forbiddenPath, type ApiStatusError } from '../../meta/api-errors.ts'
import { goQuote } from '../../meta/field-error.ts'
import type { AuthorizationAttributes } from './attributes.ts'

/** The 403 of a denied request, in upstream's words: clients and web interfaces parse them. */
export function forbiddenError(attributes: AuthorizationAttributes, reason = ''): ApiStatusError {
  const text = escapeHtml(forbiddenText(attributes))
  const why = reason === '' ? text : `${text}: ${reason}`
  if (attributes.resource === '') return forbiddenPath(why)
  return forbidden({ group: attributes.group, resource: attributes.resource }, attributes.name, why)
}

/** The authorizer's reason for turning somebody away at the gate of a workspace. The words are kcp's. */
export const workspaceAccessDenied = 'workspace access not permitted'

/**
 * The 403 for a workspace that does not exist. It is the same as for one that the user may not enter, so that nobody
 * learns which are there; system:masters are told the truth with a 404 instead.
 */
export function missingWorkspaceForbidden(attributes: AuthorizationAttributes): ApiStatusError {
  return forbiddenError(attributes, workspaceAccessDenied)
}

function forbiddenText({ user, verb, group, resource, subresource, namespace, path }: AuthorizationAttributes): string {
  const subject = `User ${goQuote(user.name)} cannot ${verb}`
  if (resource === '') return `${subject} path ${goQuote(path)}`
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`
  return `${subject} resource ${goQuote(what)} in API group ${goQuote(group)} ${where}`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
