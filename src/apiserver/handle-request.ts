import { chain, isPromise, type MaybePromise } from '../base/maybe-promise.ts'
import {
  type AuthorizationAttributes,
  type AuthorizationDecision,
  wildcardLogicalCluster,
} from '../access/authorization/attributes.ts'
import { forbiddenError, missingWorkspaceForbidden } from '../access/authorization/forbidden.ts'
import { anonymousIdentity, isSystemMaster } from '../access/authentication/identity.ts'
import type { ApiRequest, ApiResponse } from '../client/transport.ts'
import { badRequest, failure, forbiddenPath, isApiStatusError, timeout, toStatus } from '../meta/api-errors.ts'
import { DurationError, durationToMs, parseDuration } from '../meta/duration.ts'
import { parseFieldSelector, requiredFieldValue } from '../meta/field-selector.ts'
import { liftStorageError } from '../registry/generic/lift-storage-error.ts'
import { Exchange } from './exchange.ts'
import { handlePath } from './handle-path.ts'
import { handleResource } from './handle-resource.ts'
import { respond, respondStatus, textType } from './respond.ts'
import type { ServerParts } from './server-parts.ts'

/** One step of the way; it answers, or lets the next one go on. */
type Step = (parts: ServerParts, exchange: Exchange) => MaybePromise<ApiResponse | void>

/** What a request meets, in this order. */
const steps: readonly Step[] = [
  readRequestInfo,
  readTimeout,
  resolveWorkspace,
  authenticate,
  limitInFlight,
  impersonateUser,
  requireWorkspace,
  authorize,
  (parts, exchange) => (exchange.info.isResource ? handleResource(parts, exchange) : handlePath(parts, exchange)),
]

/**
 * Answers every request, whatever is wrong with it or with us: never throws or rejects. Synchronous when all that is
 * needed is in memory.
 */
export function handleRequest(parts: ServerParts, request: ApiRequest): MaybePromise<ApiResponse> {
  const exchange = new Exchange(request, parts.clock.now())
  try {
    const response = runFrom(parts, exchange, 0)
    if (!isPromise(response)) return finish(parts, exchange, response)
    return firstOf(parts, exchange, response)
  } catch (error) {
    return finish(parts, exchange, fail(parts, exchange, error))
  }
}

function runFrom(parts: ServerParts, exchange: Exchange, start: number): MaybePromise<ApiResponse> {
  for (let index = start; index < steps.length; index++) {
    const response = steps[index]?.(parts, exchange)
    if (isPromise(response)) return response.then((made) => made ?? runFrom(parts, exchange, index + 1))
    if (response) return response
  }
  throw new Error('the last step always answers')
}

/** The answer, its failure or its timeout, whichever comes first: one promise for all of them. */
function firstOf(parts: ServerParts, exchange: Exchange, response: Promise<ApiResponse>): Promise<ApiResponse> {
  return new Promise((resolve) => {
    let isSettled = false
    const settle = (made: ApiResponse): void => {
      if (isSettled) return
      isSettled = true
      cancel?.()
      resolve(finish(parts, exchange, made))
    }
    const cancel = isLongRunning(exchange)
      ? undefined
      : parts.clock.after(Math.min(parts.limits.timeoutMs, exchange.timeoutMs ?? Number.POSITIVE_INFINITY), () => {
          const late = timeout('Timeout: request did not complete within the allotted timeout')
          settle(fail(parts, exchange, late))
        })
    response.then(
      (made) => settle(made),
      (error: unknown) => settle(fail(parts, exchange, error)),
    )
  })
}

function fail(parts: ServerParts, exchange: Exchange, thrown: unknown): ApiResponse {
  // What reads the store on the way (workspaces, permissions) knows nothing of API errors.
  const error = liftStorageError(thrown)
  const { method, url } = exchange.request
  const status = toStatus(error, (unknown) => {
    const stack = unknown instanceof Error ? unknown.stack : undefined
    parts.logger.error('request failed', { method, url, auditId: exchange.auditId, error: String(unknown), stack })
  })
  if (isApiStatusError(error) && error.cause !== undefined && error.code >= 500) {
    parts.logger.error('request failed', { method, url, auditId: exchange.auditId, error: error.cause })
  }
  return respondStatus(exchange, status)
}

function finish(parts: ServerParts, exchange: Exchange, response: ApiResponse): ApiResponse {
  if (exchange.counted) parts.inFlight.leave(exchange.logicalCluster)
  const record = {
    auditId: exchange.auditId,
    request: exchange.request,
    attributes: exchange.attributes,
    createdName: exchange.createdName,
    user: exchange.user,
    impersonator: exchange.impersonator,
    status: response.status,
    startedMs: exchange.startedMs,
    durationMs: parts.clock.now() - exchange.startedMs,
  }
  parts.metrics.count(record)
  parts.onRequest?.(record)
  return response
}

function readRequestInfo(_: ServerParts, exchange: Exchange): void {
  exchange.parse()
}

/** Go's grammar of durations; a watch has `timeoutSeconds` instead. */
function readTimeout(_: ServerParts, exchange: Exchange): void {
  if (!exchange.info.query.includes('timeout=') || isLongRunning(exchange)) return
  const text = exchange.parameter('timeout')
  if (text === '') return
  try {
    const timeoutMs = durationToMs(parseDuration(text))
    if (timeoutMs > 0) exchange.timeoutMs = timeoutMs
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`)
  }
}

/** A workspace that there is not is remembered as empty: what it is answered depends on who asks. */
function resolveWorkspace(parts: ServerParts, exchange: Exchange): MaybePromise<void> {
  const { workspace } = exchange.info
  if (workspace === '' || workspace === 'root') exchange.logicalCluster = 'root'
  else if (workspace === wildcardLogicalCluster) exchange.logicalCluster = wildcardLogicalCluster
  else {
    return chain(parts.resolveLogicalCluster(workspace), (name) => {
      exchange.logicalCluster = name ?? ''
    })
  }
}

function authenticate(parts: ServerParts, exchange: Exchange): MaybePromise<void> {
  const { request, info } = exchange
  const unprefixed = info.workspace === ''
  if (request.identity) {
    exchange.user = request.identity
    return
  }
  const logicalCluster = exchange.logicalCluster === '' ? undefined : exchange.logicalCluster
  return chain(parts.authenticate({ headers: request.headers, logicalCluster, unprefixed }), (result) => {
    exchange.user = result?.identity ?? anonymousIdentity
    // A client that only knows a host means the workspace that its credential is for.
    if (unprefixed && result?.logicalCluster !== undefined) exchange.logicalCluster = result.logicalCluster
  })
}

function limitInFlight(parts: ServerParts, exchange: Exchange): ApiResponse | void {
  if (isLongRunning(exchange) || isSystemMaster(exchange.user)) return
  if (parts.inFlight.enter(exchange.logicalCluster)) {
    exchange.counted = true
    return
  }
  const text = Buffer.from('Too many requests, please try again later.\n')
  const response = respond(exchange, 429, textType, text)
  response.headers['retry-after'] = '1'
  return response
}

const longSubresources = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

function isLongRunning({ info }: Exchange): boolean {
  return info.verb === 'watch' || longSubresources.has(info.subresource)
}

function impersonateUser(parts: ServerParts, exchange: Exchange): MaybePromise<void> {
  const { headers } = exchange.request
  if (!hasImpersonation(headers)) return
  const { user: requestor, logicalCluster } = exchange
  if (!parts.impersonate) throw forbiddenPath('this server does not let users impersonate others')
  return chain(parts.impersonate(requestor, logicalCluster, headers), (user) => {
    exchange.impersonator = requestor
    exchange.user = user
  })
}

function hasImpersonation(headers: ApiRequest['headers']): boolean {
  // With Node's header objects much cheaper than `for in`.
  return Object.keys(headers).some((name) => name.startsWith('impersonate-'))
}

/** A missing and a forbidden workspace look the same to everybody but administrators of the hub. */
function requireWorkspace(_: ServerParts, exchange: Exchange): void {
  const { info, user, logicalCluster } = exchange
  if (logicalCluster === '') {
    if (!isSystemMaster(user)) throw missingWorkspaceForbidden(attributesOf(exchange, info.workspace))
    const message = `workspace ${JSON.stringify(info.workspace)} not found`
    throw failure({ code: 404, reason: 'NotFound', message, details: {} })
  }
  if (logicalCluster !== wildcardLogicalCluster) return
  const isRead = info.isResource && (info.verb === 'list' || info.verb === 'watch')
  if (!isSystemMaster(user) || !(isRead || !info.isResource)) throw forbiddenError(attributesOf(exchange, '*'))
}

function authorize(parts: ServerParts, exchange: Exchange): MaybePromise<void> {
  const attributes = attributesOf(exchange, exchange.logicalCluster)
  exchange.attributes = attributes
  const decision = parts.authorizer.authorize(attributes)
  if (isPromise(decision)) {
    return decision.then((late) => requireAllowed(attributes, late))
  }
  requireAllowed(attributes, decision)
}

function requireAllowed(attributes: AuthorizationAttributes, { allowed, reason }: AuthorizationDecision): void {
  if (!allowed) throw forbiddenError(attributes, reason)
}

function attributesOf(exchange: Exchange, logicalCluster: string): AuthorizationAttributes {
  const { info, user } = exchange
  const { verb, group, version, resource, subresource, namespace } = info
  const name = info.name === '' && info.isResource ? selectedName(exchange) : info.name
  const path = info.isResource ? '' : info.path
  return { user, logicalCluster, verb, group, version, resource, subresource, namespace, name, path }
}

/** Who lists or watches a single name needs the right to that name only. */
function selectedName(exchange: Exchange): string {
  if (!exchange.info.query.includes('fieldSelector')) return ''
  const text = exchange.parameter('fieldSelector')
  if (!text.includes('metadata.name')) return ''
  try {
    return requiredFieldValue(parseFieldSelector(text), 'metadata.name') ?? ''
  } catch {
    return '' // what is wrong with it, the handler says
  }
}
