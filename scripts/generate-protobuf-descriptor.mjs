// Makes src/registry/codec/data/protobuf.json: which message each built-in kind is, and how its fields look on the wire and in JSON.
//
//   node scripts/generate-protobuf-descriptor.mjs <data folder> [--fields <file>]
//
// <data folder> holds kubernetes-*-protobuf-descriptor.json and kubernetes-*-schema-facts.json (facts about Kubernetes' API,
// Apache-2.0). What these do not know, because only the Go types do (pointers, omitempty, inlined structs), comes from
// the program in scripts/protobuf-fields, which this script runs; --fields reads its recorded output instead.
// Where the sources disagree about a number, a type or a name, the script fails.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, 'src/registry/codec/data/protobuf.json')
const [dataFolder, option, fieldsFile] = process.argv.slice(2)
if (!dataFolder) {
  console.error('usage: node scripts/generate-protobuf-descriptor.mjs <data folder> [--fields <file>]')
  process.exit(2)
}

const descriptor = flatten(readData('protobuf-descriptor'))
const schemas = readData('schema-facts')
const go = JSON.parse(option === '--fields' ? readFileSync(fieldsFile, 'utf8') : runGo())

/** Letters of the data file; `src/registry/codec/protobuf-schema.ts` reads them. */
const typeLetters = {
  string: 's',
  bool: 'b',
  int32: 'i',
  int64: 'l',
  double: 'd',
  bytes: 'y',
  message: 'm',
  quantity: 'q',
  intOrString: 'o',
  time: 't',
  microTime: 'c',
  duration: 'n',
  raw: 'r',
  strings: 'w',
  schemaOrBool: 'B',
  schemaOrArray: 'A',
  schemaOrStrings: 'S',
}
const shapeLetters = { plain: '', pointer: '*', repeated: '+', map: '%', inline: '<' }
const opaque = new Set(['quantity', 'intOrString', 'time', 'microTime', 'duration', 'raw', 'strings'])
const metaPackage = 'k8s.io.apimachinery.pkg.apis.meta.v1.'

checkAgainstDescriptor()
checkAgainstSchemas()
const classes = mergeEqualMessages()
const ids = new Map()
const order = []
const kinds = {}
const metaKinds = {}
for (const [name, message] of Object.entries(go.kinds).sort(([a], [b]) => (a < b ? -1 : 1))) {
  const [apiVersion, kind] = name.split(' ')
  // Options, Status, WatchEvent and the like have the same form in every group.
  if (message.startsWith(metaPackage)) metaKinds[kind] = idOf(message)
  else (kinds[apiVersion] ??= {})[kind] = idOf(message)
}
const messages = []
for (let id = 0; id < order.length; id++) messages.push(go.messages[order[id]].map(encodeField).join(','))

mkdirSync(dirname(target), { recursive: true })
const lines = Object.entries(kinds).map(([apiVersion, of]) => `${JSON.stringify(apiVersion)}:${JSON.stringify(of)}`)
const provenance =
  'Facts about the types of Kubernetes 1.36 (Apache-2.0), made by scripts/generate-protobuf-descriptor.mjs'
writeFileSync(
  target,
  `{"provenance":${JSON.stringify(provenance)},\n"kinds":{\n${lines.join(',\n')}},\n"metaKinds":${JSON.stringify(metaKinds)},\n"messages":[\n${messages.map((message) => JSON.stringify(message)).join(',\n')}]}\n`,
)
console.log(`${Object.keys(go.kinds).length} kinds, ${messages.length} different messages: ${target}`)

function readData(part) {
  const name = readdirSync(dataFolder).find((file) => file.startsWith('kubernetes-') && file.includes(part))
  if (!name) throw new Error(`no kubernetes-*-${part}.json in ${dataFolder}`)
  return JSON.parse(readFileSync(join(dataFolder, name), 'utf8'))
}

function runGo() {
  const cwd = join(root, 'scripts/protobuf-fields')
  return execFileSync('go', ['run', '.'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function flatten(node, prefix = '', found = new Map()) {
  for (const [name, child] of Object.entries(node.nested ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`
    if (child.fields) found.set(path, child.fields)
    flatten(child, path, found)
  }
  return found
}

function checkAgainstDescriptor() {
  const problems = []
  for (const [message, fields] of Object.entries(go.messages)) {
    const described = descriptor.get(message)
    if (!described) problems.push(`${message} is not in the descriptor`)
    if (!described || fields.length === 0) continue
    const byNumber = new Map(Object.values(described).map((field) => [field.id, field]))
    if (byNumber.size !== fields.length)
      problems.push(`${message} has ${byNumber.size} fields, Go knows ${fields.length}`)
    for (const field of fields) {
      const other = byNumber.get(field.number)
      const scope = message.slice(0, message.lastIndexOf('.') + 1)
      const type = other?.type.startsWith('.') ? other.type.slice(1) : field.message ? scope + other?.type : other?.type
      const shape = other?.keyType ? 'map' : other?.rule === 'repeated' ? 'repeated' : 'single'
      const expected = field.shape === 'map' || field.shape === 'repeated' ? field.shape : 'single'
      if (type !== (field.message ?? field.type) || shape !== expected) {
        problems.push(
          `${message} field ${field.number}: ${type} ${shape}, Go has ${field.message ?? field.type} ${expected}`,
        )
      }
    }
  }
  report(problems)
}

// JSON names must be the published ones; a published type has no property that protobuf does not know.
function checkAgainstSchemas() {
  const problems = []
  for (const [message, fields] of Object.entries(go.messages)) {
    const definition = schemas[`io.${message.replace(/^k8s\.io\./, 'k8s.').replaceAll('_', '-')}`]
    if (!definition?.properties || opaque.has(fields[0]?.type)) continue
    const names = new Set(jsonNames(message))
    for (const name of Object.keys(definition.properties)) {
      if (!names.has(name) && name !== 'apiVersion' && name !== 'kind')
        problems.push(`${message}: no field for ${name}`)
    }
  }
  report(problems)
}

function jsonNames(message) {
  return go.messages[message].flatMap((field) => (field.shape === 'inline' ? jsonNames(field.message) : [field.name]))
}

function report(problems) {
  if (problems.length === 0) return
  for (const problem of problems) console.error(problem)
  process.exit(1)
}

// Versions of an API repeat each other. Two messages are one when their fields are alike and lead to messages that are one:
// start with all alike, split what differs until nothing splits.
function mergeEqualMessages() {
  const names = Object.keys(go.messages)
  let classOf = new Map(names.map((name) => [name, 0]))
  for (let count = 1; ;) {
    const found = new Map()
    const next = new Map()
    for (const name of names) {
      const key = go.messages[name].map((field) => describe(field, classOf)).join()
      if (!found.has(key)) found.set(key, found.size)
      next.set(name, found.get(key))
    }
    classOf = next
    if (found.size === count) return classOf
    count = found.size
  }
}

function describe(field, classOf) {
  const reference = field.message && !opaque.has(field.type) ? classOf.get(field.message) : ''
  return `${field.number} ${field.name} ${field.type} ${field.shape} ${field.always ?? false} ${reference}`
}

function idOf(message) {
  const key = classes.get(message)
  if (!ids.has(key)) {
    ids.set(key, order.length)
    order.push(message)
  }
  return ids.get(key)
}

/** `<number><type><shape><! when always shown><id of the message>:<JSON name>` */
function encodeField(field) {
  const reference = field.message && !opaque.has(field.type) ? referenceOf(field) : ''
  const shape = shapeLetters[field.shape]
  return `${field.number}${typeLetters[field.type]}${shape}${field.always ? '!' : ''}${reference}:${field.name}`
}

// The schema of JSONSchemaPropsOrBool and its like is what matters, not the wrapper.
function referenceOf(field) {
  if (field.type === 'message') return idOf(field.message)
  return idOf(go.messages[field.message].find(({ type }) => type === 'message').message)
}
