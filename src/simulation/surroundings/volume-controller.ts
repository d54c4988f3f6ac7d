import type { Controller, ReconcileRequest } from '../../controller/controller.ts'
import { informerSource } from '../../controller/informer-source.ts'
import type { ResourceClient } from '../../client/client.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../meta/api-errors.ts'
import type { KubeObject } from '../../meta/object.ts'
import { hasEnded } from '../pods/pod-facts.ts'
import { simulationController, type SimulationParts } from '../simulation-parts.ts'
import { fieldManager, simulatedAnnotation, volumeClaims, volumes } from '../simulated-resources.ts'
import type { Pod, Volume, VolumeClaim } from '../workload-types.ts'
import { writeStatus } from '../workload-status.ts'

const claimProtection = 'kubernetes.io/pvc-protection'
const volumeProtection = 'kubernetes.io/pv-protection'
const provisioner = 'simulation.atoll.dev'

/**
 * Plays provisioner, binder and protection: every claim gets a volume of its own at once, whatever its class; a claim
 * goes when no pod uses it, and its volume with it.
 */
export function volumeController(parts: SimulationParts): Controller {
  const { informers } = parts
  return simulationController(parts, {
    name: 'volume',
    sources: [
      informerSource(informers.volumeClaims),
      informerSource(informers.volumes, ({ object }) => {
        const { namespace = '', name = '' } = object.spec.claimRef ?? {}
        return [{ logicalCluster: '', namespace, name }]
      }),
      informerSource<Pod>(informers.pods, ({ type, object }) =>
        type === 'deleted' || hasEnded(object.status?.phase) ? claimsOf(object) : [],
      ),
    ],
    reconcile: (request) => reconcile(parts, request),
  })
}

async function reconcile(parts: SimulationParts, { namespace, name }: ReconcileRequest): Promise<void> {
  const { informers } = parts
  const claim = informers.volumeClaims.get({ namespace, name })
  if (claim?.metadata.deletionTimestamp) {
    if (!isUsed(parts, claim)) await removeFinalizer(parts.client.resource(volumeClaims), claim, claimProtection)
  } else if (claim && claim.status?.phase !== 'Bound') await provide(parts, claim)
  for (const volume of informers.volumes.list()) {
    const { claimRef } = volume.spec
    if (claimRef?.namespace !== namespace || claimRef.name !== name || !isOurs(volume)) continue
    if (claim?.metadata.uid !== claimRef.uid) await discard(parts, volume)
  }
}

/** A volume named after the claim's uid, bound to it from both sides. */
async function provide({ client, informers }: SimulationParts, claim: VolumeClaim): Promise<void> {
  const { namespace = '', name = '', uid = '', resourceVersion } = claim.metadata
  const volumeName = claim.spec.volumeName || `pvc-${uid}`
  const capacity = { storage: claim.spec.resources?.requests?.['storage'] ?? '1Gi' }
  const { accessModes = [], volumeMode, storageClassName } = claim.spec
  const object: Volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      finalizers: [volumeProtection],
      annotations: {
        'pv.kubernetes.io/provisioned-by': provisioner,
        [simulatedAnnotation]: 'This volume is a simulation: it holds no data.',
      },
    },
    spec: {
      capacity,
      accessModes,
      ...(volumeMode === undefined ? {} : { volumeMode }),
      ...(storageClassName === undefined ? {} : { storageClassName }),
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      csi: { driver: provisioner, volumeHandle: uid },
    },
  }
  const resource = client.resource<Volume>(volumes)
  // One that the claim asks for by name is somebody else's to make.
  const volume = claim.spec.volumeName
    ? informers.volumes.get({ name: volumeName })
    : await resource.create(object, { fieldManager }).catch(async (error: unknown) => {
        if (isAlreadyExists(error)) return resource.get({ name: volumeName })
        throw error
      })
  if (!volume) return
  await writeStatus(resource, volume, { ...volume.status, phase: 'Bound' })
  const claims = client.resource<VolumeClaim>(volumeClaims)
  const bound = {
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
    // Admission of a real API server adds it; here it must not be missing where the server does not.
    finalizers: [...new Set([...(claim.metadata.finalizers ?? []), claimProtection])],
  }
  const body = { metadata: { uid, resourceVersion, ...bound }, spec: { volumeName } }
  const written = await claims.patch({ namespace, name }, { type: 'merge', body }, { fieldManager })
  const granted = volume.spec.capacity ?? capacity
  await writeStatus(claims, written, { phase: 'Bound', accessModes, capacity: granted })
}

/** Its claim is gone, or another one of the same name took its place. */
async function discard({ client }: SimulationParts, volume: Volume): Promise<void> {
  const { name = '', uid = '', deletionTimestamp } = volume.metadata
  const resource = client.resource<Volume>(volumes)
  if (!deletionTimestamp) await resource.delete({ name }, { preconditions: { uid } }).catch(ignoreMissing)
  await removeFinalizer(resource, volume, volumeProtection)
}

async function removeFinalizer<T extends KubeObject>(resource: ResourceClient<T>, object: T, finalizer: string) {
  const { namespace, name = '', uid, finalizers = [], resourceVersion, deletionTimestamp } = object.metadata
  if (!deletionTimestamp || !finalizers.includes(finalizer)) return
  const left = finalizers.filter((one) => one !== finalizer)
  const body = { metadata: { uid, resourceVersion, finalizers: left } }
  const objectName = namespace === undefined ? { name } : { namespace, name }
  await resource.patch(objectName, { type: 'merge', body }, { fieldManager }).catch(ignoreMissing)
}

function isUsed({ informers }: SimulationParts, { metadata }: VolumeClaim): boolean {
  return informers.pods
    .list()
    .some(
      (pod) =>
        !hasEnded(pod.status?.phase) &&
        claimsOf(pod).some(({ namespace, name }) => namespace === metadata.namespace && name === metadata.name),
    )
}

function claimsOf({ metadata: { namespace = '' }, spec }: Pod): ReconcileRequest[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim ? [{ logicalCluster: '', namespace, name: claim.claimName }] : [],
  )
}

function isOurs({ metadata }: Volume): boolean {
  return metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner
}

function ignoreMissing(error: unknown): undefined {
  if (isNotFound(error) || isConflict(error)) return undefined
  throw error
}
