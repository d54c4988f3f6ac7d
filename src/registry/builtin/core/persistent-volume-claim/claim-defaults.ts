import { defaultTo, defaultZero, ensureFields, type Fields, fieldsAt } from '../../fields.ts'
import { roundResourceList, roundResources } from '../resource-list.ts'

/** A claim, or a StatefulSet's template of one. */
export function defaultClaim(claim: Fields): void {
  const spec = fieldsAt(claim, 'spec')
  if (spec) defaultClaimSpec(spec)
  const status = ensureFields(claim, 'status')
  if (status === undefined) return
  defaultZero(status, 'phase', 'Pending')
  roundResourceList(fieldsAt(status, 'capacity'))
  roundResourceList(fieldsAt(status, 'allocatedResources'))
}

/** Of a claim, a volumeClaimTemplate and an ephemeral volume's template. */
export function defaultClaimSpec(spec: Fields): void {
  defaultTo(spec, 'volumeMode', 'Filesystem')
  roundResources(fieldsAt(spec, 'resources'))
}
