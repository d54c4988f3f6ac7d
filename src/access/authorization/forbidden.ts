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
