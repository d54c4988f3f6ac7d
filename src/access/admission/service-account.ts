import { chain } from '../../base/maybe-promise.ts'
import type { KubeObject } from '../../meta/object.ts'
import { randomSuffix } from '../../meta/random-suffix.ts'
import { booleanAt, fieldsAt, listAt, stringAt, type Fields } from '../../registry/builtin/fields.ts'
import type { ObjectReader } from '../../registry/object-reader.ts'
import { isPodItself, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refuse.ts'

const defaultAccount = 'default'
const volumePrefix = 'kube-api-access-'
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const mirrorAnnotation = 'kubernetes.io/config.mirror'
const tokenSeconds = 3_607 // upstream's number: an hour, and odd enough to be recognized
const readableByAll = 0o644

/** Every pod runs as a ServiceAccount that exists, with its token mounted and its pull secrets, as on any cluster. */
export function createServiceAccountAdmission(
  reader: ObjectReader,
  newSuffix: () => string = randomSuffix,
): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: (target) => isPodItself(target) && target.operation === 'CREATE',
    mutate(attributes) {
      const { object, logicalCluster, namespace } = attributes
      const spec = fieldsAt(object, 'spec')
      if (!object || !spec) return
      if (fieldsAt(object.metadata, 'annotations')?.[mirrorAnnotation] !== undefined)
        return checkMirror(attributes, spec)
      const name = stringAt(spec, 'serviceAccountName') || defaultAccount
      spec['serviceAccountName'] = name
      spec['serviceAccount'] = name
      const found = reader.get({ logicalCluster, group: '', resource: 'serviceaccounts', namespace, name })
      return chain(found, (account) => {
        if (!account) {
          const why = `serviceaccount "${name}" not found`
          throw admissionForbidden(attributes, `error looking up service account ${namespace}/${name}: ${why}`)
        }
        runAs(account, spec, newSuffix)
      })
    },
  }
}

function checkMirror(attributes: AdmissionAttributes, spec: Fields): void {
  if (stringAt(spec, 'serviceAccountName') !== '')
    throw admissionForbidden(attributes, 'a mirror pod may not reference service accounts')
}

function runAs(account: KubeObject, spec: Fields, newSuffix: () => string): void {
  const automount =
    booleanAt(spec, 'automountServiceAccountToken') ?? booleanAt(account, 'automountServiceAccountToken') ?? true
  if (automount) mountToken(spec, newSuffix)
  if (listAt(spec, 'imagePullSecrets').length > 0) return
  const secrets = listAt(account, 'imagePullSecrets').map((secret) => ({ name: stringAt(secret, 'name') }))
  if (secrets.length > 0) spec['imagePullSecrets'] = secrets
}

function mountToken(spec: Fields, newSuffix: () => string): void {
  const volumes = listAt(spec, 'volumes')
  const existing = volumes.map((volume) => stringAt(volume, 'name')).find((name) => name.startsWith(volumePrefix))
  const name = existing ?? `${volumePrefix}${newSuffix()}`
  let mounted = false
  for (const container of [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')]) {
    const mounts = listAt(container, 'volumeMounts')
    if (mounts.some((mount) => stringAt(mount, 'mountPath') === mountPath)) continue
    container['volumeMounts'] = [...mounts, { mountPath, name, readOnly: true }]
    mounted = true
  }
  if (mounted && existing === undefined) spec['volumes'] = [...volumes, { name, projected: tokenProjection() }]
}

/** Fresh for each pod, because a request owns its object. */
function tokenProjection(): Fields {
  return {
    defaultMode: readableByAll,
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
      { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
      {
        downwardAPI: {
          items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
        },
      },
    ],
  }
}
