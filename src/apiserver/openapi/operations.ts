import type { Verb } from '../../registry/resource-definition.ts'
import { refTo } from './openapi-schema.ts'

/** One operation of a path. https://spec.openapis.org/oas/v3.0.3#operation-object */
export interface Operation {
  [keyword: string]: unknown
}

/** What the operations of one path act upon. */
export interface Target {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Definitions of the kind, and of its list. */
  readonly schema: string
  readonly listSchema: string
  readonly custom: boolean
  /** DELETE answers with the object rather than a Status. */
  readonly returnsDeleted: boolean
  readonly tag: string
  /** What follows the verb in an operation's id: `AppsV1Namespaced{Kind}`, with the subresource behind it. */
  readonly subject: string
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path'
  readonly required?: true
  readonly schema: { readonly type: string; readonly uniqueItems: true }
}

function query(name: string, type = 'string'): Parameter {
  return { name, in: 'query', schema: { type, uniqueItems: true } }
}

function inPath(name: string): Parameter {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }
}

const writeParameters = [query('dryRun'), query('fieldManager'), query('fieldValidation')]
const listParameters = [
  query('allowWatchBookmarks', 'boolean'),
  query('continue'),
  query('fieldSelector'),
  query('labelSelector'),
  query('limit', 'integer'),
  query('resourceVersion'),
  query('resourceVersionMatch'),
  query('sendInitialEvents', 'boolean'),
  query('timeoutSeconds', 'integer'),
  query('watch', 'boolean'),
]
const deleteParameters = [
  query('dryRun'),
  query('gracePeriodSeconds', 'integer'),
  query('orphanDependents', 'boolean'),
  query('propagationPolicy'),
]
const collectionParameters = [
  query('continue'),
  query('fieldSelector'),
  query('labelSelector'),
  query('limit', 'integer'),
  query('resourceVersion'),
  query('resourceVersionMatch'),
  query('sendInitialEvents', 'boolean'),
  query('timeoutSeconds', 'integer'),
]

/** Parameters of all operations of a path. */
export function pathParameters({ name, namespace }: { name: boolean; namespace: boolean }): readonly Parameter[] {
  return [...(name ? [inPath('name')] : []), ...(namespace ? [inPath('namespace')] : []), query('pretty')]
}

const jsonTypes = ['application/json', 'application/yaml']
const builtinTypes = ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml']
const watchTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json']
const strategicPatchType = 'application/strategic-merge-patch+json'

function content(types: readonly string[], definition: string): Record<string, unknown> {
  return Object.fromEntries(types.map((type) => [type, { schema: refTo(definition) }]))
}

const statusTexts = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
])

function responses(
  target: Target,
  codes: readonly number[],
  definition: string,
  more: readonly string[] = [],
): Operation {
  const types = [...(target.custom ? jsonTypes : builtinTypes), ...more]
  const entries = codes.map((code) => [
    String(code),
    { description: statusTexts.get(code), content: content(types, definition) },
  ])
  return { ...Object.fromEntries(entries), '401': { description: 'Unauthorized' } }
}

function body({ custom }: Target, definition: string, required: boolean): Operation {
  const types = custom ? jsonTypes : ['*/*']
  return { content: content(types, definition), ...(required ? { required: true } : {}) }
}

function operation(target: Target, action: string, verb: string, parts: Operation, infix = ''): Operation {
  const { group, version, kind, tag } = target
  const [scope = '', ...rest] = target.subject.split('|')
  return {
    tags: [tag],
    operationId: `${verb}${scope}${infix}${rest.join('')}`,
    ...parts,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  }
}

/** The operations of a collection: `/apis/apps/v1/namespaces/{namespace}/deployments`. */
export function collectionOperations(target: Target, verbs: readonly Verb[]): Operation {
  const { schema } = target
  return {
    ...(verbs.includes('list') ? { get: listOperation(target) } : {}),
    ...(verbs.includes('create')
      ? {
          post: operation(target, 'post', 'create', {
            parameters: writeParameters,
            requestBody: body(target, schema, true),
            responses: responses(target, [200, 201, 202], schema),
          }),
        }
      : {}),
    ...(verbs.includes('deletecollection') ? { delete: deleteCollectionOperation(target) } : {}),
  }
}

export function listOperation(target: Target): Operation {
  const more = target.custom ? [] : watchTypes
  return operation(target, 'list', 'list', {
    parameters: listParameters,
    responses: responses(target, [200], target.listSchema, more),
  })
}

function deleteCollectionOperation(target: Target): Operation {
  const parts = {
    parameters: [...collectionParameters, ...deleteParameters],
    requestBody: body(target, `${meta}.DeleteOptions`, false),
    responses: responses(target, [200], `${meta}.Status`),
  }
  return operation(target, 'deletecollection', 'delete', parts, 'Collection')
}

/** The operations of one object, or of a subresource that shows it. */
export function objectOperations(target: Target, verbs: readonly Verb[]): Operation {
  const { schema, custom, returnsDeleted } = target
  const patches = custom ? patchTypes : [...patchTypes, strategicPatchType]
  return {
    ...(verbs.includes('get')
      ? { get: operation(target, 'get', 'read', { responses: responses(target, [200], schema) }) }
      : {}),
    ...(verbs.includes('update')
      ? {
          put: operation(target, 'put', 'replace', {
            parameters: writeParameters,
            requestBody: body(target, schema, true),
            responses: responses(target, [200, 201], schema),
          }),
        }
      : {}),
    ...(verbs.includes('delete')
      ? {
          delete: operation(target, 'delete', 'delete', {
            parameters: deleteParameters,
            requestBody: body(target, `${meta}.DeleteOptions`, false),
            responses: responses(target, [200, 202], returnsDeleted ? schema : `${meta}.Status`),
          }),
        }
      : {}),
    ...(verbs.includes('patch')
      ? {
          patch: operation(target, 'patch', 'patch', {
            parameters: [...writeParameters, query('force', 'boolean')],
            requestBody: { content: content(patches, `${meta}.Patch`), required: true },
            responses: responses(target, custom ? [200] : [200, 201], schema),
          }),
        }
      : {}),
  }
}

/** POST of another kind to a subresource: tokens, evictions, bindings. */
export function subresourceCreateOperation(target: Target): Operation {
  const { schema } = target
  return {
    post: operation(target, 'post', 'create', {
      parameters: writeParameters,
      requestBody: body(target, schema, true),
      responses: responses(target, [200, 201, 202], schema),
    }),
  }
}

const connectMethods: ReadonlyMap<Verb, string> = new Map([
  ['get', 'get'],
  ['create', 'post'],
  ['update', 'put'],
  ['patch', 'patch'],
  ['delete', 'delete'],
])

/** Streams and proxies. */
export function connectOperations(target: Target, verbs: readonly Verb[]): Operation {
  const text = { description: 'OK', content: { '*/*': { schema: { type: 'string' } } } }
  const parts = { responses: { '200': text, '401': { description: 'Unauthorized' } } }
  const methods = verbs.flatMap((verb) => connectMethods.get(verb) ?? [])
  return Object.fromEntries(
    methods.map((method) => {
      const infix = method.charAt(0).toUpperCase() + method.slice(1)
      return [method, operation(target, 'connect', 'connect', parts, infix)]
    }),
  )
}
