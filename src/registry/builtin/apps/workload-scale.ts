import { formatLabelRequirements, fromLabelSelector } from '../../../meta/label-selector.ts'
import type { ScaleDefinition } from '../../resource-definition.ts'
import { fieldsAt } from '../fields.ts'

/** The scale subresource of kinds whose `spec.selector` is a LabelSelector. */
export const workloadScale: ScaleDefinition = {
  specReplicasPath: ['spec', 'replicas'],
  statusReplicasPath: ['status', 'replicas'],
  selector: (object) => formatLabelRequirements(fromLabelSelector(fieldsAt(object, 'spec', 'selector'))),
}
