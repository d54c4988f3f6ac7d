import { badRequest } from '../meta/api-errors.ts'

/** What a request's method and URL say, by the grammar of the Kubernetes API. */
export interface RequestInfo {
  /** Path or name as it stands behind `/clusters/`; empty when the URL has no such prefix. */
  readonly workspace: string
  /** `/clusters/<workspace>`, or empty: what every URL in an answer must begin with. */
  readonly prefix: string
  /** Within the workspace, decoded: `/api/v1/pods`. */
  readonly path: string
  /** Behind the question mark, still encoded. */
  readonly query: string
  readonly isResource: boolean
  /** Verb of authorization: the API verb of a resource request, else the method in lower case. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** Of a resource in a namespace; of a namespace its own name, as authorization has it. */
  readonly namespace: string
  readonly name: string
  /** What follows the subresource: the path of a proxied request. */
  readonly rest: string
}

/** Longer than any path that the grammar has; names can be 253 characters long. Queries are as long as headers may be. */
const maxPathLength = 16_384
const workspacePattern = /^(?:\*|[a-z0-9](?:[-a-z0-9:]*[a-z0-9])?)$/
const maxWorkspaceLength = 1_024

/** Throws 400 for a URL that no client should have made. */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?')
  if ((mark === -1 ? url.length : mark) > maxPathLength) throw badRequest('the path is too long')
  const query = mark === -1 ? '' : url.slice(mark + 1)
  const path = decodePath(mark === -1 ? url : url.slice(0, mark))
  const parts = path.split('/') // the first part is empty: paths begin with a slash
  if (parts[1] !== 'clusters' || !parts[2]) return parsePath(method, '', '', path, query, parts, 1)
  const workspace = parts[2]
  if (workspace.length > maxWorkspaceLength || !workspacePattern.test(workspace)) {
    throw badRequest(`invalid workspace ${JSON.stringify(workspace.slice(0, maxWorkspaceLength))}`)
  }
  const prefix = `/clusters/${workspace}`
  return parsePath(method, workspace, prefix, path.slice(prefix.length) || '/', query, parts, 3)
}

function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    throw badRequest('the path is not well-formed')
  }
}

function parsePath(
  method: string,
  workspace: string,
  prefix: string,
  path: string,
  query: string,
  parts: readonly string[],
  first: number,
): RequestInfo {
  const isCore = parts[first] === 'api'
  const isGroup = parts[first] === 'apis'
  const at = first + (isCore ? 2 : 3)
  const type = parts[at]
  if ((!isCore && !isGroup) || !type) {
    return { ...noResource, workspace, prefix, path, query, verb: method.toLowerCase() }
  }
  const group = isCore ? '' : (parts[first + 1] ?? '')
  const version = parts[at - 1] ?? ''
  return parseResource(method, { workspace, prefix, path, query, group, version }, parts, at)
}

const noResource = {
  isResource: false,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  rest: '',
}

type Place = Pick<RequestInfo, 'workspace' | 'prefix' | 'path' | 'query' | 'group' | 'version'>

function parseResource(method: string, place: Place, parts: readonly string[], start: number): RequestInfo {
  let at = start
  // The old way to ask for a watch: /api/v1/watch/pods.
  const isWatchPath = parts[at] === 'watch' && parts.length > at + 1
  if (isWatchPath) at++
  let namespace = ''
  if (parts[at] === 'namespaces' && parts[at + 1]) {
    namespace = parts[at + 1] ?? ''
    const next = parts[at + 2]
    if (next && next !== 'status' && next !== 'finalize') at += 2
  }
  const resource = parts[at] ?? ''
  const name = parts[at + 1] ?? ''
  const subresource = parts[at + 2] ?? ''
  const rest = parts.length > at + 3 ? parts.slice(at + 3).join('/') : ''
  const verb = verbOf(method, name, subresource, isWatchPath, place.query)
  const { workspace, prefix, path, query, group, version } = place
  return {
    workspace,
    prefix,
    path,
    query,
    isResource: true,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    rest,
  }
}

function verbOf(method: string, name: string, subresource: string, isWatchPath: boolean, query: string): string {
  if (isWatchPath) return 'watch'
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (subresource === '' && asksToWatch(query)) return 'watch'
      return name === '' ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
}

function asksToWatch(query: string): boolean {
  if (!query.includes('watch')) return false
  return parseBoolean(new URLSearchParams(query).get('watch'))
}

/** As the API reads a boolean parameter: present without a value is true. */
export function parseBoolean(value: string | null): boolean {
  if (value === null) return false
  const text = value.toLowerCase()
  return text !== 'false' && text !== '0'
}
