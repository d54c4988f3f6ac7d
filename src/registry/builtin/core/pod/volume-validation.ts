import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../../meta/field-error.ts'
import { type Fields, fieldsAt, listAt, numberAt, stringAt } from '../../fields.ts'
import {
  checkDescendingPath,
  checkLabelAt,
  checkNoBacksteps,
  checkRequired,
  type FieldErrors,
  noErrors,
} from '../../validation/field-checks.ts'
import { quantityOf } from '../resource-list.ts'
import { validateFieldRef, validateResourceRef, volumeFields } from './environment-validation.ts'

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]
const badMode = 'must be a number between 0 and 0777 (octal), both inclusive'
const minTokenSeconds = 600

/** Sources with rules of their own, in upstream's order; others are checked by the schema alone. */
const sources = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'azureFile',
  'configMap',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
]

/** Also answers with the names of the volumes that containers may mount. */
export function validateVolumes(spec: Fields, path: string): { errors: FieldErrors; names: ReadonlySet<string> } {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, volume] of listAt(spec, 'volumes').entries()) {
    const found = validateVolume(volume, `${path}.volumes[${index}]`, names)
    if (found.length === 0) names.add(stringAt(volume, 'name'))
    errors.push(...found)
  }
  return { errors, names }
}

function validateVolume(volume: Fields, path: string, names: ReadonlySet<string>): FieldErrors {
  const name = stringAt(volume, 'name')
  const [first, ...more] = sources.filter((source) => fieldsAt(volume, source))
  const errors: FieldError[] =
    first === undefined ? [] : [...validateSource(first, fieldsAt(volume, first) ?? {}, `${path}.${first}`)]
  errors.push(...more.map((source) => fieldForbidden(`${path}.${source}`, 'may not specify more than 1 volume type')))
  errors.push(...(name === '' ? [fieldRequired(`${path}.name`)] : checkLabelAt(`${path}.name`, name)))
  if (names.has(name)) errors.push(fieldDuplicate(`${path}.name`, name))
  return errors
}

function validateSource(kind: string, source: Fields, path: string): FieldErrors {
  switch (kind) {
    case 'emptyDir': {
      const limit = quantityOf(source['sizeLimit'])
      if (limit === undefined || limit.mantissa >= 0n) return noErrors
      return [fieldForbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    }
    case 'hostPath':
      return validateHostPath(source, path)
    case 'secret':
      return [...checkRequired(source, path, 'secretName'), ...validateFiles(source, path)]
    case 'configMap':
      return [...checkRequired(source, path, 'name'), ...validateFiles(source, path)]
    case 'persistentVolumeClaim':
      return checkRequired(source, path, 'claimName')
    case 'nfs':
      return validateNfs(source, path)
    case 'downwardAPI':
      return [
        ...checkMode(source, 'defaultMode', path),
        ...listAt(source, 'items').flatMap((file) => validateDownwardFile(file, path)),
      ]
    case 'projected':
      return [...checkMode(source, 'defaultMode', path), ...validateProjected(source, path)]
    case 'csi':
      return checkRequired(source, path, 'driver')
    default:
      return noErrors
  }
}

function validateHostPath(source: Fields, path: string): FieldErrors {
  const hostPath = stringAt(source, 'path')
  if (hostPath === '') return [fieldRequired(`${path}.path`)]
  const type = stringAt(source, 'type')
  return [
    ...checkNoBacksteps(`${path}.path`, hostPath),
    ...(hostPathTypes.includes(type) ? noErrors : [fieldNotSupported(`${path}.type`, type, hostPathTypes)]),
  ]
}

function validateNfs(source: Fields, path: string): FieldErrors {
  const exported = stringAt(source, 'path')
  return [
    ...checkRequired(source, path, 'server'),
    ...checkRequired(source, path, 'path'),
    ...(exported.startsWith('/') ? noErrors : [fieldInvalid(`${path}.path`, exported, 'must be an absolute path')]),
  ]
}

function checkMode(owner: Fields, field: string, path: string): FieldErrors {
  const mode = numberAt(owner, field)
  return mode === undefined || (mode >= 0 && mode <= 0o777)
    ? noErrors
    : [fieldInvalid(`${path}.${field}`, mode, badMode)]
}

function validateFiles(source: Fields, path: string): FieldErrors {
  return [...checkMode(source, 'defaultMode', path), ...validateItems(source, path)]
}

function validateItems(source: Fields, path: string): FieldErrors {
  return listAt(source, 'items').flatMap((item, index) => {
    const itemPath = `${path}.items[${index}]`
    return [
      ...checkRequired(item, itemPath, 'key'),
      ...checkRequired(item, itemPath, 'path'),
      ...checkFilePath(`${itemPath}.path`, stringAt(item, 'path')),
      ...checkMode(item, 'mode', itemPath),
    ]
  })
}

function checkFilePath(field: string, path: string): FieldErrors {
  const reserved = path.startsWith('..') && !path.startsWith('../')
  return [
    ...checkDescendingPath(field, path),
    ...(reserved ? [fieldInvalid(field, path, "must not start with '..'")] : noErrors),
  ]
}

function validateDownwardFile(file: Fields, path: string): FieldErrors {
  const errors: FieldError[] = [
    ...checkRequired(file, path, 'path'),
    ...checkFilePath(`${path}.path`, stringAt(file, 'path')),
  ]
  const field = fieldsAt(file, 'fieldRef')
  const resource = fieldsAt(file, 'resourceFieldRef')
  if (field) {
    errors.push(...validateFieldRef(field, `${path}.fieldRef`, volumeFields))
    const both = 'fieldRef and resourceFieldRef can not be specified simultaneously'
    if (resource) errors.push(fieldInvalid(path, 'resource', both))
  } else if (resource) errors.push(...validateResourceRef(resource, `${path}.resourceFieldRef`, true))
  else errors.push(fieldRequired(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...checkMode(file, 'mode', path)]
}

function validateProjected(source: Fields, path: string): FieldErrors {
  const paths = new Set<string>()
  const conflicts = (shown: string, items: readonly Fields[]): FieldErrors =>
    items.flatMap((item) => {
      const file = stringAt(item, 'path')
      if (file === '' || !paths.has(file)) {
        paths.add(file)
        return noErrors
      }
      return [fieldInvalid(path, shown === '' ? file : shown, 'conflicting duplicate paths')]
    })
  return listAt(source, 'sources').flatMap((projection, index) => {
    const sourcePath = `${path}.sources[${index}]`
    const errors: FieldError[] = []
    let count = 0
    for (const kind of ['secret', 'configMap']) {
      const part = fieldsAt(projection, kind)
      if (part === undefined) continue
      count++
      errors.push(...checkRequired(part, `${sourcePath}.${kind}`, 'name'))
      errors.push(...validateItems(part, `${sourcePath}.${kind}`))
      errors.push(...conflicts(stringAt(part, 'name'), listAt(part, 'items')))
    }
    const downward = fieldsAt(projection, 'downwardAPI')
    if (downward) {
      count++
      const files = listAt(downward, 'items')
      errors.push(...files.flatMap((file) => validateDownwardFile(file, `${sourcePath}.downwardAPI`)))
      errors.push(...conflicts('', files))
    }
    const token = fieldsAt(projection, 'serviceAccountToken')
    if (token) {
      count++
      errors.push(...validateToken(token, `${sourcePath}.serviceAccountToken`, path))
    }
    if (count > 1) errors.push(fieldForbidden(sourcePath, 'may not specify more than 1 volume type per source'))
    return errors
  })
}

function validateToken(token: Fields, path: string, volumePath: string): FieldErrors {
  const seconds = numberAt(token, 'expirationSeconds') ?? 0
  const field = `${path}.expirationSeconds`
  const file = stringAt(token, 'path')
  return [
    ...(seconds < minTokenSeconds
      ? [fieldInvalid(field, seconds, 'may not specify a duration less than 10 minutes')]
      : noErrors),
    ...(seconds > 2 ** 32
      ? [fieldInvalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
      : noErrors),
    ...(file === '' ? [fieldRequired(`${volumePath}.path`)] : checkFilePath(`${volumePath}.path`, file)),
  ]
}
