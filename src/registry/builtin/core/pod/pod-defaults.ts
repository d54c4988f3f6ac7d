import type { KubeObject } from '../../../../meta/object.ts'
import {
  booleanAt,
  defaultTo,
  defaultZero,
  ensureFields,
  type Fields,
  fieldsAt,
  listAt,
  stringAt,
} from '../../fields.ts'
import { roundResourceList, roundResources } from '../resource-list.ts'
import { defaultContainer } from './container-defaults.ts'
import { defaultPodLevelResources } from './pod-resources.ts'
import { defaultVolume } from './volume-defaults.ts'

/** What a pod has beyond a pod template: values that were introduced after templates had to stay as they are. */
export function defaultPod(pod: KubeObject): void {
  const spec = fieldsAt(pod, 'spec')
  if (spec === undefined) return
  for (const container of [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]) {
    requestWhatIsLimited(container)
  }
  defaultPodLevelResources(spec)
  defaultTo(spec, 'enableServiceLinks', true)
  if (booleanAt(spec, 'hostNetwork')) shareHostPorts(spec)
  defaultPodSpec(spec)
}

/** Of `spec.template` of a workload. */
export function defaultPodTemplate(owner: unknown, ...path: readonly string[]): void {
  const spec = fieldsAt(owner, ...path, 'spec')
  if (spec) defaultPodSpec(spec)
}

export function defaultPodSpec(spec: Fields): void {
  defaultZero(spec, 'dnsPolicy', 'ClusterFirst')
  defaultZero(spec, 'restartPolicy', 'Always')
  ensureFields(spec, 'securityContext')
  defaultTo(spec, 'terminationGracePeriodSeconds', 30)
  defaultZero(spec, 'schedulerName', 'default-scheduler')
  mirrorServiceAccount(spec)
  for (const volume of listAt(spec, 'volumes')) defaultVolume(volume)
  for (const name of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of listAt(spec, name)) defaultContainer(container)
  }
  roundResourceList(fieldsAt(spec, 'overhead'))
  roundResources(fieldsAt(spec, 'resources'))
}

/** The deprecated `serviceAccount` always says what `serviceAccountName` says. */
function mirrorServiceAccount(spec: Fields): void {
  const name = stringAt(spec, 'serviceAccountName') || stringAt(spec, 'serviceAccount')
  if (name === '') return
  spec['serviceAccountName'] = name
  spec['serviceAccount'] = name
}

function shareHostPorts(spec: Fields): void {
  for (const container of [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]) {
    for (const port of listAt(container, 'ports')) defaultZero(port, 'hostPort', port['containerPort'])
  }
}

function requestWhatIsLimited(container: Fields): void {
  const limits = fieldsAt(container, 'resources', 'limits')
  const resources = fieldsAt(container, 'resources')
  if (limits === undefined || resources === undefined) return
  const requests = ensureFields(resources, 'requests')
  if (requests === undefined) return
  for (const [name, amount] of Object.entries(limits)) {
    if (!Object.hasOwn(requests, name)) requests[name] = amount
  }
}
