import { badRequest, invalid } from '../meta/api-errors.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, goQuote } from '../meta/field-error.ts'
import type { ListQuery, ResourceScope } from '../registry/generic/object-store.ts'
import { compileSelection, type Selection } from '../registry/generic/selection.ts'
import { type Exchange, parseCount } from './exchange.ts'
import { parseBoolean } from './request-info.ts'

export type Match = 'NotOlderThan' | 'Exact'

/** The query of a list or watch, by https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/ */
export interface ListOptions {
  readonly selection: Selection | undefined
  readonly limit: number
  readonly continueToken: string
  readonly resourceVersion: string
  readonly resourceVersionMatch: Match | undefined
  readonly sendInitialEvents: boolean | undefined
  readonly allowWatchBookmarks: boolean
  readonly timeoutSeconds: number | undefined
}

const noOptions: ListOptions = {
  selection: undefined,
  limit: 0,
  continueToken: '',
  resourceVersion: '',
  resourceVersionMatch: undefined,
  sendInitialEvents: undefined,
  allowWatchBookmarks: false,
  timeoutSeconds: undefined,
}

/** Throws 400 for what cannot be read and 422 for combinations that make no sense. */
export function parseListOptions(exchange: Exchange, scope: ResourceScope, isWatch: boolean): ListOptions {
  const { name } = exchange.info
  if (exchange.info.query === '' && name === '') return noOptions
  const text = (parameter: string): string => exchange.parameter(parameter)
  const sendInitialEvents = exchange.parameters.get('sendInitialEvents')
  const match = text('resourceVersionMatch')
  const options: ListOptions = {
    selection: selectionOf(scope, text('labelSelector'), text('fieldSelector'), name),
    limit: parseCount(exchange, 'limit') ?? 0,
    continueToken: text('continue'),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: match === 'NotOlderThan' || match === 'Exact' ? match : undefined,
    sendInitialEvents: sendInitialEvents === null ? undefined : parseBoolean(sendInitialEvents),
    allowWatchBookmarks: parseBoolean(exchange.parameters.get('allowWatchBookmarks')),
    timeoutSeconds: parseCount(exchange, 'timeoutSeconds'),
  }
  const errors = isWatch ? validateWatch(options, match) : validateList(options, match)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  if (options.continueToken !== '' && options.resourceVersion !== '' && options.resourceVersion !== '0' && !isWatch) {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  return options
}

/** A name in the path is one more requirement: who watches one object by its path. */
function selectionOf(scope: ResourceScope, labels: string, fields: string, name: string): Selection | undefined {
  if (name === '') return compileSelection(scope.definition, scope.version, labels, fields)
  const byName = `metadata.name=${name.replace(/[\\,=]/g, String.raw`\$&`)}`
  const selection = compileSelection(
    scope.definition,
    scope.version,
    labels,
    fields === '' ? byName : `${fields},${byName}`,
  )
  if (selection?.name !== name) {
    throw badRequest(`fieldSelector metadata.name doesn't match requested name ${goQuote(name)}`)
  }
  return selection
}

function validateList(options: ListOptions, match: string): FieldError[] {
  const errors: FieldError[] = []
  const { resourceVersion, continueToken } = options
  if (match !== '') {
    if (resourceVersion === '')
      errors.push(
        fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      )
    if (continueToken !== '')
      errors.push(fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(fieldNotSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    }
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(
        fieldForbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      )
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  return errors
}

function validateWatch(options: ListOptions, match: string): FieldError[] {
  const errors: FieldError[] = []
  const { sendInitialEvents, resourceVersion, continueToken, limit } = options
  const field = 'resourceVersionMatch'
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(fieldForbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  }
  if (match !== '') {
    if (sendInitialEvents === undefined)
      errors.push(
        fieldForbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      )
    if (match !== 'NotOlderThan') errors.push(fieldNotSupported(field, match, ['NotOlderThan']))
  }
  // A watch that begins with what is there is read as one with sendInitialEvents and its match.
  const beginsWithAll = sendInitialEvents === undefined && (resourceVersion === '' || resourceVersion === '0')
  if (continueToken !== '' && (match !== '' || beginsWithAll)) {
    errors.push(fieldForbidden(field, 'resourceVersionMatch is forbidden when continue is provided'))
  }
  if (limit < 0) errors.push(fieldInvalid('limit', limit, 'must be non-negative'))
  return errors
}

export function toListQuery(scope: ResourceScope, namespace: string, options: ListOptions): ListQuery {
  const { selection, limit, continueToken, resourceVersion, resourceVersionMatch } = options
  return {
    ...(scope.definition.namespaced && namespace !== '' ? { namespace } : {}),
    ...(selection ? { selection } : {}),
    ...(limit > 0 ? { limit } : {}),
    ...(continueToken === '' ? {} : { continueToken }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(resourceVersionMatch ? { resourceVersionMatch } : {}),
  }
}
