// Makes src/registry/schema/data/schema-facts.json: the OpenAPI definitions that the API server serves, reduced to facts
// (no prose). Made from kubernetes-1.36-schema-facts.json (Kubernetes API packages 0.36, Apache-2.0).
//
//   node scripts/generate-schema-facts.mjs <data folder>
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node scripts/generate-schema-facts.mjs <data folder>')
  process.exit(2)
}

const prefix = '#/definitions/'
const facts = JSON.parse(readFileSync(join(folder, 'kubernetes-1.36-schema-facts.json'), 'utf8'))

/** References without their constant prefix. */
function shorten(value) {
  if (Array.isArray(value)) return value.map(shorten)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    key === '$ref' && typeof item === 'string' && item.startsWith(prefix) ? item.slice(prefix.length) : shorten(item),
  ])
  return Object.fromEntries(entries)
}

function* references(value) {
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string') yield item.slice(prefix.length)
    else yield* references(item)
  }
}

// Everything that is a kind of its own, what those reach, and what operations mention.
const roots = Object.keys(facts).filter((name) => facts[name]['x-kubernetes-group-version-kind'])
roots.push('io.k8s.apimachinery.pkg.apis.meta.v1.Patch')
const wanted = new Set()
const pending = [...roots]
for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
  if (wanted.has(name)) continue
  if (!facts[name]) throw new Error(`definition ${name} is missing`)
  wanted.add(name)
  pending.push(...references(facts[name]))
}

// One definition a line, so that a change of the API shows as a readable diff.
const lines = [...wanted]
  .sort((a, b) => (a < b ? -1 : 1))
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(shorten(facts[name]))}`)
const target = 'src/registry/schema/data/schema-facts.json'
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`)
console.log(`${target}: ${lines.length} definitions`)
