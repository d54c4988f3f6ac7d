import { LRUCache } from 'lru-cache'
import { failure, notAcceptable } from '../meta/api-errors.ts'
import { type AcceptClause, parseAccept } from '../meta/content-type.ts'
import { type Exchange } from './exchange.ts'
import { parseBoolean } from './request-info.ts'

export type MediaName = 'json' | 'yaml' | 'protobuf'

/** The form in which an answer goes out. */
export interface Output {
  readonly media: MediaName
  /** `partial`: PartialObjectMetadata, or its list. */
  readonly as: 'object' | 'table' | 'partial'
  /** Of meta.k8s.io, for tables and partial objects. */
  readonly metaVersion: 'v1' | 'v1beta1'
  readonly pretty: boolean
  /** Without parameters: what the answer's Content-Type says. */
  readonly contentType: string
}

export interface Offer {
  /** One object, or a list of them: the forms have different names. */
  readonly shape: 'object' | 'list'
  /** Whether objects of this kind can be written in protobuf; their metadata always can. */
  protobuf(): boolean
  /** Tables and partial objects make sense here. */
  readonly transforms: boolean
}

const contentTypes: Readonly<Record<MediaName, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}
const plainJson: Output = {
  media: 'json',
  as: 'object',
  metaVersion: 'v1',
  pretty: false,
  contentType: contentTypes.json,
}

/** Few clients, few headers: the answer is remembered by what was asked. */
const remembered = new LRUCache<string, Output>({ max: 500 })

/** Throws 406 when nothing that is accepted can be made. */
export function negotiate(exchange: Exchange, offer: Offer): Output {
  const accept = exchange.header('accept')
  const pretty = wantsPretty(exchange)
  if (!pretty && (accept === '' || accept === '*/*' || accept === 'application/json')) return plainJson
  const key = `${offer.shape}${offer.protobuf() ? 'p' : ''}${offer.transforms ? 't' : ''}${pretty ? '+' : ''}${accept}`
  let output = remembered.get(key)
  if (!output) remembered.set(key, (output = choose(accept, offer, pretty)))
  return output
}

function wantsPretty(exchange: Exchange): boolean {
  if (exchange.info.query !== '' && exchange.parameters.has('pretty'))
    return parseBoolean(exchange.parameters.get('pretty'))
  const agent = exchange.request.headers['user-agent']
  if (typeof agent !== 'string') return false
  return agent.startsWith('curl/') || agent.startsWith('Wget/') || agent.startsWith('Mozilla/5.0')
}

function choose(accept: string, offer: Offer, pretty: boolean): Output {
  if (accept.trim() === '') return { ...plainJson, pretty }
  for (const clause of parseAccept(accept)) {
    const output = tryClause(clause, offer, pretty)
    if (output) return output
  }
  // Named for every resource, as upstream does, also where protobuf has no form for it.
  throw notAcceptable(Object.values(contentTypes))
}

function unusableForm(message: string): Error {
  return failure({ code: 406, reason: 'NotAcceptable', message })
}

function tryClause(clause: AcceptClause, offer: Offer, pretty: boolean): Output | undefined {
  const media = mediaOf(clause)
  if (!media) return undefined
  const { parameters } = clause
  const as = parameters.get('as')
  const isPretty = media !== 'protobuf' && (pretty || parameters.get('pretty') === '1')
  const common = { media, pretty: isPretty, contentType: contentTypes[media] } as const
  if (as === undefined) {
    if (media === 'protobuf' && !offer.protobuf()) return undefined
    return { ...common, as: 'object', metaVersion: 'v1' }
  }
  const version = parameters.get('v')
  if (!offer.transforms || parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1'))
    return undefined
  if (as === 'Table') return media === 'protobuf' ? undefined : { ...common, as: 'table', metaVersion: version }
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    const isList = offer.shape === 'list'
    if ((as === 'PartialObjectMetadataList') !== isList) {
      throw unusableForm(`you requested ${as}, but the requested object is ${isList ? 'a list' : 'not a list'}`)
    }
    return { ...common, as: 'partial', metaVersion: version }
  }
  return undefined
}

function mediaOf({ type, subtype }: AcceptClause): MediaName | undefined {
  if (type === '*' && subtype === '*') return 'json'
  if (type !== 'application') return undefined
  switch (subtype) {
    case '*':
    case 'json':
      return 'json'
    case 'yaml':
      return 'yaml'
    case 'vnd.kubernetes.protobuf':
      return 'protobuf'
    default:
      return undefined
  }
}
