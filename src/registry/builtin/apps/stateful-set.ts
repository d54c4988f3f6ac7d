import { nameIsDnsLabel } from '../../../meta/names.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultClaim } from '../core/persistent-volume-claim/claim-defaults.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, defaultZero, ensureFields, type Fields, fieldsAt, listAt, numberAt } from '../fields.ts'
import { containerCells } from '../table-cells.ts'
import { workloadScale } from './workload-scale.ts'

function defaultSpec(spec: Fields): void {
  defaultZero(spec, 'podManagementPolicy', 'OrderedReady')
  defaultUpdateStrategy(spec)
  const retention = ensureFields(spec, 'persistentVolumeClaimRetentionPolicy')
  if (retention) {
    defaultZero(retention, 'whenDeleted', 'Retain')
    defaultZero(retention, 'whenScaled', 'Retain')
  }
  defaultTo(spec, 'replicas', 1)
  defaultTo(spec, 'revisionHistoryLimit', 10)
  defaultPodTemplate(spec, 'template')
  for (const claim of listAt(spec, 'volumeClaimTemplates')) {
    defaultClaim(claim)
    defaultZero(claim, 'apiVersion', 'v1')
    defaultZero(claim, 'kind', 'PersistentVolumeClaim')
  }
}

function defaultUpdateStrategy(spec: Fields): void {
  const strategy = ensureFields(spec, 'updateStrategy')
  if (strategy === undefined) return
  if (!strategy['type']) {
    strategy['type'] = 'RollingUpdate'
    ensureFields(strategy, 'rollingUpdate')
  }
  const rolling = fieldsAt(strategy, 'rollingUpdate')
  if (strategy['type'] === 'RollingUpdate' && rolling) defaultTo(rolling, 'partition', 0)
}

export const statefulSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'statefulsets',
  scale: workloadScale,
  strategy: {
    validateName: nameIsDnsLabel,
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) defaultSpec(spec)
    },
    prepareForCreate(object) {
      object['status'] = { replicas: 0, availableReplicas: 0 }
    },
  },
  cells: {
    Ready: (object) =>
      `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
    ...containerCells('spec', 'template', 'spec'),
  },
}
