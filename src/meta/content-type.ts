/** `type/subtype` in lower case and its parameters, names in lower case; RFC 9110 section 8.3.1. */
export interface MediaType {
  readonly type: string
  readonly subtype: string
  readonly parameters: ReadonlyMap<string, string>
}

/** One clause of Accept; `*` stands for any type or subtype. */
export interface AcceptClause extends MediaType {
  /** 0 to 1. */
  readonly quality: number
}

/** The value of a Content-Type header; undefined when it is no media type. */
export function parseContentType(header: string): MediaType | undefined {
  const media = parseMediaType(splitOutsideQuotes(header, ';'))
  return media && media.type !== '*' && media.subtype !== '*' ? media : undefined
}

/** `application/json` of `application/json;charset=utf-8`. */
export function mediaTypeName({ type, subtype }: MediaType): string {
  return `${type}/${subtype}`
}

const maxClauses = 64

/** The clauses of Accept in the order to try them: best quality first, wildcards after names, else as written. */
export function parseAccept(header: string): readonly AcceptClause[] {
  const clauses: AcceptClause[] = []
  // Nobody asks for so many types; a header of 16 KiB must not become work.
  for (const text of splitOutsideQuotes(header, ',').slice(0, maxClauses)) {
    const media = parseMediaType(splitOutsideQuotes(text, ';'))
    if (media) clauses.push({ ...media, quality: parseQuality(media.parameters.get('q')) })
  }
  return clauses.filter(({ quality }) => quality > 0).sort(byPreference)
}

function byPreference(a: AcceptClause, b: AcceptClause): number {
  return b.quality - a.quality || wildness(a) - wildness(b)
}

function wildness({ type, subtype }: MediaType): number {
  if (type === '*') return 2
  return subtype === '*' ? 1 : 0
}

function parseQuality(text: string | undefined): number {
  const quality = Number(text ?? 1)
  return quality >= 0 && quality <= 1 ? quality : 1
}

function parseMediaType([name = '', ...parameters]: readonly string[]): MediaType | undefined {
  const match = /^\s*([!#$%&'*+\-.^_`|~0-9a-z]+)\/([!#$%&'*+\-.^_`|~0-9a-z]+)\s*$/i.exec(
    name.trim() === '*' ? '*/*' : name,
  )
  const [, type, subtype] = match ?? []
  if (type === undefined || subtype === undefined) return undefined
  return {
    type: type.toLowerCase(),
    subtype: subtype.toLowerCase(),
    parameters: new Map(parameters.map(parseParameter).filter(([key]) => key !== '')),
  }
}

function parseParameter(text: string): [key: string, value: string] {
  const equals = text.indexOf('=')
  if (equals === -1) return ['', '']
  const value = text.slice(equals + 1).trim()
  return [text.slice(0, equals).trim().toLowerCase(), value.startsWith('"') ? unquote(value) : value]
}

function unquote(text: string): string {
  return text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator)
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (quoted && character === '\\') index++
    else if (character === '"') quoted = !quoted
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
