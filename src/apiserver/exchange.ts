import { randomUUID } from 'node:crypto'
import type { AuthorizationAttributes } from '../access/authorization/attributes.ts'
import { badRequest } from '../meta/api-errors.ts'
import type { ApiRequest, Identity } from '../client/transport.ts'
import { parseRequestInfo, type RequestInfo } from './request-info.ts'

const maxWarningRunes = 4_096
const cutWarningRunes = 256
const noParameters = new URLSearchParams()
const maxAuditIdLength = 64

/** One request on its way through the handler chain: what the steps found out so far. */
export class Exchange {
  readonly request: ApiRequest
  readonly startedMs: number
  readonly auditId: string
  /** Set by the first step. */
  info: RequestInfo = emptyInfo
  /** The name; `*` for all of them. Empty until resolved, and for a workspace that there is not. */
  logicalCluster = ''
  user: Identity = nobody
  /** Who acts as `user` by impersonation; undefined for users who are themselves. */
  impersonator: Identity | undefined = undefined
  /** What authorization was asked. */
  attributes: AuthorizationAttributes | undefined = undefined
  /** Of what is created: the URL does not name it. */
  createdName: string | undefined = undefined
  /** What the client gives the request; undefined when it does not say. */
  timeoutMs: number | undefined = undefined
  /** Holds a place among the requests in work. */
  counted = false
  #parameters: URLSearchParams | undefined
  #warnings: Set<string> | undefined

  constructor(request: ApiRequest, startedMs: number) {
    this.request = request
    this.startedMs = startedMs
    const wanted = request.headers['audit-id']
    this.auditId = typeof wanted === 'string' && isAuditId(wanted) ? wanted : randomUUID()
  }

  parse(): void {
    this.info = parseRequestInfo(this.request.method, this.request.url)
  }

  /** The query; empty when there is none. */
  get parameters(): URLSearchParams {
    if (this.info.query === '') return noParameters
    this.#parameters ??= new URLSearchParams(this.info.query)
    return this.#parameters
  }

  parameter(name: string): string {
    return this.info.query === '' ? '' : (this.parameters.get(name) ?? '')
  }

  header(name: string): string {
    const value = this.request.headers[name]
    if (typeof value === 'string') return value
    return value === undefined ? '' : value.join(',')
  }

  readonly warn = (text: string): void => {
    this.#warnings ??= new Set()
    this.#warnings.add(text)
  }

  /** Values of Warning headers; undefined when there are none. */
  warningHeaders(): string[] | undefined {
    if (!this.#warnings) return undefined
    const texts = [...this.#warnings]
    const length = texts.reduce((sum, text) => sum + text.length, 0)
    const kept = length > maxWarningRunes ? cutWarnings(texts) : texts
    return kept.map((text) => `299 - ${quoteWarning(text)}`)
  }
}

/** Short ones, as many as fit: clients refuse answers with longer headers. */
function cutWarnings(texts: readonly string[]): readonly string[] {
  const kept: string[] = []
  let length = 0
  for (const text of texts) {
    const cut = text.slice(0, cutWarningRunes)
    length += cut.length
    if (length > maxWarningRunes) break
    kept.push(cut)
  }
  return kept
}

function isAuditId(text: string): boolean {
  return text.length > 0 && text.length <= maxAuditIdLength && /^[\x21-\x7e]+$/.test(text)
}

/** A quoted-string of RFC 9110; what a header cannot hold is dropped. */
function quoteWarning(text: string): string {
  const printable = text.replace(/\s/g, ' ').replace(/\p{Cc}/gu, '')
  const escaped = printable.replace(/[\\"]/g, String.raw`\$&`)
  return `"${Buffer.from(escaped, 'utf8').toString('latin1')}"`
}

const emptyInfo: RequestInfo = {
  workspace: '',
  prefix: '',
  path: '',
  query: '',
  isResource: false,
  verb: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  rest: '',
}
const nobody: Identity = { name: '', groups: [] }

/** A parameter that counts something; undefined when absent. Throws 400 for what is no whole number. */
export function parseCount(exchange: Exchange, name: string): number | undefined {
  const text = exchange.parameter(name)
  if (text === '') return undefined
  const number = /^-?[0-9]{1,18}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return number
}
