import type { KubeObject, ObjectMeta } from '../../meta/object.ts'
import { type ResourceDefinition, type ResourceVersion, type Strategy, subresourcesIn } from '../resource-definition.ts'
import { equalJson } from '../schema/json-value.ts'

/** What a client may not decide about a new object; wiped before admission sees it. */
export function wipeSystemMetadata(metadata: ObjectMeta): void {
  delete metadata.uid
  delete metadata.creationTimestamp
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** What the status subresource owns, when the resource has one. */
export function statusFieldsOf(definition: ResourceDefinition, version: ResourceVersion): readonly string[] {
  if (definition.strategy.statusFields) return definition.strategy.statusFields
  return subresourcesIn(definition, version).some(({ type }) => type === 'status') ? statusField : noFields
}
const statusField: readonly string[] = ['status']
const noFields: readonly string[] = []

export type GenerationRule = NonNullable<Strategy['generation']>

export function generationRuleOf({ strategy }: ResourceDefinition, { schema }: ResourceVersion): GenerationRule {
  return strategy.generation ?? (schema.properties?.has('spec') ? 'spec' : 'none')
}

/** Whether an update changed what generation counts. */
export function countsAsNewGeneration(
  rule: GenerationRule,
  next: KubeObject,
  previous: KubeObject,
  statusFields: readonly string[],
): boolean {
  if (rule === 'none') return false
  if (rule === 'spec') return !equalJson(next['spec'], previous['spec'])
  const counted = (name: string): boolean =>
    name !== 'metadata' && name !== 'apiVersion' && name !== 'kind' && !statusFields.includes(name)
  const names = new Set([...Object.keys(next), ...Object.keys(previous)])
  for (const name of names) if (counted(name) && !equalJson(next[name], previous[name])) return true
  return false
}

/** What an update cannot change and need not repeat: silently what it was. What contradicts it is found by validation. */
export function keepSystemMetadata(next: ObjectMeta, previous: ObjectMeta): void {
  if (!next.uid && previous.uid) next.uid = previous.uid
  if (previous.creationTimestamp) next.creationTimestamp = previous.creationTimestamp
  if (previous.deletionTimestamp) next.deletionTimestamp = previous.deletionTimestamp
  // Null is what a patch may leave.
  if (previous.deletionGracePeriodSeconds !== undefined)
    next.deletionGracePeriodSeconds ??= previous.deletionGracePeriodSeconds
  if (previous.generation === undefined) delete next.generation
  else next.generation = previous.generation
  delete next.selfLink
}

/** An object's own field, whatever it is called. */
export function setOwnField(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

export function hasFinalizers({ finalizers }: ObjectMeta): boolean {
  return finalizers !== undefined && finalizers.length > 0
}
