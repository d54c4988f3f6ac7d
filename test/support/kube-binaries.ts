import { accessSync, constants, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The programs of a real control plane; each is an executable of that name in the folder. */
export const kubePrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubectl',
] as const
export type KubeProgram = (typeof kubePrograms)[number]

export type KubeBinaries =
  | { readonly available: true; readonly folder: string }
  | {
      readonly available: false
      /** One sentence: what is missing and how to get it. */
      readonly reason: string
    }

/**
 * Where the real Kubernetes programs are: `KUBEBUILDER_ASSETS`, else what `scripts/build-kube.sh` has built for the
 * version in test/support/kube. Never builds. `needed` names the programs that the caller starts.
 */
export function kubeBinaries(needed: readonly KubeProgram[] = kubePrograms): KubeBinaries {
  const folder = process.env['KUBEBUILDER_ASSETS'] || builtFolder()
  const missing = needed.filter((program) => !isExecutable(join(folder, program)))
  if (missing.length === 0) return { available: true, folder }
  return {
    available: false,
    reason:
      `no real Kubernetes: ${folder} lacks ${missing.join(', ')}; ` +
      'run scripts/build-kube.sh (Go 1.26, about eight minutes, once) or point KUBEBUILDER_ASSETS at a folder that has them',
  }
}

/** The folder of the binaries, for code that cannot go on without them. */
export function requireKubeBinaries(needed: readonly KubeProgram[]): string {
  const binaries = kubeBinaries(needed)
  if (!binaries.available) throw new Error(binaries.reason)
  return binaries.folder
}

function builtFolder(): string {
  const { ATOLL_KUBE_CACHE, XDG_CACHE_HOME } = process.env
  const cache = ATOLL_KUBE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'atoll', 'kube')
  return join(cache, kubernetesVersion())
}

/** The version without its v, as the Go module that is built requires it. */
export function kubernetesVersion(): string {
  const goMod = readFileSync(new URL('kube/kubernetes/go.mod', import.meta.url), 'utf8')
  const version = /^\s*(?:require )?k8s\.io\/kubernetes v(\S+)/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('test/support/kube/kubernetes/go.mod requires no k8s.io/kubernetes')
  return version
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
