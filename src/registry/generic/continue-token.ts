import { badRequest } from '../../meta/api-errors.ts'

/** Where a paged list goes on. Opaque to clients; the logical cluster keeps a token from being of use in another one. */
export interface ContinueToken {
  /** The snapshot that all pages show; -1: go on at the newest state, the snapshot being gone. */
  readonly revision: number
  /** The last key of the page before. */
  readonly after: string
}

const tokenVersion = 'meta.k8s.io/v1'
const maxTokenLength = 8_192

export function encodeContinueToken(logicalCluster: string, { revision, after }: ContinueToken): string {
  const json = JSON.stringify({ v: tokenVersion, rv: revision, start: after, c: logicalCluster })
  return Buffer.from(json).toString('base64url')
}

/** Throws 400 for everything that this server did not make for this collection. */
export function decodeContinueToken(logicalCluster: string, prefix: string, token: string): ContinueToken {
  const fields = readFields(token)
  if (fields['v'] !== tokenVersion) throw invalidToken('server does not recognize this encoded version')
  const { rv, start, c } = fields
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || (rv <= 0 && rv !== -1))
    throw invalidToken('incorrect encoded start resourceVersion')
  if (typeof start !== 'string' || c !== logicalCluster || !start.startsWith(prefix))
    throw invalidToken('it belongs to another list')
  return { revision: rv, after: start }
}

function readFields(token: string): Record<string, unknown> {
  if (token.length > maxTokenLength) throw invalidToken('it is too long')
  try {
    const fields: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof fields === 'object' && fields !== null) return fields as Record<string, unknown>
  } catch {
    // falls through: what is no JSON is answered like JSON that is no object
  }
  throw invalidToken('it cannot be decoded')
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: ${why}`)
}
