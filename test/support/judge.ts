import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts'

/** The programs that a judge needs; see `kubeBinaries`. */
export const judgePrograms = ['etcd', 'kube-apiserver'] as const

/**
 * A real kube-apiserver to ask how the API behaves: the same request to it and to the hub must have the same answer.
 * No controllers run, so objects stay as they were written: no pods of a Deployment, no default ServiceAccounts, and a
 * namespace that is deleted stays Terminating.
 */
export function startJudge(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { name = 'judge', durable = false, apiServerArgs = [] } = options
  return startControlPlane({
    ...options,
    name,
    durable,
    // It would refuse every Pod whose ServiceAccount no controller has made.
    apiServerArgs: ['--disable-admission-plugins=ServiceAccount', ...apiServerArgs],
  })
}
