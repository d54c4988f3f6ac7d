import type { ApiResponse } from '../support/api-request.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { ApiStatusError } from '../../src/meta/api-errors.ts'
import { applyPatch } from '../../src/meta/managed-fields/apply-patch.ts'
import { endpointFields } from '../../src/meta/managed-fields/endpoint-fields.ts'
import type { FieldManagement } from '../../src/meta/managed-fields/ownership.ts'
import { trackUpdate } from '../../src/meta/managed-fields/track-update.ts'
import type { Json, JsonObject, KubeObject, ManagedFieldsEntry } from '../../src/meta/object.ts'
import { applyJsonPatch } from '../../src/meta/patch/json-patch.ts'
import { applyMergePatch } from '../../src/meta/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../src/meta/patch/strategic-merge-patch.ts'
import type { SchemaNode } from '../../src/meta/schema.ts'

/** A resource on the real server, and what our functions have to know about it. */
export interface OracleResource {
  readonly kind: string
  readonly apiVersion: string
  /** `/api/v1/namespaces/default/configmaps` */
  readonly collection: string
  readonly schema: SchemaNode
  readonly emptyObject?: JsonObject
  readonly custom: boolean
  readonly hasStatus: boolean
  /** What the server's strategy fills in after it has decided who owns what: dotted paths. */
  readonly filledLater?: readonly string[]
}

export interface Step {
  readonly type: 'create' | 'update' | 'merge' | 'strategic' | 'json' | 'apply'
  readonly body: Json
  readonly manager?: string
  readonly force?: boolean
  /** The endpoint below the object. */
  readonly subresource?: string
}

/** What came of a step: on the real server and with our functions, made comparable. */
export interface Outcome {
  readonly code: number
  readonly error?: { message: string | undefined; reason: string | undefined; causes: Json }
  readonly object?: JsonObject
  readonly managedFields?: ManagedFieldsEntry[] | undefined
}

const contentTypes = {
  create: 'application/json',
  update: 'application/json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** Runs one step on the real server and, for the same object, here. */
export async function runStep(server: ControlPlane, resource: OracleResource, name: string, step: Step) {
  const live = await get(server, resource, name)
  const ours = await ownOutcome(server, resource, name, step, live)
  const answer = await request(server, resource, name, step, step.body, '')
  return { theirs: outcomeOf(answer, resource), ours: ours(newestTime(answer)) }
}

/** The second in which the server worked: which managers are the oldest depends on it. */
function newestTime(answer: ApiResponse): number {
  const { metadata } = answer.json() as Partial<KubeObject>
  const times = metadata?.managedFields?.map(({ time }) => Date.parse(time ?? '') || 0) ?? []
  return Math.max(0, ...times) / 1000
}

async function get(
  server: ControlPlane,
  { collection }: OracleResource,
  name: string,
): Promise<KubeObject | undefined> {
  const answer = await server.request(`${collection}/${name}`)
  return answer.status === 200 ? (answer.json() as KubeObject) : undefined
}

function request(
  server: ControlPlane,
  { collection }: OracleResource,
  name: string,
  step: Step,
  body: Json,
  query: string,
  type: Step['type'] = step.type,
): Promise<ApiResponse> {
  const { manager = 'tester', force, subresource } = step
  const path = type === 'create' ? collection : `${collection}/${name}${subresource ? `/${subresource}` : ''}`
  const method = type === 'create' ? 'POST' : type === 'update' ? 'PUT' : 'PATCH'
  const forced = force === undefined || type !== 'apply' ? '' : `&force=${force}`
  return server.request(`${path}?fieldManager=${manager}${forced}${query}`, {
    method,
    // Strings would be sent as they are.
    body: JSON.stringify(body),
    contentType: contentTypes[type],
  })
}

function outcomeOf(answer: ApiResponse, resource: OracleResource): Outcome {
  const body = answer.json() as JsonObject
  if (answer.status < 300) return success(answer.status, body as KubeObject, resource)
  const details = body['details'] as JsonObject | undefined
  return {
    code: answer.status,
    error: {
      message: body['message'] as string | undefined,
      reason: body['reason'] as string | undefined,
      causes: details?.['causes'] ?? null,
    },
  }
}

function success(code: number, object: KubeObject, resource: OracleResource): Outcome {
  return { code, object: comparable(object, resource), managedFields: withoutTimes(object.metadata.managedFields) }
}

/** The times of two servers differ, and with them the order. */
function withoutTimes(entries: readonly ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined {
  const identity = ({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry) =>
    [operation, manager, apiVersion, subresource].join(' ')
  return entries
    ?.map((entry) => ({
      ...entry,
      time: entry.time === undefined ? 'never' : 'some',
      // As text, because the order of its fields counts.
      fieldsV1: JSON.stringify(entry.fieldsV1) as unknown as JsonObject,
    }))
    .sort((left, right) => (identity(left) < identity(right) ? -1 : 1))
}

/** Without what every write changes and nobody compares. */
function comparable(object: KubeObject, { filledLater = [] }: OracleResource): JsonObject {
  const copy = structuredClone(object) as unknown as JsonObject
  const meta = copy['metadata'] as JsonObject
  for (const key of ['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid']) delete meta[key]
  for (const path of filledLater) removePath(copy, path.split('.'))
  return copy
}

function removePath(object: JsonObject, [first = '', ...rest]: string[]): void {
  if (rest.length === 0) delete object[first]
  else if (typeof object[first] === 'object' && object[first] !== null) removePath(object[first] as JsonObject, rest)
}

async function ownOutcome(
  server: ControlPlane,
  resource: OracleResource,
  name: string,
  step: Step,
  live: KubeObject | undefined,
): Promise<(nowSeconds: number) => Outcome> {
  const how: FieldManagement & { manager: string } = {
    schema: resource.schema,
    apiVersion: resource.apiVersion,
    subresource: step.subresource,
    ...endpointFields({ ...groupResourceOf(resource), ...resource, subresource: step.subresource }),
    emptyObject: resource.emptyObject,
    manager: step.manager ?? 'tester',
  }
  try {
    if (step.type === 'apply') {
      const applied = step.body as JsonObject
      const attempt = (nowSeconds: number) =>
        applyPatch({ ...how, live, applied, kind: resource.kind, force: step.force, nowSeconds })
      const result = attempt(0)
      const decoded = await decodedBy(server, resource, name, step, live, result.object as unknown as JsonObject)
      const { code, object } = decoded
      if (!object) return () => decoded
      return (now) => ({ code, object, managedFields: withoutTimes(attempt(now).managedFields) })
    }
    const updated = updatedObject(step, live, resource)
    const decoded = await decodedBy(server, resource, name, step, live, updated)
    const { code, object } = decoded
    if (!object || !decoded.whole) return () => decoded
    const sent = (updated['metadata'] as JsonObject | undefined)?.['managedFields']
    const whole = structuredClone(decoded.whole)
    for (const path of resource.filledLater ?? []) removePath(whole as unknown as JsonObject, path.split('.'))
    const metadata = { ...whole.metadata, managedFields: sent as ManagedFieldsEntry[] | undefined }
    const result = { ...whole, metadata } as KubeObject
    const tracked = (nowSeconds: number) => trackUpdate({ ...how, live, updated: result, nowSeconds })
    return (now) => ({ code, object, managedFields: withoutTimes(tracked(now)) })
  } catch (error) {
    if (!(error instanceof ApiStatusError)) throw error
    const { code = 0, message, reason, details } = error.status
    return () => ({ code, error: { message, reason, causes: (details?.causes ?? null) as Json } })
  }
}

function groupResourceOf({ apiVersion, collection }: OracleResource): { group: string; resource: string } {
  const resource = collection.split('/').at(-1) ?? ''
  return { group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '', resource }
}

function updatedObject(step: Step, live: KubeObject | undefined, resource: OracleResource): JsonObject {
  const document = live as unknown as JsonObject
  switch (step.type) {
    case 'merge':
      return applyMergePatch(document, step.body, { strict: true }) as JsonObject
    case 'json':
      return applyJsonPatch(document, step.body, { strict: true }).document as JsonObject
    case 'strategic':
      return applyStrategicMergePatch(document, step.body, resource.schema)
    default:
      return step.body as JsonObject
  }
}

/** Lets the real server decode, default and validate what we came to, without keeping it. */
async function decodedBy(
  server: ControlPlane,
  resource: OracleResource,
  name: string,
  step: Step,
  live: KubeObject | undefined,
  object: JsonObject,
): Promise<Outcome & { whole?: KubeObject }> {
  const body = structuredClone(object)
  const metadata = body['metadata'] as JsonObject
  delete metadata['managedFields']
  const type = live ? 'update' : 'create'
  const answer = await request(server, resource, name, step, body, '&dryRun=All', type)
  const outcome = outcomeOf(answer, resource)
  if (outcome.error) return outcome
  return { ...outcome, code: live ? 200 : 201, whole: answer.json() as KubeObject }
}
