import { defaultPodTemplate } from '../../core/pod/pod-defaults.ts'
import { defaultTo, defaultZero, ensureFields, type Fields } from '../../fields.ts'

export function defaultDeploymentSpec(spec: Fields): void {
  defaultTo(spec, 'replicas', 1)
  const strategy = ensureFields(spec, 'strategy')
  if (strategy) {
    defaultZero(strategy, 'type', 'RollingUpdate')
    const rolling = strategy['type'] === 'RollingUpdate' ? ensureFields(strategy, 'rollingUpdate') : undefined
    if (rolling) {
      defaultTo(rolling, 'maxUnavailable', '25%')
      defaultTo(rolling, 'maxSurge', '25%')
    }
  }
  defaultTo(spec, 'revisionHistoryLimit', 10)
  defaultTo(spec, 'progressDeadlineSeconds', 600)
  defaultPodTemplate(spec, 'template')
}
