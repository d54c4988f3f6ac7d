import { canonicalJson } from '../../base/canonical-json.ts'
import { conflict } from '../../meta/api-errors.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import { isOwnPart } from '../authentication/identity.ts'
import type { AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

const crds = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' }

/**
 * A type that a publication brought into a workspace belongs to the publication: applying the same CRD succeeds and
 * changes nothing of it, a different one conflicts, and it cannot be deleted here. That holds for administrators too:
 * deleting the type would take its objects along before the publication puts it back.
 */
export const publishedTypes: AdmissionPlugin = {
  name: 'PublishedTypes',
  handles: ({ operation, group, resource }) =>
    group === crds.group && resource === crds.resource && (operation === 'UPDATE' || operation === 'DELETE'),
  validate(attributes) {
    const { object, oldObject, user, operation, name } = attributes
    const owner = oldObject?.metadata.annotations?.[publicationAnnotation]
    if (owner === undefined || isOwnPart(user)) return
    const publication = owner.slice(owner.indexOf('/') + 1)
    if (operation === 'DELETE') throw admissionForbidden(attributes, `the type is published by "${publication}"`)
    if (canonicalJson(object?.['spec']) !== canonicalJson(oldObject?.['spec']))
      throw conflict(crds, name, `the type is published by "${publication}" with another definition`)
  },
}
