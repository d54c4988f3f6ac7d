import { defaultTo, defaultZero, type Fields, fieldsAt, listAt, stringAt } from '../../fields.ts'
import { defaultClaimSpec } from '../persistent-volume-claim/claim-defaults.ts'
import { defaultPullPolicy } from './image-reference.ts'

/** 0644: who may read the files of a configMap, secret, downwardAPI or projected volume. */
const defaultMode = 0o644
const oneHourSeconds = 3600

/** Of a volume of a pod. A volume without a source is an emptyDir. */
export function defaultVolume(volume: Fields): void {
  const hasSource = Object.entries(volume).some(
    ([name, value]) => name !== 'name' && value !== undefined && value !== null,
  )
  if (!hasSource) volume['emptyDir'] = {}
  defaultVolumeSource(volume)
  for (const name of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = fieldsAt(volume, name)
    if (source) defaultTo(source, 'defaultMode', defaultMode)
  }
  defaultDownwardItems(fieldsAt(volume, 'downwardAPI'))
  for (const source of listAt(volume, 'projected', 'sources')) {
    defaultDownwardItems(fieldsAt(source, 'downwardAPI'))
    const token = fieldsAt(source, 'serviceAccountToken')
    if (token) defaultTo(token, 'expirationSeconds', oneHourSeconds)
  }
  const template = fieldsAt(volume, 'ephemeral', 'volumeClaimTemplate', 'spec')
  if (template) defaultClaimSpec(template)
  const image = fieldsAt(volume, 'image')
  if (image) defaultZero(image, 'pullPolicy', defaultPullPolicy(stringAt(image, 'reference')))
}

function defaultDownwardItems(source: Fields | undefined): void {
  for (const item of listAt(source, 'items')) {
    const field = fieldsAt(item, 'fieldRef')
    if (field) defaultZero(field, 'apiVersion', 'v1')
    const resource = fieldsAt(item, 'resourceFieldRef')
    if (resource) defaultTo(resource, 'divisor', '0')
  }
}

/** Sources that volumes of pods and PersistentVolumes have in common. */
export function defaultVolumeSource(source: Fields): void {
  const hostPath = fieldsAt(source, 'hostPath')
  if (hostPath) defaultTo(hostPath, 'type', '')
  const rbd = fieldsAt(source, 'rbd')
  if (rbd) {
    defaultZero(rbd, 'pool', 'rbd')
    defaultZero(rbd, 'user', 'admin')
    defaultZero(rbd, 'keyring', '/etc/ceph/keyring')
  }
  const iscsi = fieldsAt(source, 'iscsi')
  if (iscsi) defaultZero(iscsi, 'iscsiInterface', 'default')
  const azureDisk = fieldsAt(source, 'azureDisk')
  if (azureDisk) {
    defaultTo(azureDisk, 'cachingMode', 'ReadWrite')
    defaultTo(azureDisk, 'fsType', 'ext4')
    defaultTo(azureDisk, 'readOnly', false)
    defaultTo(azureDisk, 'kind', 'Shared')
  }
  const scaleIO = fieldsAt(source, 'scaleIO')
  if (scaleIO) {
    defaultZero(scaleIO, 'storageMode', 'ThinProvisioned')
    defaultZero(scaleIO, 'fsType', 'xfs')
  }
}
