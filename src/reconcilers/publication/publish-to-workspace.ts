import { canonicalJson } from '../../base/canonical-json.ts'
import { isForbidden, isInvalid, isNotFound } from '../../meta/api-errors.ts'
import { publicationAnnotation } from '../../meta/fleet/fleet-names.ts'
import type { KubeObject } from '../../meta/object.ts'
import { copyOf, isEstablished, nameOfOwner, ownerOf, whyNotEstablished } from './crd-copy.ts'
import { describeNarrowings, narrowings } from './narrower-schema.ts'
import type { Published, PublicationSteps, PublicationWorkspace, Target } from './publication-steps.ts'

/** Brings one CRD into one workspace, puts back what has drifted, and says how it is. */
export async function publishToWorkspace(
  steps: PublicationSteps,
  published: Published,
  crd: KubeObject,
  workspace: PublicationWorkspace,
): Promise<Target> {
  const target = (reason: string, message: string): Target => ({
    type: 'Workspace',
    name: workspace.path,
    crd: crd.metadata.name ?? '',
    ready: false,
    reason,
    message,
  })
  try {
    const outcome = await bring(steps, published, crd, workspace.logicalCluster)
    if (!('metadata' in outcome)) return target(outcome.reason, outcome.message)
    if (!isEstablished(outcome)) return target('NotEstablished', whyNotEstablished(outcome))
    const { message: _, ...ready } = target('Published', '')
    return { ...ready, ready: true }
  } catch (error) {
    // The workspace's own rules: a version that is still stored must stay, names that are taken, its deletion.
    if (isInvalid(error) || isForbidden(error)) return target('Refused', (error as Error).message)
    throw error
  }
}

interface Refusal {
  reason: string
  message: string
}

/** The CRD as it stands in the workspace, or why it does not. */
async function bring(
  steps: PublicationSteps,
  { provider, publication: { metadata, spec } }: Published,
  crd: KubeObject,
  logicalCluster: string,
): Promise<KubeObject | Refusal> {
  const owner = `${provider}/${metadata.name ?? ''}`
  const current = await steps.getCrd(logicalCluster, crd.metadata.name ?? '')
  if (!current) return steps.createCrd(logicalCluster, copyOf(crd, owner))
  if (current.metadata.deletionTimestamp)
    return { reason: 'Terminating', message: 'the type is being deleted there; its finalizers hold it' }
  const currentOwner = ownerOf(current)
  const equal = canonicalJson(current['spec']) === canonicalJson(crd['spec'])
  if (currentOwner === owner && equal) return current
  if (currentOwner !== undefined && currentOwner !== owner)
    return {
      reason: 'OwnedByAnotherPublication',
      message: `the type is published by "${nameOfOwner(currentOwner)}"${ofProvider(currentOwner, provider)}`,
    }
  if (currentOwner === owner && spec.drift === 'Report')
    return { reason: 'Drifted', message: 'the type differs from what is published' }
  if (currentOwner === undefined && spec.conflict !== 'Overwrite' && !(spec.conflict === 'AdoptIfEqual' && equal))
    return { reason: 'OwnedByWorkspace', message: ownMessage(equal) }
  const narrower = spec.allowNarrowing === true ? [] : narrowings(current['spec'], crd['spec'])
  if (narrower.length > 0 && (await steps.hasInstances(logicalCluster, current)))
    return { reason: 'NarrowerSchema', message: `${narrowerMessage}: ${describeNarrowings(narrower)}` }
  const annotations = { ...current.metadata.annotations, [publicationAnnotation]: owner }
  const next = { ...current, spec: crd['spec'], metadata: { ...current.metadata, annotations } }
  return steps.updateCrd(logicalCluster, next)
}

const narrowerMessage =
  'objects of the type are stored and may not fit the new definition, which spec.allowNarrowing would let pass'

function ofProvider(owner: string, provider: string): string {
  return owner.startsWith(`${provider}/`) ? '' : ' of another workspace'
}

function ownMessage(equal: boolean): string {
  return equal
    ? 'the workspace has an equal type of its own: spec.conflict AdoptIfEqual would take it over'
    : 'the workspace has a different type of this name: spec.conflict Overwrite would replace it'
}

/** Takes our mark off a copy: the type stays, and is the workspace's own from now on. */
export async function releaseInWorkspace(
  steps: PublicationSteps,
  owner: string,
  { logicalCluster, name }: { logicalCluster: string; name: string },
): Promise<void> {
  try {
    const current = await steps.getCrd(logicalCluster, name)
    if (!current || ownerOf(current) !== owner) return
    const { [publicationAnnotation]: _, ...annotations } = current.metadata.annotations ?? {}
    await steps.updateCrd(logicalCluster, { ...current, metadata: { ...current.metadata, annotations } })
  } catch (error) {
    // The workspace has gone, or goes.
    if (!isNotFound(error) && !isForbidden(error)) throw error
  }
}
