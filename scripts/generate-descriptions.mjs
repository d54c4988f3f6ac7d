// Makes dist/apiserver/openapi/data/descriptions.json: what `kubectl explain` says about built-in kinds and their fields.
// Read at build time from the type declarations of the installed @kubernetes/client-node (Apache-2.0); nothing of it is
// kept in the sources. A field that it does not describe is described as its type is.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const target = 'dist/apiserver/openapi/data/descriptions.json'
const require = createRequire(import.meta.url)
const models = join(dirname(require.resolve('@kubernetes/client-node')), 'gen', 'models')
const definitions = JSON.parse(readFileSync('src/registry/schema/data/schema-facts.json', 'utf8'))

/** Class → { '': its own text, field: text }. */
function readModel(file) {
  const source = readFileSync(join(models, file), 'utf8')
  const texts = {}
  const comment = /\/\*\*\s*\n\s*\* ([^\n]*)\n\s*\*\/\s*\n\s*(?:export declare class|'([^']+)'\??:)/g
  for (const [, text, field = ''] of source.matchAll(comment)) texts[field] = unescaped(text.trim())
  for (const [, field, type] of source.matchAll(/^ {4}'([^']+)'\??: (?:Array<)?([A-Z]\w+)>?;$/gm))
    if (texts[field] === undefined && ownText(type) !== '') texts[field] = ownText(type)
  return texts
}

const ownTexts = new Map()
function ownText(type) {
  let text = ownTexts.get(type)
  if (text === undefined) {
    const file = `${type}.d.ts`
    const source = files.has(file) ? readFileSync(join(models, file), 'utf8') : ''
    text = unescaped(/\/\*\*\s*\n\s*\* ([^\n]*)\n\s*\*\/\s*\nexport declare class/.exec(source)?.[1]?.trim() ?? '')
    ownTexts.set(type, text)
  }
  return text
}

/** The generator writes quotation marks as in a string of the language. */
function unescaped(text) {
  return text.replaceAll(/\\(["'\\])/g, '$1')
}

/** `io.k8s.api.core.v1.Event` → CoreV1Event or V1Event, whichever there is. */
function modelOf(definition) {
  const parts = definition.split('.')
  const [group = '', version = '', kind = ''] = parts.slice(-3)
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1)
  return [`${capital(group)}${capital(version)}${kind}.d.ts`, `${capital(version)}${kind}.d.ts`].find((file) =>
    files.has(file),
  )
}

if (!existsSync(models)) throw new Error(`no type declarations in ${models}`)
const files = new Set(readdirSync(models).filter((file) => file.endsWith('.d.ts')))
const result = {}
for (const definition of Object.keys(definitions)) {
  const file = modelOf(definition)
  const texts = file ? readModel(file) : {}
  if (Object.keys(texts).length > 0) result[definition] = texts
}
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, JSON.stringify(result))
console.log(`${target}: ${Object.keys(result).length} kinds described`)
