/** Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, then everything else by name. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a)
  const right = parseVersion(b)
  if (!left || !right) {
    if (left) return -1
    if (right) return 1
    return a < b ? -1 : Number(a > b)
  }
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor
}

const stages = { alpha: 0, beta: 1, ga: 2 }

function parseVersion(version: string): { major: number; stage: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return undefined
  const stage = match[2] === 'alpha' ? stages.alpha : match[2] === 'beta' ? stages.beta : stages.ga
  return { major: Number(match[1]), stage, minor: Number(match[3] ?? 0) }
}
