// Checks the table of import directions: which folder below src/ may import which; and that package.json names the
// packages that are imported.
// Prints one line per violation and exits 1 when there is any.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** folder → the folders it may import besides itself */
const table = {
  base: [],
  meta: ['base'],
  storage: ['base', 'meta'],
  client: ['base', 'meta'],
  registry: ['base', 'meta', 'storage', 'client'],
  informer: ['base', 'meta', 'storage', 'client'],
  access: ['base', 'meta', 'storage', 'client', 'registry', 'informer'],
  controller: ['base', 'meta', 'client', 'informer'],
  apiserver: ['base', 'meta', 'storage', 'client', 'registry', 'informer', 'access', 'controller'],
  reconcilers: ['base', 'meta', 'client', 'informer', 'controller'],
  tunnel: ['base'],
  agent: ['base', 'meta', 'client', 'informer', 'controller', 'tunnel'],
  simulation: ['base', 'meta', 'client', 'informer', 'controller'],
  hub: '*',
  cli: ['base', 'meta', 'client', 'agent', 'tunnel', 'hub', 'access', 'simulation'],
  bin: '*',
}
/** Folders that run anywhere: no node: modules, save below a folder named node/. */
const portable = new Set(['base', 'meta', 'client', 'console'])
/** The only folders that may name a storage driver. */
const driverNamers = new Set(['hub', 'storage'])

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = new Set(Object.keys(manifest.dependencies))
const testPackages = new Set([...packages, ...Object.keys(manifest.devDependencies)])

const imports = /(?:^(?:import|export)\b[^'";]*?\bfrom|^import|\bimport\()\s*'([^']+)'/gm
const root = resolve('src')
const problems = []

function* sources(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* sources(path)
    else if (path.endsWith('.ts')) yield path
  }
}

for (const file of sources(root)) {
  const place = relative(root, file)
  const from = place.split(sep)[0]
  const isTest = file.endsWith('.test.ts') || place.includes(`${sep}testing${sep}`)
  if (!(from in table)) problems.push(`${place}: folder src/${from} is not in the import table`)
  const text = readFileSync(file, 'utf8')
  for (const match of text.matchAll(imports)) {
    const target = match[1]
    if (target.startsWith('node:')) {
      if (portable.has(from) && !isTest && !place.includes(`${sep}node${sep}`))
        problems.push(`${place}: ${target} in a portable folder`)
      continue
    }
    if (!target.startsWith('.')) {
      const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/')
      const known = isTest ? testPackages : packages
      if (!known.has(name)) problems.push(`${place}: package.json does not name ${name} for this`)
      continue
    }
    const to = relative(root, resolve(dirname(file), target)).split(sep)
    if (isTest || to[0] === from || to[0] === '..') continue
    const allowed = table[from]
    if (allowed !== '*' && !allowed?.includes(to[0])) problems.push(`${place}: src/${from} may not import src/${to[0]}`)
    if (to[0] === 'storage' && ['leveldb', 'etcd', 'memory'].includes(to[1]) && !driverNamers.has(from))
      problems.push(`${place}: only the hub and tests name a storage driver`)
  }
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
