// Makes src/registry/schema/data/go-types.json: how Go calls the type of a field where the schema does not tell, and which
// fields come from an embedded struct. Decoding errors of the API server name both. Facts read from the types.go files of
// the published Go modules k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator} (Apache-2.0).
//
//   node scripts/generate-go-types.mjs "$(go env GOMODCACHE)/k8s.io" v0.36.1
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, version] = process.argv.slice(2)
if (!folder || !version) {
  console.error('usage: node scripts/generate-go-types.mjs <folder of k8s.io modules> <version>')
  process.exit(2)
}

const facts = JSON.parse(readFileSync('src/registry/schema/data/schema-facts.json', 'utf8'))

/** `io.k8s.api.core.v1.Pod` → the module, the folder in it, the type's name. */
function locate(definition) {
  const parts = definition.replace(/^io\.k8s\./, '').split('.')
  return { module: parts[0], path: parts.slice(1, -1).join('/'), name: parts.at(-1) }
}

const packages = new Map()

/** All struct types of a package: name → fields { json, type, embedded }. */
function readPackage(module, path) {
  const key = `${module}/${path}`
  if (packages.has(key)) return packages.get(key)
  const place = join(folder, `${module}@${version}`, path)
  const structs = new Map()
  for (const file of readdirSync(place)) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('zz_generated')) continue
    readStructs(readFileSync(join(place, file), 'utf8'), structs)
  }
  packages.set(key, structs)
  return structs
}

function readStructs(source, structs) {
  const imports = new Map()
  for (const [, alias, path] of source.matchAll(/^\s*(?:import\s+)?([A-Za-z0-9_]+)?\s*"([^"]+)"$/gm)) {
    const base = path.split('/').at(-1)
    imports.set(alias ?? base, { path, base })
  }
  for (const [, name, body] of source.matchAll(/^type ([A-Za-z0-9]+) struct \{\n([\s\S]*?)^\}/gm)) {
    structs.set(name, { imports, fields: [...readFields(body)] })
  }
}

function* readFields(body) {
  for (const line of body.split('\n')) {
    const field = /^\s*([A-Za-z0-9]+)\s+([^\s`]+)\s+`.*json:"([^",]*)[^"]*"/.exec(line)
    if (field) yield { json: field[3], type: field[2] }
    const embedded = /^\s*(\*?[A-Za-z0-9.]+)\s+`.*json:",inline/.exec(line)
    if (embedded) yield { embedded: embedded[1].replace('*', '') }
  }
}

/** How reflect prints a type: local and imported names with the last element of their package's path. */
function printed(type, imports, path) {
  const own = path.split('/').at(-1)
  return type
    .replace(/^\*/, '')
    .replaceAll('[]byte', '[]uint8')
    .replace(/([A-Za-z0-9_]+\.)?([A-Z][A-Za-z0-9]*)/g, (_, alias, name) => {
      const base = alias ? (imports.get(alias.slice(0, -1))?.base ?? alias.slice(0, -1)) : own
      return `${base}.${name}`
    })
}

/** What the schema alone suggests. */
function derived(schema) {
  if (schema.$ref) {
    const { path, name } = locate(schema.$ref)
    return `${path.split('/').at(-1)}.${name}`
  }
  if (schema.type === 'array') return `[]${derived(schema.items)}`
  if (schema.type === 'object')
    return `map[string]${schema.additionalProperties ? derived(schema.additionalProperties) : '?'}`
  if (schema.type === 'integer') return schema.format ?? 'int64'
  if (schema.type === 'number') return 'float64'
  if (schema.type === 'boolean') return 'bool'
  return schema.format === 'byte' ? '[]uint8' : 'string'
}

function* fieldsOf(module, path, name, through) {
  const struct = readPackage(module, path).get(name)
  if (!struct) return
  for (const field of struct.fields) {
    if (!field.embedded) yield { ...field, through, imports: struct.imports, path }
    else if (!field.embedded.includes('.')) yield* fieldsOf(module, path, field.embedded, [...through, field.embedded])
    else yield* fieldsOfImported(field.embedded, struct.imports, through)
  }
}

function* fieldsOfImported(type, imports, through) {
  const [alias, name] = type.split('.')
  const target = imports.get(alias)?.path
  const match = /^k8s\.io\/([^/]+)\/(.+)$/.exec(target ?? '')
  if (match) yield* fieldsOf(match[1], match[2], name, [...through, name])
}

const result = {}
for (const [definition, schema] of Object.entries(facts)) {
  if (!schema.properties) continue
  const { module, path, name } = locate(definition)
  const types = {}
  const embedded = {}
  for (const field of fieldsOf(module, path, name, [])) {
    const property = schema.properties[field.json]
    if (!property) continue
    const type = printed(field.type, field.imports, field.path)
    if (type !== derived(property)) types[field.json] = type
    const visible = field.through.filter((struct) => struct !== 'TypeMeta')
    if (visible.length > 0) embedded[field.json] = visible.join('.')
  }
  if (Object.keys(types).length + Object.keys(embedded).length === 0) continue
  result[definition] = {
    ...(Object.keys(types).length > 0 ? { types } : {}),
    ...(Object.keys(embedded).length > 0 ? { embedded } : {}),
  }
}

const lines = Object.entries(result).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
writeFileSync('src/registry/schema/data/go-types.json', `{\n${lines.join(',\n')}\n}\n`)
console.log(`src/registry/schema/data/go-types.json: ${lines.length} definitions`)
