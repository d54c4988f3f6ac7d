import { parseDocument } from 'yaml'
import { badRequest } from '../meta/api-errors.ts'
import { parseJsonStrictly } from '../meta/json.ts'
import type { Json } from '../meta/object.ts'

const maxAliases = 100 // a document that refers to itself more often is a bomb, or no manifest

/** YAML as a request body; JSON is YAML, and read by its own parser. Throws 400. */
export function parseYaml(body: Uint8Array): { value: Json; duplicateFields: readonly string[] } {
  const text = Buffer.from(body).toString()
  if (/^\s*[{[]/.test(text)) {
    try {
      return parseJsonStrictly(text)
    } catch {
      // flow style YAML
    }
  }
  try {
    const document = parseDocument(text, { version: '1.1', merge: true, intAsBigInt: false, uniqueKeys: true })
    const [error] = document.errors
    if (error) throw error
    return { value: document.toJS({ maxAliasCount: maxAliases }) as Json, duplicateFields: [] }
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw badRequest(`error converting YAML to JSON: yaml: ${why}`, error)
  }
}
