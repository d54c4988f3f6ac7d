import type { Clock } from '../../base/clock.ts'
import { badRequest, conflict, invalid, notFound } from '../../meta/api-errors.ts'
import { fieldInvalid } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import { fieldsAt, stringAt, stringsAt, valueAt } from '../../registry/builtin/fields.ts'
import type { OperationContext, SubresourceCreate } from '../../registry/resource-definition.ts'
import type { SigningKeys } from '../pki/signing-keys.ts'
import { issueServiceAccountToken, type BoundReference, type IssuerOf } from './service-account-token.ts'

export interface TokenRequestOptions {
  keys: SigningKeys
  issuerOf: IssuerOf
  clock: Clock
  /** Longer ones are shortened, with a warning. Undefined: no limit but 2^32 seconds. */
  maxLifetimeSeconds?: number
}

interface TokenRequestSpec {
  audiences: readonly string[]
  expirationSeconds: number
  boundObjectRef: { apiVersion: string; kind: string; name: string; uid: string } | undefined
}

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
const minLifetimeSeconds = 600
const defaultLifetimeSeconds = 3_600

/** POST of `serviceaccounts/<name>/token`. */
export function createTokenRequests(options: TokenRequestOptions): SubresourceCreate {
  return async (name, object, context) => {
    requireSameObject(object, name, context)
    const account = await read(context, 'serviceaccounts', context.namespace, name)
    const uid = account.metadata.uid ?? ''
    if (object.metadata.uid && object.metadata.uid !== uid) {
      const why = `the UID in the token request (${object.metadata.uid}) does not match the UID of the service account (${uid})`
      throw conflict({ group: kind.group, resource: kind.kind }, name, why)
    }
    const spec = parseSpec(object, options.issuerOf(context.logicalCluster))
    const bound = spec.boundObjectRef ? await bind(spec.boundObjectRef, name, context) : {}
    const lifetimeSeconds = shorten(spec.expirationSeconds, options.maxLifetimeSeconds, context)
    const nowMs = options.clock.now()
    const { logicalCluster, namespace } = context
    const claims = { logicalCluster, namespace, serviceAccount: { name, uid }, audiences: spec.audiences, ...bound }
    const token = issueServiceAccountToken(options.keys, options.issuerOf, claims, { nowMs, lifetimeSeconds })
    return {
      kind: kind.kind,
      apiVersion: `${kind.group}/v1`,
      metadata: { name, namespace, uid, creationTimestamp: formatTime(nowMs) },
      spec: {
        audiences: spec.audiences,
        expirationSeconds: lifetimeSeconds,
        boundObjectRef: spec.boundObjectRef ?? null,
      },
      status: { token, expirationTimestamp: formatTime(nowMs + lifetimeSeconds * 1_000) },
    }
  }
}

function requireSameObject({ metadata }: KubeObject, name: string, { namespace }: OperationContext): void {
  if (metadata.name && metadata.name !== name)
    throw invalid(kind, name, [
      fieldInvalid('metadata.name', metadata.name, 'must match the service account name if specified'),
    ])
  if (metadata.namespace && metadata.namespace !== namespace)
    throw invalid(kind, name, [
      fieldInvalid('metadata.namespace', metadata.namespace, 'must match the service account namespace if specified'),
    ])
}

function parseSpec(object: KubeObject, defaultAudience: string): TokenRequestSpec {
  const audiences = stringsAt(object, 'spec', 'audiences')
  const expirationSeconds = valueAt(object, 'spec', 'expirationSeconds') ?? defaultLifetimeSeconds
  const field = 'spec.expirationSeconds'
  if (typeof expirationSeconds !== 'number' || expirationSeconds > 2 ** 32)
    throw invalid(kind, '', [
      fieldInvalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    ])
  if (expirationSeconds < minLifetimeSeconds)
    throw invalid(kind, '', [fieldInvalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes')])
  const reference = fieldsAt(object, 'spec', 'boundObjectRef')
  return {
    audiences: audiences.length > 0 ? audiences : [defaultAudience],
    expirationSeconds,
    boundObjectRef: reference && {
      kind: stringAt(reference, 'kind'),
      apiVersion: stringAt(reference, 'apiVersion'),
      name: stringAt(reference, 'name'),
      uid: stringAt(reference, 'uid'),
    },
  }
}

type Bound = { pod?: BoundReference; secret?: BoundReference; node?: BoundReference }

async function bind(
  reference: NonNullable<TokenRequestSpec['boundObjectRef']>,
  account: string,
  context: OperationContext,
): Promise<Bound> {
  const { apiVersion, kind, name } = reference
  if (apiVersion === 'v1' && kind === 'Pod') {
    const pod = await read(context, 'pods', context.namespace, name)
    if (stringAt(pod, 'spec', 'serviceAccountName') !== account)
      throw badRequest(
        `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
      )
    const nodeName = stringAt(pod, 'spec', 'nodeName')
    const node = nodeName === '' ? undefined : await context.reader.get(addressOf(context, 'nodes', '', nodeName))
    return {
      pod: sameObject(pod, reference),
      ...(node?.metadata.uid ? { node: { name: nodeName, uid: node.metadata.uid } } : {}),
    }
  }
  if (apiVersion === 'v1' && kind === 'Node')
    return { node: sameObject(await read(context, 'nodes', '', name), reference) }
  if (apiVersion === 'v1' && kind === 'Secret')
    return { secret: sameObject(await read(context, 'secrets', context.namespace, name), reference) }
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
}

function sameObject(
  { metadata }: KubeObject,
  { kind, name, uid }: { kind: string; name: string; uid: string },
): BoundReference {
  if (uid !== '' && uid !== metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: '', resource: kind }, name, why)
  }
  return { name, uid: metadata.uid ?? '' }
}

function shorten(seconds: number, max: number | undefined, context: OperationContext): number {
  if (max === undefined || seconds <= max) return seconds
  context.warn(`requested expiration of ${seconds} seconds shortened to ${max} seconds`)
  return max
}

const addressOf = ({ logicalCluster }: OperationContext, resource: string, namespace: string, name: string) => ({
  logicalCluster,
  group: '',
  resource,
  namespace,
  name,
})

async function read(context: OperationContext, resource: string, namespace: string, name: string): Promise<KubeObject> {
  const object = name === '' ? undefined : await context.reader.get(addressOf(context, resource, namespace, name))
  if (!object) throw notFound({ group: '', resource }, name)
  return object
}
