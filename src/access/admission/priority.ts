import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { KubeObject } from '../../meta/object.ts'
import { booleanAt, fieldsAt, numberAt, stringAt, valueAt, type Fields } from '../../registry/builtin/fields.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import { isPodItself, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

const priorityClasses = { group: 'scheduling.k8s.io', resource: 'priorityclasses' }

/** Gives a pod the number and the preemption policy of its PriorityClass, and allows one default class only. */
export function createPriority(reader: ObjectReader): AdmissionPlugin {
  const defaultClass = (logicalCluster: string): MaybePromise<KubeObject | undefined> =>
    chain(reader.list({ logicalCluster, ...priorityClasses }), (classes) =>
      classes
        .filter((item) => booleanAt(item, 'globalDefault'))
        .reduce<KubeObject | undefined>(
          (least, item) => (least && valueOf(least) <= valueOf(item) ? least : item),
          undefined,
        ),
    )

  return {
    name: 'Priority',
    handles: (target) =>
      isPodItself(target) ||
      (target.group === priorityClasses.group &&
        target.resource === priorityClasses.resource &&
        target.subresource === '' &&
        isWrite(target.operation)),
    mutate(attributes) {
      const { operation, logicalCluster, object, oldObject } = attributes
      const spec = attributes.resource === 'pods' ? fieldsAt(object, 'spec') : undefined
      if (!spec) return
      if (operation === 'UPDATE') return keepPriority(spec, fieldsAt(oldObject, 'spec'))
      const name = stringAt(spec, 'priorityClassName')
      if (name === '') return chain(defaultClass(logicalCluster), (found) => prioritize(attributes, spec, found))
      return chain(reader.get({ logicalCluster, ...priorityClasses, namespace: '', name }), (found) => {
        if (!found) throw admissionForbidden(attributes, `no PriorityClass with name ${name} was found`)
        prioritize(attributes, spec, found)
      })
    },
    validate(attributes) {
      const { operation, logicalCluster, object } = attributes
      if (attributes.resource !== 'priorityclasses' || !booleanAt(object, 'globalDefault')) return
      return chain(defaultClass(logicalCluster), (found) => {
        const other = found?.metadata.name
        if (other === undefined || (operation === 'UPDATE' && other === object?.metadata.name)) return
        throw admissionForbidden(
          attributes,
          `PriorityClass ${other} is already marked as default. Only one default can exist`,
        )
      })
    },
  }
}

function isWrite(operation: AdmissionAttributes['operation']): boolean {
  return operation === 'CREATE' || operation === 'UPDATE'
}

function valueOf(priorityClass: KubeObject): number {
  return numberAt(priorityClass, 'value') ?? 0
}

function computed(value: string | number): string {
  return `must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
}

/** A client that does not know the fields leaves them out; they are immutable. */
function keepPriority(spec: Fields, oldSpec: Fields | undefined): void {
  for (const field of ['priority', 'preemptionPolicy']) {
    const old = valueAt(oldSpec, field)
    if (valueAt(spec, field) === undefined && old !== undefined) spec[field] = old
  }
}

function prioritize(attributes: AdmissionAttributes, spec: Fields, found: KubeObject | undefined): void {
  const priority = found ? valueOf(found) : 0
  const policy = found ? stringAt(found, 'preemptionPolicy') : 'PreemptLowerPriority'
  const given = numberAt(spec, 'priority')
  const givenPolicy = stringAt(spec, 'preemptionPolicy')
  if (given !== undefined && given !== priority)
    throw admissionForbidden(attributes, `the integer value of priority (${given}) ${computed(priority)}`)
  if (policy !== '' && givenPolicy !== '' && givenPolicy !== policy)
    throw admissionForbidden(attributes, `the string value of PreemptionPolicy (${givenPolicy}) ${computed(policy)}`)
  if (found) spec['priorityClassName'] = found.metadata.name
  spec['priority'] = priority
  if (policy !== '') spec['preemptionPolicy'] = policy
}
