// Makes the tables in src/registry/builtin/data/ from the recorded facts of a kube-apiserver:
//   node scripts/generate-server-facts.mjs <data folder>
// builtin-resources.json: discovery and table columns; bootstrap-objects.json: what a fresh server contains.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node scripts/generate-server-facts.mjs <data folder>')
  process.exit(2)
}
const facts = JSON.parse(readFileSync(join(folder, 'kubernetes-1.36-server-facts.json'), 'utf8'))
const target = new URL('../src/registry/builtin/data/', import.meta.url)
const provenance = 'Recorded from kube-apiserver 1.36.1 (Apache-2.0); made by scripts/generate-server-facts.mjs'
const allVerbs = 'create,delete,deletecollection,get,list,patch,update,watch'

/** One object a line: small, and a change shows as the lines it touches. */
function writeLines(name, fields) {
  const parts = Object.entries(fields).map(([key, value]) =>
    Array.isArray(value)
      ? `${JSON.stringify(key)}: [\n${value.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n ]`
      : `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  )
  writeFileSync(new URL(name, target), `{\n ${parts.join(',\n ')}\n}\n`)
}

function toColumns(group, version, resource) {
  const columns = facts.tableColumns[`${group}/${version}/${resource}`] ?? []
  return columns.map(({ name, type, format = '', priority = 0 }) => [name, type, format, priority])
}

function toSubresource({ subresource, responseKind, verbs }) {
  const { group, version, kind } = responseKind
  return { name: subresource, kind, verbs, ...(version ? { group, version } : {}) }
}

const rows = new Map()
for (const { group, versions } of facts.discovery) {
  for (const { version, resources } of versions) {
    for (const resource of resources) {
      const key = `${group}/${resource.resource}`
      const row = rows.get(key)
      if (row) {
        row.versions.push(version)
        continue
      }
      const verbs = resource.verbs.join(',') === allVerbs ? {} : { verbs: resource.verbs }
      rows.set(key, {
        group,
        versions: [version],
        resource: resource.resource,
        kind: resource.responseKind.kind,
        ...(resource.scope === 'Namespaced' ? { namespaced: true } : {}),
        ...(resource.shortNames ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories ? { categories: resource.categories } : {}),
        ...verbs,
        ...(resource.subresources ? { subresources: resource.subresources.map(toSubresource) } : {}),
        columns: toColumns(group, version, resource.resource),
      })
      if (resource.singularResource !== resource.responseKind.kind.toLowerCase()) throw new Error(`singular of ${key}`)
    }
  }
}
writeLines('builtin-resources.json', { provenance, version: facts.version, resources: [...rows.values()] })

const overlays = [
  ['rbac.authorization.k8s.io', 'clusterroles', facts.clusterRoles],
  ['rbac.authorization.k8s.io', 'clusterrolebindings', facts.clusterRoleBindings],
  ['rbac.authorization.k8s.io', 'roles', facts.roles],
  ['rbac.authorization.k8s.io', 'rolebindings', facts.roleBindings],
  ['flowcontrol.apiserver.k8s.io', 'flowschemas', facts.flowSchemas],
  ['flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations', facts.priorityLevelConfigurations],
  ['scheduling.k8s.io', 'priorityclasses', facts.priorityClasses],
  ['apiregistration.k8s.io', 'apiservices', facts.apiServices],
]
writeLines('bootstrap-objects.json', {
  provenance,
  ...Object.fromEntries(overlays.map(([group, resource, objects]) => [`${group}/${resource}`, objects])),
})
