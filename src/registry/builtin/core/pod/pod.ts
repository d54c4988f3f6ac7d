import type { KubeObject } from '../../../../meta/object.ts'
import type { OperationContext, Strategy } from '../../../resource-definition.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { booleanAt, ensureFields, type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import { formatTime } from '../../../../meta/time.ts'
import { addPodAdmissionDefaults, keepPodAdmissionDefaults } from './pod-admission-defaults.ts'
import { podCells } from './pod-cells.ts'
import { defaultPod } from './pod-defaults.ts'
import { qosClassOf } from './pod-resources.ts'
import { validateEphemeralContainersUpdate, validatePod, validatePodUpdate } from './pod-validation.ts'

function prepareForCreate(pod: KubeObject, { nowMs }: OperationContext): void {
  const spec = ensureFields(pod, 'spec')
  if (spec === undefined) return
  addPodAdmissionDefaults(spec)
  const gated = listAt(spec, 'schedulingGates').length > 0
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  }
  pod['status'] = {
    phase: 'Pending',
    qosClass: qosClassOf(spec),
    ...(gated ? { conditions: [{ ...condition, lastProbeTime: null, lastTransitionTime: formatTime(nowMs) }] } : {}),
  }
}

/** A pod that no node runs, or that has ended, goes at once. */
function gracePeriod(pod: KubeObject, requested: number | undefined): number {
  const phase = stringAt(pod, 'status', 'phase')
  if (nodeName(pod) === '' || phase === 'Failed' || phase === 'Succeeded') return 0
  const seconds = requested ?? numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 0
  return seconds < 0 ? 1 : seconds
}

/** Takes over the ephemeral containers of a request and nothing else. */
const ephemeralContainers: Strategy = {
  validateUpdate: validateEphemeralContainersUpdate,
  prepareForUpdate(pod, previous) {
    const containers = fieldsAt(pod, 'spec')?.['ephemeralContainers']
    pod['spec'] = {
      ...fieldsAt(previous, 'spec'),
      ...(containers === undefined ? {} : { ephemeralContainers: containers }),
    }
    if (containers === undefined) delete fieldsAt(pod, 'spec')?.['ephemeralContainers']
    pod['status'] = previous['status']
  },
}

/** Takes over what the containers of a request may use and nothing else. */
const resize: Strategy = {
  validate: validatePod,
  prepareForUpdate(pod, previous) {
    const spec: Fields = { ...fieldsAt(previous, 'spec') }
    for (const field of ['containers', 'initContainers']) {
      const wanted = listAt(pod, 'spec', field)
      const current = listAt(previous, 'spec', field)
      const same =
        wanted.length === current.length && wanted.every((item, at) => item['name'] === current[at]?.['name'])
      if (!same) return
      if (current.length > 0) spec[field] = current.map((item, at) => resized(item, wanted[at] ?? {}))
    }
    const resources = fieldsAt(pod, 'spec', 'resources')
    if (resources) spec['resources'] = resources
    pod['spec'] = spec
    pod['status'] = previous['status']
  },
}

function resized(container: Fields, wanted: Fields): Fields {
  const { resources: _resources, resizePolicy: _policy, ...rest } = container
  const taken: Fields = {}
  for (const field of ['resources', 'resizePolicy']) if (wanted[field] !== undefined) taken[field] = wanted[field]
  return { ...rest, ...taken }
}

const nodeName = (pod: KubeObject): string => stringAt(pod, 'spec', 'nodeName')
const podIP = (pod: KubeObject): string => stringAt(listAt(pod, 'status', 'podIPs')[0], 'ip')

export const podKind: BuiltinKind = {
  group: '',
  resource: 'pods',
  selectableFields: {
    'spec.nodeName': nodeName,
    'spec.host': nodeName,
    'spec.restartPolicy': (pod) => stringAt(pod, 'spec', 'restartPolicy'),
    'spec.schedulerName': (pod) => stringAt(pod, 'spec', 'schedulerName'),
    'spec.serviceAccountName': (pod) => stringAt(pod, 'spec', 'serviceAccountName'),
    'spec.hostNetwork': (pod) => String(booleanAt(pod, 'spec', 'hostNetwork') ?? false),
    'status.phase': (pod) => stringAt(pod, 'status', 'phase'),
    'status.podIP': podIP,
    // Upstream accepts the label and has no value for it.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => stringAt(pod, 'status', 'nominatedNodeName'),
  },
  strategy: {
    returnsDeletedObject: true,
    applyDefaults: defaultPod,
    prepareForCreate,
    prepareForUpdate(pod, previous) {
      const spec = fieldsAt(pod, 'spec')
      if (spec) keepPodAdmissionDefaults(spec, fieldsAt(previous, 'spec') ?? {})
    },
    gracePeriodSeconds: gracePeriod,
    validate: validatePod,
    validateUpdate: validatePodUpdate,
  },
  statusStrategy: {
    prepareForUpdate(pod, previous) {
      const status = fieldsAt(pod, 'status')
      const before = stringAt(previous, 'status', 'qosClass')
      if (status && !status['qosClass'] && before !== '') status['qosClass'] = before
    },
  },
  parts: { ephemeralcontainers: ephemeralContainers, resize },
  cells: podCells,
}
