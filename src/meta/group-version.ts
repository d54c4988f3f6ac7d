export interface GroupVersion {
  /** Empty for the core group. */
  group: string
  version: string
}
export interface GroupVersionKind extends GroupVersion {
  kind: string
}
export interface GroupVersionResource extends GroupVersion {
  resource: string
}
export interface GroupResource {
  group: string
  resource: string
}

/** `apps/v1`, or `v1` for the core group. */
export function toApiVersion({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`
}

/** The inverse of `toApiVersion`; undefined when there is more than one slash or an empty part. */
export function fromApiVersion(apiVersion: string): GroupVersion | undefined {
  const parts = apiVersion.split('/')
  const [first, second] = parts
  if (parts.length === 1 && first) return { group: '', version: first }
  if (parts.length === 2 && first && second) return { group: first, version: second }
  return undefined
}

/** `deployments.apps`, or `pods` for the core group: how error texts name a resource. */
export function toQualifiedResource({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** The path below a server or workspace URL: `/api/v1` or `/apis/apps/v1`. */
export function toApiPath({ group, version }: GroupVersion): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}
