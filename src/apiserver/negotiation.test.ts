import { describe, expect, test } from 'vitest'
import type { ApiRequest } from '../client/transport.ts'
import { Exchange } from './exchange.ts'
import { negotiate, type Offer, type Output } from './negotiation.ts'

const builtin: Offer = { shape: 'object', protobuf: () => true, transforms: true }
const custom: Offer = { shape: 'object', protobuf: () => false, transforms: true }
const list: Offer = { shape: 'list', protobuf: () => true, transforms: true }

function ask(accept: string, offer = builtin, { url = '/', agent = 'test' } = {}): Output {
  const headers: ApiRequest['headers'] = { ...(accept === '' ? {} : { accept }), 'user-agent': agent }
  const request = { method: 'GET', url, headers, body: new Uint8Array(0), signal: new AbortController().signal }
  const exchange = new Exchange(request, 0)
  exchange.parse()
  return negotiate(exchange, offer)
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'

describe('content negotiation', () => {
  test.each([
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['application/json', 'json'],
    ['application/json;charset=utf-8', 'json'],
    ['application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf', 'protobuf'],
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
    ['text/html, application/yaml;q=0.5, */*;q=0.1', 'yaml'],
  ])('%s is answered with %s', (accept, media) => {
    expect(ask(accept)).toMatchObject({ media, as: 'object' })
  })

  test('custom resources skip protobuf, and refuse it where nothing else is taken', () => {
    expect(ask('application/vnd.kubernetes.protobuf,application/json', custom)).toMatchObject({ media: 'json' })
    expect(() => ask('application/vnd.kubernetes.protobuf', custom)).toThrow(
      'only the following media types are accepted: application/json',
    )
    const partial = 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
    expect(ask(partial, custom)).toMatchObject({ media: 'protobuf', as: 'partial' })
  })

  test('tables come as JSON or YAML, in the version that is asked for first', () => {
    expect(ask(`${table},application/json`)).toMatchObject({
      as: 'table',
      metaVersion: 'v1',
      contentType: 'application/json',
    })
    expect(ask('application/json;as=Table;v=v1beta1;g=meta.k8s.io')).toMatchObject({ metaVersion: 'v1beta1' })
    expect(ask(`application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json`)).toMatchObject({
      media: 'json',
      as: 'object',
    })
  })

  test('transformations of other groups and versions are skipped', () => {
    expect(ask('application/json;as=Table;v=v2;g=meta.k8s.io,application/json')).toMatchObject({ as: 'object' })
    expect(() => ask('application/json;as=Table;v=v2;g=meta.k8s.io')).toThrow(/media types/)
  })

  test('the list form fits lists only, the object form objects only', () => {
    const of = (as: string): string => `application/json;as=${as};v=v1;g=meta.k8s.io`
    expect(ask(of('PartialObjectMetadataList'), list)).toMatchObject({ as: 'partial' })
    expect(ask(of('PartialObjectMetadata'))).toMatchObject({ as: 'partial' })
    expect(() => ask(of('PartialObjectMetadata'), list)).toThrow(expect.objectContaining({ code: 406 }) as Error)
    expect(() => ask(of('PartialObjectMetadataList'))).toThrow(expect.objectContaining({ code: 406 }) as Error)
  })

  test('people with a terminal or a browser get indented JSON, unless they say otherwise', () => {
    expect(ask('*/*', builtin, { agent: 'curl/8.0' })).toMatchObject({ pretty: true })
    expect(ask('*/*', builtin, { agent: 'Mozilla/5.0 (X11)' })).toMatchObject({ pretty: true })
    expect(ask('*/*', builtin, { agent: 'curl/8.0', url: '/?pretty=false' })).toMatchObject({ pretty: false })
    expect(ask('', builtin, { url: '/?pretty=true' })).toMatchObject({ pretty: true })
    expect(ask('application/json;pretty=1')).toMatchObject({ pretty: true })
  })
})
