import { union } from './field-set.ts'
import { compareText, identityOf, type Manager, type Managers } from './managers.ts'

const maxUpdateManagers = 10
const bucketName = 'ancient-changes'

/** At most ten updaters: the oldest ones of one version become one entry. Appliers are not counted. */
export function capUpdateManagers(managers: Managers): void {
  if (managers.size <= maxUpdateManagers) return
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update')
  let excess = updaters.length - maxUpdateManagers
  if (excess <= 0) return
  updaters.sort(([leftId, left], [rightId, right]) => {
    return compareText(left.time ?? '', right.time ?? '') || compareText(leftId, rightId)
  })
  const firstOfVersion = new Map<string, string>()
  for (const [identity, manager] of updaters) {
    if (excess <= 0) return
    const first = firstOfVersion.get(manager.apiVersion)
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, identity)
      continue
    }
    pourIntoBucket(managers, first, identity, manager)
    excess--
  }
}

function pourIntoBucket(managers: Managers, first: string, identity: string, manager: Manager): void {
  const { apiVersion, time, fields } = manager
  const bucket: Omit<Manager, 'fields'> = { name: bucketName, operation: 'Update', apiVersion, subresource: '', time }
  const bucketId = identityOf(bucket)
  const full = identity === bucketId ? undefined : managers.get(bucketId)
  const other = full ?? managers.get(first)
  if (!full) managers.delete(first)
  managers.delete(identity)
  managers.set(bucketId, { ...bucket, fields: other ? union(fields, other.fields) : fields })
}
