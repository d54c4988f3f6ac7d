import { describe, expect, test } from 'vitest'
import { parseRequestInfo, type RequestInfo } from './request-info.ts'

const parse = (method: string, url: string): RequestInfo => parseRequestInfo(method, url)

describe('the request grammar', () => {
  test.each<[method: string, url: string, expected: Partial<RequestInfo>]>([
    ['GET', '/api/v1/pods', { verb: 'list', group: '', version: 'v1', resource: 'pods', namespace: '', name: '' }],
    ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', resource: 'pods', namespace: 'a' }],
    ['GET', '/api/v1/namespaces/a/pods/p', { verb: 'get', resource: 'pods', namespace: 'a', name: 'p' }],
    ['HEAD', '/api/v1/namespaces/a/pods/p', { verb: 'get', name: 'p' }],
    ['GET', '/api/v1/namespaces/a/pods/p/log', { verb: 'get', subresource: 'log' }],
    ['GET', '/api/v1/namespaces/a/services/s/proxy/x/y', { subresource: 'proxy', rest: 'x/y' }],
    ['POST', '/apis/apps/v1/namespaces/a/deployments', { verb: 'create', group: 'apps', resource: 'deployments' }],
    ['PUT', '/apis/apps/v1/namespaces/a/deployments/d/scale', { verb: 'update', name: 'd', subresource: 'scale' }],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d', { verb: 'patch', name: 'd' }],
    ['DELETE', '/api/v1/nodes/n', { verb: 'delete', resource: 'nodes', name: 'n', namespace: '' }],
    ['DELETE', '/api/v1/nodes', { verb: 'deletecollection', name: '' }],
    ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '', name: '' }],
    ['GET', '/api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', namespace: 'a', name: 'a' }],
    ['PUT', '/api/v1/namespaces/a/finalize', { resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['GET', '/api/v1/namespaces/a/status', { resource: 'namespaces', name: 'a', subresource: 'status' }],
    ['GET', '/api/v1/pods?watch=true', { verb: 'watch', resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=1&x=y', { verb: 'watch' }],
    ['GET', '/api/v1/pods?watch', { verb: 'watch' }],
    ['GET', '/api/v1/pods?watch=false', { verb: 'list' }],
    ['GET', '/api/v1/pods?watch=0', { verb: 'list' }],
    ['GET', '/api/v1/pods?labelSelector=watch', { verb: 'list' }],
    ['GET', '/api/v1/watch/namespaces/a/pods', { verb: 'watch', resource: 'pods', namespace: 'a' }],
    ['GET', '/clusters/root:a/api/v1/pods', { workspace: 'root:a', prefix: '/clusters/root:a', path: '/api/v1/pods' }],
    ['GET', '/clusters/*/api/v1/pods', { workspace: '*', verb: 'list' }],
    ['GET', '/clusters/root', { workspace: 'root', path: '/', isResource: false }],
    [
      'GET',
      '/apis/x.example/v1/clusters/one',
      { workspace: '', group: 'x.example', resource: 'clusters', name: 'one' },
    ],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode', { name: 'system:node' }],
    ['GET', '/healthz', { isResource: false, verb: 'get', path: '/healthz' }],
    ['POST', '/apis/apps', { isResource: false, verb: 'post', path: '/apis/apps' }],
    ['GET', '/api/v1', { isResource: false, path: '/api/v1' }],
    ['GET', '/api/v1/', { isResource: false }],
    ['GET', '/', { isResource: false, path: '/' }],
    ['GET', '', { isResource: false, path: '' }],
  ])('%s %s', (method, url, expected) => {
    expect(parse(method, url)).toMatchObject(expected)
  })

  test('an encoded slash separates parts, as it does for authorization elsewhere', () => {
    expect(parse('GET', '/api/v1/namespaces/a%2Fpods/p')).toMatchObject({ resource: 'pods', namespace: 'a', name: 'p' })
  })

  test('a query may be as long as headers may be', () => {
    expect(parse('GET', `/api/v1/pods?labelSelector=${'x'.repeat(500_000)}`)).toMatchObject({ verb: 'list' })
  })

  test.each([
    '/api/v1/pods/%zz',
    '/clusters/UPPER/api',
    '/clusters/-x/api',
    '/clusters/a b/api',
    `/${'x'.repeat(20_000)}`,
  ])('%# what no client should send is refused with 400', (url) => {
    expect(() => parse('GET', url)).toThrow(expect.objectContaining({ code: 400 }) as Error)
  })
})
