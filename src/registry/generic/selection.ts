import { badRequest } from '../../meta/api-errors.ts'
import { goQuote } from '../../meta/field-error.ts'
import { type FieldRequirement, parseFieldSelector, requiredFieldValue } from '../../meta/field-selector.ts'
import { compileLabelSelector, type LabelMatcher } from '../../meta/label-selector.ts'
import type { KubeObject } from '../../meta/object.ts'
import type { CachedObject } from '../../storage/object-cache.ts'
import type { ResourceDefinition, ResourceVersion } from '../resource-definition.ts'

/** Which objects of a collection a caller wants; made once per request. */
export interface Selection {
  matches(object: CachedObject): boolean
  /** The only name that can match. */
  readonly name: string | undefined
  /** The only namespace that can match. */
  readonly namespace: string | undefined
}

/**
 * Undefined when everything is selected. Throws 400 for a selector that cannot be read, and for a field that the
 * resource does not offer: ignoring one would let a caller act on objects that it did not mean.
 */
export function compileSelection(
  definition: ResourceDefinition,
  version: ResourceVersion,
  labelSelector: string,
  fieldSelector: string,
): Selection | undefined {
  if (labelSelector === '' && fieldSelector === '') return undefined
  const labels = labelSelector === '' ? undefined : compileLabelSelector(labelSelector)
  const requirements = fieldSelector === '' ? [] : parseFieldSelector(fieldSelector)
  const name = requiredFieldValue(requirements, 'metadata.name')
  const namespace = requiredFieldValue(requirements, 'metadata.namespace')
  const fields = requirements.map((requirement) => compileRequirement(definition, version, requirement))
  return { matches: (object) => matchesAll(object, labels, fields), name, namespace }
}

type FieldMatcher = (object: CachedObject) => boolean

function matchesAll(object: CachedObject, labels: LabelMatcher | undefined, fields: readonly FieldMatcher[]): boolean {
  for (const matches of fields) if (!matches(object)) return false
  return labels === undefined || labels(object.metadata.labels)
}

function compileRequirement(
  definition: ResourceDefinition,
  version: ResourceVersion,
  { field, operator, value }: FieldRequirement,
): FieldMatcher {
  const wanted = operator === '='
  if (field === 'metadata.name') return (object) => ((object.metadata.name ?? '') === value) === wanted
  if (field === 'metadata.namespace') return (object) => ((object.metadata.namespace ?? '') === value) === wanted
  const read = version.selectableFields.get(field)
  if (!read) throw unsupported(definition, version, field)
  const { fromStorage } = version
  const inVersion = fromStorage ? (object: KubeObject) => fromStorage(object) : (object: KubeObject) => object
  return (object) => (read(inVersion(object.parsed)) === value) === wanted
}

/** Two kinds upstream have sentences of their own. */
const ownSentences: ReadonlyMap<string, (field: string) => string> = new Map([
  ['batch:jobs', (field) => `field label ${goQuote(field)} not supported for Job`],
  [
    'resource.k8s.io:resourceslices',
    (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
  ],
])

function unsupported(definition: ResourceDefinition, { selectableFields }: ResourceVersion, field: string): Error {
  const own = ownSentences.get(definition.identity)
  if (own) return badRequest(own(field))
  if (definition.custom || selectableFields.size > 0) return badRequest(`field label not supported: ${field}`)
  return badRequest(`${goQuote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`)
}
