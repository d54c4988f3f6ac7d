import { badRequest, conflict, invalid } from '../../../../meta/api-errors.ts'
import { type FieldError, fieldNotSupported, fieldRequired } from '../../../../meta/field-error.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import { formatTime } from '../../../../meta/time.ts'
import type { DeleteOptions, ObjectStore, ResourceScope } from '../../../generic/object-store.ts'
import type {
  OperationContext,
  ResourceDefinition,
  SubresourceCreate,
  VirtualCreate,
} from '../../../resource-definition.ts'
import { ensureFields, type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'

/** What the creates need, asked for when they run: definitions are made before there is a store. */
export interface PodCreatesParts {
  readonly store: () => ObjectStore
  /** The definition of pods. */
  readonly definition: () => ResourceDefinition
}

/** Keys as in `BuiltinOverrides`. */
export interface PodCreates {
  readonly virtualCreate: ReadonlyMap<string, VirtualCreate>
  readonly subresourceCreate: ReadonlyMap<string, SubresourceCreate>
}

/**
 * The POSTs that change a pod: binding it to a node, and evicting it. No PodDisruptionBudget holds an eviction back yet:
 * it is a delete.
 */
export function podCreates(parts: PodCreatesParts): PodCreates {
  const bind: SubresourceCreate = (name, binding, context) => bindPod(parts, name, binding, context)
  const evict: SubresourceCreate = (name, eviction, context) => evictPod(parts, name, eviction, context)
  return {
    virtualCreate: new Map([['/bindings', (binding, context) => bind(binding.metadata.name ?? '', binding, context)]]),
    subresourceCreate: new Map([
      ['/pods/binding', bind],
      ['/pods/eviction', evict],
    ]),
  }
}

function scopeOf({ definition }: PodCreatesParts, { logicalCluster }: OperationContext): ResourceScope {
  const found = definition()
  const version = found.versions[0]
  if (version === undefined) throw new Error('pods have no version')
  return { logicalCluster, definition: found, version }
}

function success(): KubeObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
}

async function bindPod(
  parts: PodCreatesParts,
  name: string,
  binding: KubeObject,
  context: OperationContext,
): Promise<KubeObject> {
  if (binding.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object')
  const errors = validateTarget(fieldsAt(binding, 'target') ?? {})
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors)
  await parts.store().update(scopeOf(parts, context), {
    namespace: context.namespace,
    name,
    context,
    part: { subresource: 'binding', type: 'part', strategy: undefined },
    next: (current) => boundPod(structuredClone(current as KubeObject), name, binding, context.nowMs),
  })
  return success()
}

function validateTarget(target: Fields): FieldError[] {
  const kind = stringAt(target, 'kind')
  return [
    ...(kind === '' || kind === 'Node' ? [] : [fieldNotSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(stringAt(target, 'name') === '' ? [fieldRequired('target.name')] : []),
  ]
}

/** Throws Conflict for a pod that has a node, is going, or waits for its scheduling gates. */
function boundPod(pod: KubeObject, name: string, binding: KubeObject, nowMs: number): KubeObject {
  const refuse = (why: string): never => {
    throw conflict({ group: '', resource: 'pods/binding' }, name, why)
  }
  const { uid, resourceVersion } = binding.metadata
  if (uid && uid !== pod.metadata.uid) {
    refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`)
  }
  if (pod.metadata.deletionTimestamp) refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  const node = stringAt(pod, 'spec', 'nodeName')
  if (node !== '') refuse(`pod ${name} is already assigned to node ${JSON.stringify(node)}`)
  if (listAt(pod, 'spec', 'schedulingGates').length > 0) refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  if (resourceVersion) pod.metadata.resourceVersion = resourceVersion
  const spec = ensureFields(pod, 'spec')
  if (spec) spec['nodeName'] = stringAt(binding, 'target', 'name')
  const { annotations, labels } = binding.metadata
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations }
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels }
  markScheduled(pod, nowMs)
  return pod
}

function markScheduled(pod: KubeObject, nowMs: number): void {
  const status = ensureFields(pod, 'status')
  if (status === undefined) return
  delete status['nominatedNodeName']
  const others = listAt(status, 'conditions').filter((condition) => condition['type'] !== 'PodScheduled')
  const lastTransitionTime = formatTime(nowMs)
  status['conditions'] = [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime }]
}

async function evictPod(
  parts: PodCreatesParts,
  name: string,
  eviction: KubeObject,
  context: OperationContext,
): Promise<KubeObject> {
  if (eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object')
  const dryRun = context.dryRun || isDryRun(eviction)
  await parts.store().delete(scopeOf(parts, context), {
    namespace: context.namespace,
    name,
    context: { user: context.user, dryRun, warn: (text) => context.warn(text) },
    options: deleteOptions(fieldsAt(eviction, 'deleteOptions')),
  })
  return success()
}

function isDryRun(eviction: KubeObject): boolean {
  const values = fieldsAt(eviction, 'deleteOptions')?.['dryRun']
  return Array.isArray(values) && values.includes('All')
}

function deleteOptions(options: Fields | undefined): DeleteOptions {
  const gracePeriodSeconds = numberAt(options, 'gracePeriodSeconds')
  const propagationPolicy = stringAt(options, 'propagationPolicy')
  const uid = stringAt(options, 'preconditions', 'uid')
  const resourceVersion = stringAt(options, 'preconditions', 'resourceVersion')
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(isPolicy(propagationPolicy) ? { propagationPolicy } : {}),
    preconditions: { ...(uid === '' ? {} : { uid }), ...(resourceVersion === '' ? {} : { resourceVersion }) },
  }
}

function isPolicy(text: string): text is 'Background' | 'Foreground' | 'Orphan' {
  return text === 'Background' || text === 'Foreground' || text === 'Orphan'
}
