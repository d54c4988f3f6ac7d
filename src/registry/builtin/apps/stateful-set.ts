import { fieldForbidden } from '../../../meta/field-error.ts'
import { nameIsDnsLabel } from '../../../meta/names.ts'
import type { KubeObject } from '../../../meta/object.ts'
import { equalJson } from '../../schema/json-value.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultClaim } from '../core/persistent-volume-claim/claim-defaults.ts'
import { defaultPodTemplate } from '../core/pod/pod-defaults.ts'
import { defaultTo, defaultZero, ensureFields, type Fields, fieldsAt, listAt, numberAt, stringAt } from '../fields.ts'
import { checkNonNegative, type FieldErrors, noErrors } from '../validation/field-checks.ts'
import { validateSelectedTemplate } from './workload-validation.ts'
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

function validateStatefulSet(set: KubeObject): FieldErrors {
  const spec = fieldsAt(set, 'spec') ?? {}
  return [
    ...checkNonNegative(spec, 'spec', 'replicas'),
    ...checkNonNegative(spec, 'spec', 'minReadySeconds'),
    ...validateSelectedTemplate(spec, { kind: 'statefulset', owner: 'StatefulSet', template: completeTemplate(spec) }),
  ]
}

/** Pods get a volume for each claim template, and names that the controller decides. */
function completeTemplate(spec: Fields): Fields | undefined {
  const template = fieldsAt(spec, 'template')
  const podSpec = fieldsAt(template, 'spec')
  if (podSpec === undefined) return template
  const claims = listAt(spec, 'volumeClaimTemplates').map((claim) => {
    const name = stringAt(claim, 'metadata', 'name')
    return { name, persistentVolumeClaim: { claimName: name } }
  })
  const names = new Set(claims.map(({ name }) => name))
  const volumes = listAt(podSpec, 'volumes').filter((volume) => !names.has(stringAt(volume, 'name')))
  const { hostname: _hostname, subdomain: _subdomain, ...rest } = podSpec
  return { ...template, spec: { ...rest, volumes: [...claims, ...volumes] } }
}

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

function validateStatefulSetUpdate(set: KubeObject, previous: KubeObject): FieldErrors {
  const fixed = (object: KubeObject) =>
    Object.fromEntries(Object.entries(fieldsAt(object, 'spec') ?? {}).filter(([name]) => !mutable.includes(name)))
  if (equalJson(fixed(set), fixed(previous))) return noErrors
  const names = mutable.map((name) => `'${name}'`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return [fieldForbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)]
}

export const statefulSetKind: BuiltinKind = {
  group: 'apps',
  resource: 'statefulsets',
  scale: workloadScale,
  strategy: {
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
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
