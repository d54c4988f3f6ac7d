import type { JsonObject } from '../../src/meta/object.ts'

const crd = (kind: string, plural: string, spec: JsonObject, status?: JsonObject): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        ...(status ? { subresources: { status: {} } } : {}),
        schema: { openAPIV3Schema: { type: 'object', ...spec } },
      },
    ],
  },
})

/** Every list type, map type and way to be open. */
export const widgetCrd = crd(
  'Widget',
  'widgets',
  {
    properties: {
      spec: {
        type: 'object',
        properties: {
          size: { type: 'integer', default: 7 },
          plain: { type: 'array', items: { type: 'string' } },
          set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          byKey: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name', 'port'],
            items: {
              type: 'object',
              required: ['name'],
              properties: { name: { type: 'string' }, port: { type: 'integer', default: 80 }, v: { type: 'integer' } },
            },
          },
          atomicMap: {
            type: 'object',
            'x-kubernetes-map-type': 'atomic',
            'x-kubernetes-preserve-unknown-fields': true,
          },
          granular: { type: 'object', additionalProperties: { type: 'string' } },
          free: { 'x-kubernetes-preserve-unknown-fields': true },
          empty: { type: 'object', properties: { a: { type: 'string' } } },
          emptyList: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          intOrString: { 'x-kubernetes-int-or-string': true },
          embedded: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
          keepsUnknown: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { known: { type: 'string' } },
          },
          nested: {
            type: 'object',
            properties: {
              list: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['id'],
                items: {
                  type: 'object',
                  required: ['id'],
                  properties: {
                    id: { type: 'number' },
                    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                  },
                },
              },
            },
          },
        },
      },
      status: {
        type: 'object',
        properties: { phase: { type: 'string' }, n: { type: 'integer' } },
      },
    },
  },
  {},
)

/** Knows nothing about its fields. */
export const looseCrd = crd('Loose', 'looses', { 'x-kubernetes-preserve-unknown-fields': true })
