import { forbidden, type ApiStatusError } from '../../meta/api-errors.ts'
import type { StatusCause } from '../../meta/status.ts'
import type { AdmissionAttributes } from './admission.ts'

/** The 403 of an admission plugin; an object without a name yet is called by its generateName, as upstream does. */
export function admissionForbidden(
  attributes: AdmissionAttributes,
  why: string,
  causes?: StatusCause[],
): ApiStatusError {
  const { name, object } = attributes
  const called = name || object?.metadata.name || object?.metadata.generateName || 'Unknown'
  return forbidden(attributes, called, why, causes)
}
