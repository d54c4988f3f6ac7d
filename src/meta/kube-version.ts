interface KubeVersion {
  readonly stage: number
  readonly major: number
  readonly minor: number
}

const stages = new Map([
  ['alpha', 0],
  ['beta', 1],
])

function parse(version: string): KubeVersion | undefined {
  const match = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/.exec(version)
  if (!match) return undefined
  return { stage: stages.get(match[2] ?? '') ?? 2, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}

/**
 * Kubernetes' order, most preferred first: v10, v2, v1, v11beta2, v1beta1, v1alpha1, and what is no such version by name.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
 */
export function compareKubeVersions(a: string, b: string): number {
  const left = parse(a)
  const right = parse(b)
  if (left && right) return right.stage - left.stage || right.major - left.major || right.minor - left.minor
  if (left || right) return left ? -1 : 1
  return a < b ? -1 : Number(a > b)
}
